#pragma once

#include "core/duration.hpp"
#include "core/errc.hpp"
#include "net/http_client.hpp"
#include "net/io_thread.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::net {

struct WebSocketClientSettings {
  std::string url; ///< ws:// or wss://
  std::vector<std::pair<std::string, std::string>> headers{};
  ClientTls tls{};
  core::Duration connect_timeout = std::chrono::seconds{10}; ///< lookup to upgrade, all of it
  /// The server is pinged after half of this without a frame, and given up after all of it.
  core::Duration idle_timeout = std::chrono::seconds{30};
  std::size_t message_bytes_max = 16'777'216;
  std::size_t send_queue_bytes_max = 4'194'304;
};

/// Called on the IoThread, in order, none after on_close.
struct WebSocketClientEvents {
  std::function<void()> on_open;
  std::function<void(std::string_view text)> on_message;
  /// Once, also when the connection never opened.
  /// @param error  NONE after a close handshake; else what broke it
  std::function<void(const core::Error& error, std::uint16_t code, std::string_view reason)>
    on_close;
};

/// One WebSocket to a server: pings are answered, text only goes out. It does not reconnect.
class WebSocketClient {
public:
  WebSocketClient(IoThread& thread, WebSocketClientSettings settings, WebSocketClientEvents events);
  ~WebSocketClient(); ///< closes without waiting; no callback starts after it, one may be running
  WebSocketClient(const WebSocketClient&) = delete;
  WebSocketClient& operator=(const WebSocketClient&) = delete;

  void connect();
  /// @returns false when closed, or the send queue is full; sent after the opening when called
  ///          before it
  bool send(std::string text);
  void close(std::uint16_t code = 1000, std::string reason = {});

private:
  struct State;
  std::shared_ptr<State> state_;
};

/// A WebSocket for tools and tests: calls wait, with a deadline.
class BlockingWebSocket {
public:
  /// @returns the open socket; UNAVAILABLE, TIMEOUT, or PROTOCOL_ERROR with the refusal's status
  [[nodiscard]] static core::Result<BlockingWebSocket> connect(WebSocketClientSettings settings);
  ~BlockingWebSocket();
  BlockingWebSocket(BlockingWebSocket&&) noexcept;
  BlockingWebSocket& operator=(BlockingWebSocket&&) noexcept;

  [[nodiscard]] core::Result<void> send(std::string text);
  /// The next message; TIMEOUT when none came; UNAVAILABLE with code and reason once closed
  [[nodiscard]] core::Result<std::string> receive(core::Duration timeout);
  void close(std::uint16_t code = 1000, std::string reason = {});
  /// After the closing: the peer's close code, 1006 when it broke off; 0 while open.
  [[nodiscard]] std::uint16_t close_code() const;
  [[nodiscard]] std::string close_reason() const;

private:
  struct State;
  BlockingWebSocket();
  std::unique_ptr<State> state_;
};

} // namespace troupe::net
