#include "net/websocket.hpp"

#include "net/detail/websocket_wire.hpp"

namespace troupe::net {

Frame::Frame(std::string_view text) {
  detail::append_frame(wire_, detail::Opcode::TEXT, text);
  header_size_ = wire_.size() - text.size();
}

std::string_view Frame::text() const noexcept {
  return std::string_view{wire_}.substr(header_size_);
}

SharedFrame make_frame(std::string_view text) {
  return std::make_shared<const Frame>(text);
}

} // namespace troupe::net
