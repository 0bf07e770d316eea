#include "core/binary.hpp"
#include "messages/message_types.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/message.hpp>
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>

using namespace troupe;

namespace {

/// Sets every floating field, wherever it is nested, to `value`.
template <class T>
void fill(T& object, double value) {
  if constexpr (std::is_floating_point_v<T>) {
    object = static_cast<T>(value);
  } else if constexpr (core::is_optional<T>::value) {
    fill(object.emplace(), value);
  } else if constexpr (core::is_vector<T>::value) {
    fill(object.emplace_back(), value);
  } else if constexpr (core::is_string_map<T>::value) {
    fill(object["key"], value);
  } else if constexpr (core::Described<T>) {
    core::for_each_member(object, [&](std::string_view, auto& member) { fill(member, value); });
  }
}

/// The message's way over CAF's wire and back, as bytes of our own codec again.
template <class T>
std::string through_caf(caf::actor_system& system, T& value) {
  std::vector<char> wire;
  caf::binary_serializer sink{system, wire};
  auto message = caf::make_message(value);
  REQUIRE_FALSE(inspect(static_cast<caf::serializer&>(sink), message));
  caf::binary_deserializer source{system, wire};
  caf::message back;
  REQUIRE_FALSE(inspect(static_cast<caf::deserializer&>(source), back));
  REQUIRE(back.size() == 1);
  REQUIRE(back.match_element<T>(0));
  return core::binary::encode(back.get_as<T>(0));
}

template <caf::type_id_t Id>
void check_type(caf::actor_system& system) {
  using T = typename caf::type_by_id<Id>::type;
  CAPTURE(core::type_name<T>());
  for (const double bits :
       {0.1, -0.0, 5e-324, std::numeric_limits<double>::quiet_NaN(),
        std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()}) {
    T value{};
    fill(value, bits);
    CHECK(through_caf(system, value) == core::binary::encode(value));
  }
}

template <std::size_t... I>
void check_block(caf::actor_system& system, std::index_sequence<I...>) {
  (check_type<static_cast<caf::type_id_t>(caf::id_block::troupe::begin + I)>(system), ...);
}

} // namespace

TEST_CASE("messages: every type survives CAF's wire with its floating values bit for bit") {
  caf::actor_system_config config;
  messages::register_types(config);
  caf::actor_system system{config};
  using Block = caf::id_block::troupe;
  check_block(system, std::make_index_sequence<Block::end - Block::begin>{});
}

TEST_CASE("messages: malformed bytes are refused rather than read") {
  CHECK(core::binary::decode<messages::TickerReply>("junk").error().code
        == core::Errc::PROTOCOL_ERROR);
}

TEST_CASE("messages: the fingerprint is that of this layout") {
  CHECK(messages::wire_fingerprint() == messages::wire_fingerprint());
  CHECK(messages::wire_fingerprint() != 0);
}
