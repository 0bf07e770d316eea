#pragma once

#include "nodes/cluster/out_stream.hpp"
#include "supervision/message_type.hpp"
#include "supervision/wire_types.hpp"

#include <caf/fwd.hpp>
#include <caf/message.hpp>
#include <caf/type_erased_value.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::cluster {

/// Events of a topic to bytes: key, name of the type, value. Between hubs an event has one element,
/// nearly always of the same type as the one before. Of a declared type (wire_types.hpp) the value
/// is its plain bytes, and '=' stands before the name; else it is CAF's form of the element. An
/// event of another shape travels in CAF's form of the whole message, without a name. Not for
/// concurrent use.
class EventEncoder {
public:
  explicit EventEncoder(caf::actor_system& system) : system_(system) {}

  /// Appends the event to `to`. @returns false, and leaves `to` as it was, where a type in it is
  /// not meant to travel; that is logged
  [[nodiscard]] bool append(std::string& to, std::string_view key, const caf::message& event);

private:
  caf::actor_system& system_;
  std::vector<char> scratch_;
  supervision::MessageType last_type_ = supervision::no_message_type;
  const supervision::WireType* last_wire_ = nullptr;
  std::string last_name_; ///< as it travels; empty for what nobody could read
};

/// And back. Not for concurrent use.
class EventDecoder {
public:
  explicit EventDecoder(caf::actor_system& system) : system_(system) {}

  /// @returns PROTOCOL_ERROR for a type that is not known here or bytes that are none of it
  [[nodiscard]] core::Result<caf::message> decode(const EventView& event);

private:
  [[nodiscard]] core::Result<caf::message> decode_declared(const EventView& event);
  caf::actor_system& system_;
  const supervision::WireType* last_wire_ = nullptr;
  std::map<std::string, caf::type_erased_value_ptr, std::less<>> prototypes_; ///< by name of type
};

} // namespace troupe::cluster
