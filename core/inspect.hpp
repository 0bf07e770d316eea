#pragma once

#include "core/binary.hpp"
#include "core/json.hpp"

#include <caf/error.hpp>
#include <caf/meta/load_callback.hpp>
#include <caf/meta/type_name.hpp>
#include <caf/sec.hpp>

/// CAF's inspection of every described struct and text value: one blob of binary.hpp bytes between
/// nodes, JSON where CAF renders a message as text. A namespace of described structs takes part by
/// `using troupe::core::inspect;`.
namespace caf::detail {
class stringification_inspector;
}

namespace troupe::core {

template <class T>
concept Inspectable = Described<T> ||(TextValue<T> && !Described<T>);

template <class Inspector, Inspectable T>
typename Inspector::result_type inspect(Inspector& f, T& value) {
  if constexpr (std::is_same_v<Inspector, caf::detail::stringification_inspector>) {
    auto text = json::encode(value);
    return f(text);
  } else if constexpr (Inspector::reads_state) {
    auto bytes = binary::encode(value);
    return f(bytes);
  } else {
    std::string bytes;
    return f(bytes, caf::meta::load_callback([&]() -> caf::error {
               auto decoded = binary::decode<T>(bytes);
               if (!decoded) {
                 return to_caf(decoded.error());
               }
               value = std::move(*decoded);
               return caf::none;
             }));
  }
}

} // namespace troupe::core
