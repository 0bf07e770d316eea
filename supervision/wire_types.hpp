#pragma once

#include "core/binary.hpp"
#include "supervision/message_type.hpp"

#include <caf/make_message.hpp>
#include <caf/message.hpp>
#include <caf/type_id.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace troupe::supervision {

/// How events of one type travel in batches: as the bytes of core/binary.hpp and nothing around
/// them. CAF's own way makes a text of them first, copies that, and finds the type by its name for
/// every single one.
struct WireType {
  std::string name; ///< as CAF knows it
  MessageType type = no_message_type;
  /// Appends the event, a message of one element of the type.
  void (*append)(std::string& to, const caf::type_erased_tuple& event) = nullptr;
  /// @returns an error where the bytes are not one event
  core::Result<caf::message> (*read)(std::string_view bytes) = nullptr;
};

namespace wire_types_detail {

template <class T>
void append(std::string& to, const caf::type_erased_tuple& event) {
  core::binary::write(to, event.get_as<T>(0));
}

template <class T>
core::Result<caf::message> read(std::string_view bytes) {
  auto value = core::binary::decode<T>(bytes);
  if (!value) {
    return value.error();
  }
  return caf::make_message(std::move(*value));
}

void declare(WireType type);

template <caf::type_id_t First, std::size_t... I>
void declare_block(std::index_sequence<I...>) {
  const auto one = []<caf::type_id_t Id>(std::integral_constant<caf::type_id_t, Id>) {
    using T = typename caf::type_by_id<Id>::type;
    if constexpr (core::Described<T>) {
      declare({caf::type_name_by_id<Id>::value, message_type<T>(), append<T>, read<T>});
    }
  };
  (one(std::integral_constant<caf::type_id_t, static_cast<caf::type_id_t>(First + I)>{}), ...);
}

} // namespace wire_types_detail

/// All described types of a type-id block; twice does nothing. Once per process, before its nodes
/// talk to others: what is not declared travels in CAF's way.
template <class Block>
void declare_wire_types() {
  wire_types_detail::declare_block<Block::begin>(
    std::make_index_sequence<Block::end - Block::begin>{});
}

/// nullptr for types that were not declared. Any thread may call; for whoever keeps the answer.
[[nodiscard]] const WireType* wire_type(MessageType type);
[[nodiscard]] const WireType* wire_type(std::string_view name);

} // namespace troupe::supervision
