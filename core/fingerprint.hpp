#pragma once

#include "core/describe.hpp"

#include <cstdint>
#include <set>

namespace troupe::core {

/// FNV-1a, 64 bits.
constexpr std::uint64_t fnv1a(std::string_view text, std::uint64_t hash = 0xcbf29ce484222325U) {
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3U;
  }
  return hash;
}

/// Appends the layout of T as text: "Name{field:type,...}", each struct spelled out once. Two
/// builds that print the same text read each other's bytes.
template <class T>
void append_layout(std::string& out, std::set<std::string_view>& seen) {
  if constexpr (is_optional<T>::value || is_vector<T>::value) {
    out += is_optional<T>::value ? '?' : '*';
    append_layout<typename T::value_type>(out, seen);
  } else if constexpr (is_string_map<T>::value) {
    out += "map:";
    append_layout<typename T::mapped_type>(out, seen);
  } else if constexpr (DescribedEnum<T>) {
    out += type_name<T>();
    if (seen.insert(type_name<T>()).second) {
      boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>(
        [&](auto e) { (out += '|') += e.name; });
    }
  } else if constexpr (Described<T>) {
    out += type_name<T>();
    if (seen.insert(type_name<T>()).second) {
      out += '{';
      boost::mp11::mp_for_each<DescribedMembers<T>>([&](auto member) {
        (out += member.name) += ':';
        using Field = std::remove_reference_t<decltype(std::declval<T&>().*member.pointer)>;
        append_layout<Field>(out, seen);
        out += ',';
      });
      out += '}';
    }
  } else {
    out += type_name<T>();
    out += std::to_string(sizeof(T));
  }
}

/// Fingerprint of the wire layout of a list of message types.
template <class... Ts>
[[nodiscard]] std::uint64_t layout_fingerprint() {
  std::string layout;
  std::set<std::string_view> seen;
  ((append_layout<Ts>(layout, seen), layout += ';'), ...);
  return fnv1a(layout);
}

} // namespace troupe::core
