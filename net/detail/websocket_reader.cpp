#include "net/detail/websocket_reader.hpp"

#include "net/utf8.hpp"
#include "net/websocket.hpp"

#include <algorithm>

namespace troupe::net::detail {

using Failure = WebSocketReader::Failure;

std::optional<Failure> WebSocketReader::feed(std::string_view bytes, WebSocketEvents& events) {
  while (true) {
    if (!in_payload_) {
      if (!take_header(bytes)) {
        return std::nullopt;
      }
      if (auto failure = read_header()) {
        return failure;
      }
      in_payload_ = true;
    }
    take_payload(bytes);
    if (payload_left_ != 0) {
      return std::nullopt;
    }
    in_payload_ = false;
    header_have_ = 0;
    bool go_on = true;
    if (auto failure = finish_frame(events, go_on); failure || !go_on) {
      return failure;
    }
  }
}

/// The header's length as far as the bytes at hand tell.
std::size_t WebSocketReader::header_size() const {
  if (header_have_ < 2) {
    return 2;
  }
  const unsigned size = header_[1] & 0x7FU;
  const std::size_t mask = (header_[1] & 0x80U) != 0 ? 4 : 0;
  return 2 + mask + (size == 126 ? 2U : size == 127 ? 8U : 0U);
}

bool WebSocketReader::take_header(std::string_view& bytes) {
  while (header_have_ < header_size()) {
    if (bytes.empty()) {
      return false;
    }
    header_[header_have_++] = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
  }
  return true;
}

std::optional<Failure> WebSocketReader::read_header() {
  const unsigned first = header_[0];
  opcode_ = static_cast<Opcode>(first & 0x0FU);
  const bool is_final = (first & 0x80U) != 0;
  if ((header_[1] & 0x80U) == 0) {
    return Failure{CloseCode::PROTOCOL_ERROR, "a client's frame must be masked"};
  }
  const unsigned short_size = header_[1] & 0x7FU;
  const std::size_t extended = short_size == 126 ? 2 : short_size == 127 ? 8 : 0;
  payload_left_ = extended == 0 ? short_size : 0;
  for (std::size_t i = 0; i < extended; ++i) {
    payload_left_ = payload_left_ << 8U | header_[2 + i];
  }
  const std::uint64_t least = extended == 2 ? 126 : extended == 8 ? 0x1'0000 : 0;
  if (payload_left_ < least || payload_left_ >> 63U != 0) {
    return Failure{CloseCode::PROTOCOL_ERROR, "a length not in its shortest form"};
  }
  if (auto failure = check_header(first, is_final)) {
    return failure;
  }
  std::copy_n(header_.begin() + static_cast<std::ptrdiff_t>(2 + extended), 4, mask_.begin());
  mask_at_ = 0;
  is_final_ = is_final;
  if (is_control()) {
    control_.clear();
  } else if (opcode_ != Opcode::CONTINUATION) {
    message_.clear();
    in_message_ = true;
  }
  return std::nullopt;
}

std::optional<Failure> WebSocketReader::check_header(unsigned first, bool is_final) const {
  if ((first & 0x70U) != 0) {
    return Failure{CloseCode::PROTOCOL_ERROR, "reserved bits without an extension"};
  }
  if (is_control()) {
    const bool known =
      opcode_ == Opcode::CLOSE || opcode_ == Opcode::PING || opcode_ == Opcode::PONG;
    if (!known || !is_final || payload_left_ > control_payload_bytes_max) {
      return Failure{CloseCode::PROTOCOL_ERROR, "a control frame against the rules"};
    }
    return std::nullopt;
  }
  if (opcode_ == Opcode::BINARY) {
    return Failure{CloseCode::UNSUPPORTED_DATA, "text messages only"};
  }
  const bool continues = opcode_ == Opcode::CONTINUATION;
  if ((!continues && opcode_ != Opcode::TEXT) || continues != in_message_) {
    return Failure{CloseCode::PROTOCOL_ERROR, "a data frame out of order"};
  }
  const auto have = continues ? message_.size() : 0;
  if (payload_left_ > message_bytes_max_ - std::min(have, message_bytes_max_)) {
    return Failure{CloseCode::TOO_BIG, "a message above the limit"};
  }
  return std::nullopt;
}

void WebSocketReader::take_payload(std::string_view& bytes) {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(payload_left_, bytes.size()));
  auto& out = is_control() ? control_ : message_;
  const auto start = out.size();
  out.append(bytes.substr(0, count));
  for (std::size_t i = start; i < out.size(); ++i) {
    out[i] = static_cast<char>(static_cast<unsigned char>(out[i]) ^ mask_[mask_at_]);
    mask_at_ = (mask_at_ + 1) & 3U;
  }
  bytes.remove_prefix(count);
  payload_left_ -= count;
}

std::optional<Failure> WebSocketReader::finish_frame(WebSocketEvents& events, bool& go_on) {
  switch (opcode_) {
    case Opcode::PING: go_on = events.on_ping(control_); return std::nullopt;
    case Opcode::PONG: go_on = events.on_pong(); return std::nullopt;
    case Opcode::CLOSE: go_on = false; return finish_close(events);
    default: break;
  }
  if (!is_final_) {
    return std::nullopt;
  }
  in_message_ = false;
  if (!is_utf8(message_)) {
    return Failure{CloseCode::INVALID_TEXT, "text that is not UTF-8"};
  }
  go_on = events.on_text(message_);
  return std::nullopt;
}

std::optional<Failure> WebSocketReader::finish_close(WebSocketEvents& events) {
  if (control_.empty()) {
    events.on_close_frame(CloseCode::NO_STATUS, {});
    return std::nullopt;
  }
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(control_[i]); };
  if (control_.size() < 2) {
    return Failure{CloseCode::PROTOCOL_ERROR, "half a close code"};
  }
  const auto code = static_cast<std::uint16_t>(byte(0) << 8U | byte(1));
  const auto reason = std::string_view{control_}.substr(2);
  if (!is_sendable_close_code(code)) {
    return Failure{CloseCode::PROTOCOL_ERROR, "a close code that must not be sent"};
  }
  if (!is_utf8(reason)) {
    return Failure{CloseCode::INVALID_TEXT, "a close reason that is not UTF-8"};
  }
  events.on_close_frame(code, reason);
  return std::nullopt;
}

} // namespace troupe::net::detail
