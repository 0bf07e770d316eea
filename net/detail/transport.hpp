#pragma once

#include "net/detail/asio.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace boost::asio::ssl {
class context;
}

namespace troupe::net::detail {

/// One end of a connection as its event loop sees it. All calls come from the loop's thread.
class Peer : public std::enable_shared_from_this<Peer> {
public:
  virtual ~Peer() = default;
  virtual void start() = 0;
  virtual void on_handshake(ErrorCode error) = 0;
  virtual void on_read(ErrorCode error, std::size_t size) = 0;
  virtual void on_written(ErrorCode error, std::size_t size) = 0;
  /// The server shuts down: end as soon as what is promised is done.
  virtual void begin_stop() = 0;
  /// Ends now.
  virtual void abort() = 0;
  /// Looks at the timeouts. @param now_ns  of core::monotonic_ns
  virtual void sweep(std::int64_t now_ns) = 0;

  std::size_t place = 0; ///< the worker's: index in its list
};

/// A TCP or TLS stream. TLS is a branch here, not a template parameter above, so that what stands
/// above is compiled once.
class Transport {
public:
  /// @param tls  null: plain TCP
  Transport(TcpSocket socket, asio::ssl::context* tls);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  [[nodiscard]] bool is_tls() const noexcept { return tls_ != nullptr; }
  [[nodiscard]] bool is_open() const { return socket_.is_open(); }
  void handshake(std::shared_ptr<Peer> peer);
  /// Reads what is there, at least a byte; then peer->on_read.
  void read_some(char* into, std::size_t size, std::shared_ptr<Peer> peer);
  /// Writes a part, at least a byte, of the buffers in order; then peer->on_written. The
  /// span and what it shows must stay until then.
  void write_some(std::span<const asio::const_buffer> buffers, std::shared_ptr<Peer> peer);
  /// Writes what fits at once without waiting: 0 when nothing does, always so with TLS.
  std::size_t try_write(std::string_view bytes, ErrorCode& error);
  /// No more will be written. The peer's end shows as the end of reading; with TLS the stream
  /// closes itself after close_notify.
  void shutdown_send(std::shared_ptr<Peer> peer);
  void close() noexcept;

private:
  struct Tls;
  TcpSocket socket_;
  std::unique_ptr<Tls> tls_;
};

} // namespace troupe::net::detail
