#include "nodes/cluster/caf_settings.hpp"

#include "nodes/cluster/link_loop.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/io/middleman.hpp>

#include <algorithm>
#include <cstdint>
#include <thread>

namespace troupe::cluster {

void apply_caf_settings(caf::actor_system_config& config) {
  // Idle workers otherwise sleep in 50 us polls that nobody wakes.
  config.set("work-stealing.moderate-poll-attempts", std::uint64_t{0});
  // Never-idle actors otherwise starve all others: the default is no limit.
  config.set("scheduler.max-throughput", std::uint64_t{300});
  // With two threads, two stuck handlers stop everything, supervisors included.
  config.set("scheduler.max-threads",
             std::uint64_t{std::max(4U, std::thread::hardware_concurrency())});
  // Both are needed for a frozen or cut-off peer to be noticed at all.
  config.set("middleman.heartbeat-interval", caf::timespan{std::chrono::milliseconds{200}});
  config.set("middleman.connection-timeout", caf::timespan{std::chrono::seconds{1}});
  // On, it opens a plain port on all interfaces.
  config.set("middleman.enable-automatic-connections", false);
  // Messages between nodes are small, or blobs that someone else decodes: to hand each to a thread
  // of its own for reading costs more than to read it.
  config.set("middleman.workers", std::uint64_t{0});
  // Opens and accepts no sockets: BASP can be reached through established links only.
  config.load<caf::io::middleman, LinkLoop>();
}

} // namespace troupe::cluster
