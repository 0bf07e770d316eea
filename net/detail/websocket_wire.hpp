#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// RFC 6455 frames as a server writes them.
namespace troupe::net::detail {

enum class Opcode : std::uint8_t {
  CONTINUATION = 0x0,
  TEXT = 0x1,
  BINARY = 0x2,
  CLOSE = 0x8,
  PING = 0x9,
  PONG = 0xA,
};

inline constexpr std::size_t control_payload_bytes_max = 125;

/// Appends a whole, unmasked frame.
void append_frame(std::string& out, Opcode opcode, std::string_view payload);

/// Appends a close frame; the reason is cut to what a control frame holds, at a character's end.
void append_close_frame(std::string& out, std::uint16_t code, std::string_view reason);

/// Whether an endpoint may send this close code.
[[nodiscard]] bool is_sendable_close_code(std::uint16_t code) noexcept;

/// The Sec-WebSocket-Accept value for a key.
[[nodiscard]] std::string accept_key(std::string_view key);

} // namespace troupe::net::detail
