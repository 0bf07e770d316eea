#pragma once

#include "net/detail/websocket_wire.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::net::detail {

/// What a client's bytes amount to.
class WebSocketEvents {
public:
  virtual ~WebSocketEvents() = default;
  /// Each returns whether reading goes on.
  virtual bool on_text(std::string_view text) = 0;
  virtual bool on_ping(std::string_view payload) = 0;
  virtual bool on_pong() = 0;
  /// @param code  1005 when the frame had none
  virtual bool on_close_frame(std::uint16_t code, std::string_view reason) = 0;
};

/// Reads a client's frames, strictly by RFC 6455: masked, unextended, whole and short control
/// frames, ordered fragments, valid UTF-8, no message above the limit. Bytes may come in any cuts.
class WebSocketReader {
public:
  explicit WebSocketReader(std::size_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}

  struct Failure {
    std::uint16_t code;
    std::string_view reason;
  };
  /// @returns why the connection must be failed, if so; nothing may be fed after that
  [[nodiscard]] std::optional<Failure> feed(std::string_view bytes, WebSocketEvents& events);

private:
  [[nodiscard]] bool take_header(std::string_view& bytes);
  [[nodiscard]] std::size_t header_size() const;
  [[nodiscard]] std::optional<Failure> read_header();
  [[nodiscard]] std::optional<Failure> check_header(unsigned first, bool is_final) const;
  void take_payload(std::string_view& bytes);
  [[nodiscard]] std::optional<Failure> finish_frame(WebSocketEvents& events, bool& go_on);
  [[nodiscard]] std::optional<Failure> finish_close(WebSocketEvents& events);
  [[nodiscard]] bool is_control() const { return static_cast<unsigned>(opcode_) >= 8; }

  std::size_t message_bytes_max_;
  std::array<unsigned char, 14> header_{};
  std::size_t header_have_ = 0;
  bool in_payload_ = false;
  bool is_final_ = false;
  Opcode opcode_ = Opcode::TEXT;
  std::uint64_t payload_left_ = 0;
  std::array<unsigned char, 4> mask_{};
  unsigned mask_at_ = 0;
  bool in_message_ = false; ///< a fragmented message is open
  std::string message_;
  std::string control_;
};

} // namespace troupe::net::detail
