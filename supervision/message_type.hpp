#pragma once

#include <caf/type_erased_tuple.hpp>

#include <cstdint>
#include <string>

namespace troupe::supervision {

/// Identity of the type of a message's first element: a number for CAF's own types, the address of
/// the type's std::type_info for ours. Costs two loads, so that it can be taken for every message.
using MessageType = std::uintptr_t;

constexpr MessageType no_message_type = 0;

[[nodiscard]] inline MessageType message_type_of(const caf::type_erased_tuple& content) {
  if (content.empty()) {
    return no_message_type;
  }
  const auto [number, info] = content.type(0);
  return number != 0 ? number : reinterpret_cast<MessageType>(info);
}

template <class T>
[[nodiscard]] MessageType message_type() {
  const auto [number, info] = caf::make_rtti_pair<T>();
  return number != 0 ? number : reinterpret_cast<MessageType>(info);
}

/// The unqualified name, as in the source: "BarClosed"; CAF's own types as CAF names them
/// ("@exit"). Empty for no_message_type.
[[nodiscard]] std::string message_type_name(MessageType type);

/// Names of the types of all elements, separated by commas.
[[nodiscard]] std::string message_type_name(const caf::type_erased_tuple& content);

} // namespace troupe::supervision
