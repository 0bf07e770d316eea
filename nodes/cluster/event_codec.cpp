#include "nodes/cluster/event_codec.hpp"

#include "core/binary.hpp"
#include "core/log.hpp"

#include <caf/actor_system.hpp>
#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/detail/dynamic_message_data.hpp>
#include <caf/make_counted.hpp>
#include <caf/uniform_type_info_map.hpp>

#include <cstring>

namespace troupe::cluster {

namespace event_codec_detail {

constexpr char declared_mark = '='; ///< no name of a type begins with it

void put(std::string& to, std::string_view bytes) {
  core::binary::write(to, static_cast<std::uint32_t>(bytes.size()));
  to += bytes;
}

} // namespace event_codec_detail

bool EventEncoder::append(std::string& to, std::string_view key, const caf::message& event) {
  using event_codec_detail::put;
  const auto& content = event.content();
  const bool single = content.size() == 1;
  if (single) {
    if (const auto type = supervision::message_type_of(content); type != last_type_) {
      last_type_ = type;
      last_wire_ = supervision::wire_type(type);
      last_name_ = last_wire_ != nullptr ? event_codec_detail::declared_mark + last_wire_->name
                                         : system_.types().portable_name(content.type(0));
      if (last_wire_ == nullptr && !system_.types().make_value(last_name_)) {
        last_name_.clear(); // local only: nobody could read it
      }
    }
  }
  if (single && last_wire_ != nullptr) {
    put(to, key);
    put(to, last_name_);
    const auto at = to.size();
    core::binary::write(to, std::uint32_t{0});
    last_wire_->append(to, content);
    const auto size = static_cast<std::uint32_t>(to.size() - at - sizeof(std::uint32_t));
    std::memcpy(to.data() + at, &size, sizeof size);
    return true;
  }
  scratch_.clear();
  caf::binary_serializer sink{system_, scratch_};
  const bool local_only = single && last_name_.empty();
  if (local_only || (single ? content.save(0, sink) : sink(event))) {
    core::log::error("event not sendable", {{"type", supervision::message_type_name(content)}});
    return false;
  }
  put(to, key);
  put(to, single ? std::string_view{last_name_} : std::string_view{});
  put(to, {scratch_.data(), scratch_.size()});
  return true;
}

core::Result<caf::message> EventDecoder::decode_declared(const EventView& event) {
  const auto name = event.type.substr(1);
  if (last_wire_ == nullptr || last_wire_->name != name) {
    last_wire_ = supervision::wire_type(name);
  }
  if (last_wire_ == nullptr) {
    return core::Error{core::Errc::PROTOCOL_ERROR,
                       "expected an event of a type that is known here, found "
                         + std::string{event.type}};
  }
  return last_wire_->read(event.bytes);
}

core::Result<caf::message> EventDecoder::decode(const EventView& event) {
  const auto refuse = [&](const char* what) {
    return core::Error{core::Errc::PROTOCOL_ERROR, std::string{what} + std::string{event.type}};
  };
  if (event.type.starts_with(event_codec_detail::declared_mark)) {
    return decode_declared(event);
  }
  caf::binary_deserializer source{system_, event.bytes.data(), event.bytes.size()};
  if (event.type.empty()) {
    caf::message out;
    if (const auto failed = source(out); failed || out.empty()) {
      return refuse("expected an event in CAF's form");
    }
    return out;
  }
  auto known = prototypes_.find(event.type);
  if (known == prototypes_.end()) {
    auto made = system_.types().make_value(std::string{event.type});
    if (!made) {
      return refuse("expected an event of a type that is known here, found ");
    }
    known = prototypes_.emplace(event.type, std::move(made)).first;
  }
  auto value = known->second->copy();
  if (const auto failed = value->load(source)) {
    return refuse("expected the bytes of a ");
  }
  auto data = caf::make_counted<caf::detail::dynamic_message_data>();
  data->append(std::move(value));
  return caf::message{caf::message::data_ptr{std::move(data)}};
}

} // namespace troupe::cluster
