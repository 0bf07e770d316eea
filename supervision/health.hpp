#pragma once

#include "core/describe.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::supervision {

/// One named condition of the node's readiness.
struct HealthCondition {
  std::string name;
  bool ok = false;
  std::string reason; ///< why not
};
BOOST_DESCRIBE_STRUCT(HealthCondition, (), (name, ok, reason))

/// The node's health at a glance.
struct HealthReport {
  bool live = false;
  bool ready = false;
  bool started = false;
  std::vector<HealthCondition> alive;      ///< what must hold for the node to be live
  std::vector<HealthCondition> conditions; ///< what must hold for it to be ready
  std::vector<HealthCondition> degraded;   ///< works, with less than it should; `ok` is false
};
BOOST_DESCRIBE_STRUCT(HealthReport, (), (live, ready, started, alive, conditions, degraded))

/// How far a service of this node is with what the placement gave it.
struct LoadedShards {
  std::uint64_t epoch = 0;   ///< newest of the cluster's views that it has followed
  std::uint64_t waiting = 0; ///< keys it owns by that view and cannot answer for yet
};
BOOST_DESCRIBE_STRUCT(LoadedShards, (), (epoch, waiting))

/// Whether the node lives and is ready. Any thread may call.
class Health {
public:
  static constexpr std::size_t names_max = 256;

  /// A service's word on its shards.
  void set_loaded(std::string_view service, LoadedShards loaded);
  /// nullopt where the service has not said
  [[nodiscard]] std::optional<LoadedShards> loaded(std::string_view service) const;

  /// A condition that must hold for the node to be ready. Declare it false before the work starts.
  void set(std::string_view name, bool ok, std::string reason = {});
  void remove(std::string_view name);
  /// A condition that must hold for the node to be live, besides the canary's.
  void set_alive(std::string_view name, bool ok, std::string reason = {});
  /// Something works with less than it should have (a cache without its server).
  void set_degraded(std::string_view name, std::string reason);
  void clear_degraded(std::string_view name);

  /// A canary actor answered within the last second, and all that was set_alive() holds. True until
  /// the first ping is a second old.
  [[nodiscard]] bool live() const;
  /// Every condition holds, and there is at least one.
  [[nodiscard]] bool ready() const;
  /// It was ready once.
  [[nodiscard]] bool started() const;
  [[nodiscard]] HealthReport report() const;
  /// Round trip of the last canary, through the scheduler.
  [[nodiscard]] std::chrono::nanoseconds canary() const;

  // ---- for the watchdog
  /// @returns whether a ping should be sent now: none is on its way
  [[nodiscard]] bool begin_ping(std::int64_t now_ns);
  void end_ping(std::int64_t now_ns);

private:
  using Conditions = std::map<std::string, HealthCondition, std::less<>>;
  [[nodiscard]] bool live_locked(std::int64_t now_ns) const;
  [[nodiscard]] bool ready_locked() const;
  mutable std::mutex mutex_;
  Conditions alive_;
  Conditions conditions_;
  Conditions degraded_;
  std::map<std::string, LoadedShards, std::less<>> loaded_;
  bool started_ = false;
  std::int64_t ping_ns_ = 0; ///< when the ping on its way was sent; 0 for none
  std::int64_t canary_ns_ = 0;
};

} // namespace troupe::supervision
