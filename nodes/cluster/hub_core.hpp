#pragma once

#include "nodes/cluster/event_codec.hpp"
#include "nodes/cluster/hub.hpp"
#include "supervision/local_bus.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

namespace troupe::cluster {

/// A mutex that is held for less time than it takes to put a thread to sleep: who finds it taken
/// looks again for a moment before that.
class BriefMutex {
public:
  void lock() {
    constexpr int looks = 200;
    for (int i = 0; i < looks; ++i) {
      if (mutex_.try_lock()) {
        return;
      }
#if defined(__x86_64__)
      __builtin_ia32_pause();
#endif
    }
    mutex_.lock();
  }
  void unlock() {
    mutex_.unlock();
  }

private:
  std::mutex mutex_;
};

/// One topic as this node publishes it.
struct TopicOut {
  TopicOut(supervision::Topic its, caf::actor_system& system)
    : topic(std::move(its)), encoder(system) {}

  /// The wire form of an event; it goes behind those before it where the topic is lossless, and has
  /// a chunk of its own where it must not keep others alive. nullopt where it cannot travel.
  [[nodiscard]] std::optional<StreamItem>
  item(std::uint64_t seq, const std::string& key, const caf::message& event);

  const supervision::Topic topic;
  std::atomic<bool> dirty = false; ///< some stream may have something to send
  BriefMutex mutex;                ///< of all below
  std::uint64_t next_seq = 1;
  std::map<std::string, caf::message> retained; ///< conflated: newest per key, published here
  std::map<std::string, OutStream> streams;     ///< by subscribing node
  EventEncoder encoder;
  std::shared_ptr<std::string> chunk; ///< lossless: the newest, which grows
};

/// What publishers on any thread and the hub's actor share.
struct HubCore {
  HubCore(caf::actor_system& actor_system,
          std::string name,
          std::uint64_t own_incarnation,
          const HubSettings& given)
    : system(actor_system), node(std::move(name)), incarnation(own_incarnation), settings(given),
      local(node) {}

  /// @returns null beyond topics_max
  std::shared_ptr<TopicOut> topic_out(const supervision::Topic& topic);
  [[nodiscard]] std::vector<std::shared_ptr<TopicOut>> topics() const;
  void offer(TopicOut& out, const std::string& key, caf::message event);
  /// Sees to it that what waits is sent: in a millisecond, or now.
  void wake(std::size_t waiting);
  /// Opens a peer's stream, or goes on with the one it had.
  /// @returns an announcement of the next event, for lossless topics
  std::string open_stream(TopicOut& out, const std::string& peer, std::uint64_t next_seq);

  caf::actor_system& system;
  const std::string node;
  const std::uint64_t incarnation;
  const HubSettings settings;
  supervision::LocalBus local;
  caf::actor actor; ///< written once, before any other thread knows this
  std::atomic<bool> stopped = false;
  std::atomic<bool> armed = false;  ///< a flush comes within batch_every
  std::atomic<bool> urgent = false; ///< a flush comes as soon as the actor runs
  mutable std::shared_mutex topics_mutex;
  std::unordered_map<std::string, std::shared_ptr<TopicOut>> topics_out;

  struct Counters {
    std::atomic<std::uint64_t> events_out = 0;
    std::atomic<std::uint64_t> batches_out = 0;
    std::atomic<std::uint64_t> events_in = 0;
    std::atomic<std::uint64_t> batches_in = 0;
  } counters;
};

/// The side towards the hubs of other nodes.
[[nodiscard]] caf::actor spawn_hub_actor(caf::actor_system& system, std::shared_ptr<HubCore> core);

} // namespace troupe::cluster
