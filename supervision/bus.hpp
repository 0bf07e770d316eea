#pragma once

#include <caf/actor.hpp>
#include <caf/message.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace troupe::supervision {

/// What happens to events of a topic when a subscriber or a peer cannot keep up.
enum class Delivery : std::uint8_t {
  CONFLATED, ///< the newest event per key replaces an older one; late subscribers get the newest
  LOSSLESS,  ///< every event in order, or a TopicGap in its place
};

/// A named stream of events. Topics are constants beside the events they carry (messages/).
struct Topic {
  std::string name;
  Delivery delivery = Delivery::CONFLATED;
};

/// Publish and subscribe by topic, within the node and between nodes. Any thread may call.
/// A subscriber gets each event as the message that was published; it need not unsubscribe when it
/// ends. Between nodes a topic travels once per node and in batches, whatever the number of
/// subscribers there.
class Bus {
public:
  virtual ~Bus() = default;

  /// @param key  what the event is about (an instrument): the unit of conflation and of order
  virtual void publish(const Topic& topic, const std::string& key, caf::message event) = 0;

  virtual void subscribe(const Topic& topic, const caf::actor& subscriber) = 0;
  virtual void unsubscribe(const Topic& topic, const caf::actor& subscriber) = 0;

  /// Events of lossless topics that wait at the slowest subscriber, here or on a peer. A source
  /// that can wait (a replay) pauses while this is high.
  [[nodiscard]] virtual std::size_t backlog() const = 0;
};

} // namespace troupe::supervision
