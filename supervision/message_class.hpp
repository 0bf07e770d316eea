#pragma once

#include "core/describe.hpp"
#include "supervision/message_type.hpp"

#include <cstdint>

namespace troupe::supervision {

/// What the runtime may do with a message under load. What is published on the bus has its policy
/// with the topic (Delivery); this is about messages from one to another.
enum class MessageClass : std::uint8_t {
  /// Refused with OVERLOADED (requests) or parked as a dead letter (one-way) at a full mailbox.
  ORDINARY,
  /// Orders, cancels, fills and what decides about them: passes a full mailbox, waits for a child
  /// that is down, and where there is nobody left to take it, the loss is an alert of its own and
  /// never replayed. How many there can be is bounded where they are admitted.
  ORDER,
};
BOOST_DESCRIBE_ENUM(MessageClass, ORDINARY, ORDER)

/// Of messages of this type; ORDINARY unless declared. Any thread may call.
[[nodiscard]] MessageClass message_class(MessageType type) noexcept;

/// Once per process and type, before such messages are sent; declaring twice does nothing.
void declare_order_class(MessageType type);

template <class... Messages>
void declare_order_class() {
  (declare_order_class(message_type<Messages>()), ...);
}

} // namespace troupe::supervision
