#pragma once

#include "nodes/cluster/hello.hpp"
#include "nodes/cluster/tls.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility> // before asio, for GCC 12 in C++20

/// One connection from its first byte to the end of the hello exchange. Private to this folder.
namespace troupe::cluster {

namespace asio = boost::asio;

class Conversation {
public:
  explicit Conversation(asio::ip::tcp::socket socket);

  /// From now on every step fails when this much time has passed.
  void set_deadline(std::chrono::nanoseconds after);

  asio::awaitable<core::Result<void>> connect(asio::ip::tcp::endpoint endpoint);
  asio::awaitable<core::Result<void>> handshake(std::shared_ptr<const TlsContext> context,
                                                TlsSession::Side side);
  asio::awaitable<core::Result<std::string>> read(std::size_t size);
  asio::awaitable<core::Result<void>> write(std::string text);

  struct Frame {
    hello_frame::Header header;
    std::string body;
  };
  /// Reads a frame of any version; the body only where the version is ours or the frame a refusal.
  asio::awaitable<core::Result<Frame>> read_frame();

  [[nodiscard]] const TlsSession& session() const { return *session_; }
  /// The peer's address; "0.0.0.0" where the connection has ended already.
  [[nodiscard]] std::string remote_host() const;

  /// Gives the descriptor and its session away; the deadline ends.
  [[nodiscard]] std::pair<int, std::unique_ptr<TlsSession>> release();

private:
  asio::awaitable<core::Result<void>> wait(TlsSession::Outcome outcome);
  [[nodiscard]] core::Error failure(const std::string& what) const;

  asio::ip::tcp::socket socket_;
  asio::steady_timer deadline_;
  std::shared_ptr<bool> late_ = std::make_shared<bool>(false);
  std::unique_ptr<TlsSession> session_;
};

} // namespace troupe::cluster
