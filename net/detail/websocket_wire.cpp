#include "net/detail/websocket_wire.hpp"

#include "net/detail/hash.hpp"

#include <algorithm>

namespace troupe::net::detail {

void append_frame(std::string& out, Opcode opcode, std::string_view payload) {
  constexpr unsigned final_fragment = 0x80;
  const auto size = payload.size();
  out.reserve(out.size() + size + 10);
  out += static_cast<char>(final_fragment | static_cast<unsigned>(opcode));
  const auto append_size = [&](int bytes) {
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
      out += static_cast<char>((size >> static_cast<unsigned>(shift)) & 0xFFU);
    }
  };
  if (size < 126) {
    append_size(1);
  } else if (size <= 0xFFFF) {
    out += static_cast<char>(126);
    append_size(2);
  } else {
    out += static_cast<char>(127);
    append_size(8);
  }
  out += payload;
}

void append_close_frame(std::string& out, std::uint16_t code, std::string_view reason) {
  auto size = std::min(reason.size(), control_payload_bytes_max - 2);
  while (size < reason.size() && size > 0
         && (static_cast<unsigned char>(reason[size]) & 0xC0U) == 0x80U) {
    --size;
  }
  std::string payload;
  payload += static_cast<char>(code >> 8U);
  payload += static_cast<char>(code & 0xFFU);
  payload += reason.substr(0, size);
  append_frame(out, Opcode::CLOSE, payload);
}

bool is_sendable_close_code(std::uint16_t code) noexcept {
  const bool registered =
    code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
  return registered || (code >= 3000 && code <= 4999);
}

std::string accept_key(std::string_view key) {
  return base64(sha1(std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
}

} // namespace troupe::net::detail
