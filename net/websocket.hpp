#pragma once

#include "net/http.hpp"

#include <any>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace troupe::net {

/// A text message as it goes over the wire (RFC 6455 header and payload), encoded once and shared
/// by all sessions it is sent to.
class Frame {
public:
  explicit Frame(std::string_view text);
  [[nodiscard]] std::string_view wire() const noexcept { return wire_; }
  [[nodiscard]] std::string_view text() const noexcept;

private:
  std::string wire_;
  std::size_t header_size_ = 0;
};

using SharedFrame = std::shared_ptr<const Frame>;

[[nodiscard]] SharedFrame make_frame(std::string_view text);

/// Close codes (RFC 6455, 7.4.1, and the registry for 1013).
struct CloseCode {
  static constexpr std::uint16_t NORMAL = 1000;
  static constexpr std::uint16_t GOING_AWAY = 1001;
  static constexpr std::uint16_t PROTOCOL_ERROR = 1002;
  static constexpr std::uint16_t UNSUPPORTED_DATA = 1003;
  static constexpr std::uint16_t NO_STATUS = 1005;
  static constexpr std::uint16_t ABNORMAL = 1006;
  static constexpr std::uint16_t INVALID_TEXT = 1007;
  static constexpr std::uint16_t POLICY = 1008;
  static constexpr std::uint16_t TOO_BIG = 1009;
  static constexpr std::uint16_t INTERNAL = 1011;
  static constexpr std::uint16_t TRY_AGAIN_LATER = 1013;
};

/// The server's end of one WebSocket. Every member may be called from any thread and none blocks.
/// What waits to be sent is bounded (ServerSettings); a client that cannot keep up is cut off with
/// 1013 "slow consumer".
class WebSocketSession {
public:
  virtual ~WebSocketSession() = default;

  /// @returns false when the session is closing, or was cut off by this frame
  virtual bool send(SharedFrame frame) = 0;
  /// A newer frame takes the place of an unsent one with the same key.
  virtual bool send_conflated(std::string_view key, SharedFrame frame) = 0;
  /// Sends what is queued, then the close frame; repeated calls do nothing.
  virtual void close(std::uint16_t code, std::string_view reason) = 0;

  [[nodiscard]] virtual std::uint64_t id() const noexcept = 0;
  [[nodiscard]] virtual const std::string& remote_address() const noexcept = 0;
  /// The subject the authoriser found at the upgrade; empty when nobody.
  [[nodiscard]] virtual const std::string& subject() const noexcept = 0;
  /// Bytes not yet handed to the kernel.
  [[nodiscard]] virtual std::size_t queued_bytes() const = 0;
  [[nodiscard]] virtual bool is_open() const noexcept = 0;

  /// The handler's own state of this session; touched in the handler's callbacks only.
  std::any user_data;
};

using SessionPtr = std::shared_ptr<WebSocketSession>;

/// What a WebSocket route does. All calls for one session come from one server thread, in order;
/// calls for different sessions may come at once. An exception closes the session with 1011.
class WebSocketHandler {
public:
  virtual ~WebSocketHandler() = default;
  /// @param request  the upgrade request, valid during the call
  virtual void on_open(const SessionPtr& session, const Request& request) = 0;
  /// @param text  valid UTF-8, during the call
  virtual void on_message(const SessionPtr& session, std::string_view text) = 0;
  /// Once for each on_open, the last call. @param code  the peer's, or 1006 without a close frame
  virtual void on_close(const SessionPtr& session, std::uint16_t code) = 0;
};

} // namespace troupe::net
