#pragma once

#include "core/describe.hpp"
#include "core/errc.hpp"
#include "supervision/circuit_breaker.hpp"

#include <caf/actor_clock.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

namespace troupe::supervision {

/// What the inspector shows of one breaker.
struct BreakerInfo {
  std::string edge;
  BreakerState state = BreakerState::CLOSED;
  std::uint64_t calls = 0; ///< in the window of 10 s
  std::uint64_t failures = 0;
  std::uint64_t slow = 0;
  std::uint64_t opened = 0;  ///< times since the start
  std::uint64_t refused = 0; ///< calls refused since the start
  double retry_after_ms = 0.0;
  bool needed = false; ///< the node is not ready while it is not closed
};
BOOST_DESCRIBE_STRUCT(BreakerInfo,
                      (),
                      (edge, state, calls, failures, slow, opened, refused, retry_after_ms, needed))

/// How long the calls of one edge took, those that failed included.
struct EdgeLatency {
  /// Upper bounds of the buckets; the last bucket has none.
  static constexpr std::array<std::int64_t, 11> bounds_ns{
    100'000,    250'000,     500'000,     1'000'000,     2'500'000,    10'000'000,
    50'000'000, 100'000'000, 250'000'000, 1'000'000'000, 5'000'000'000};

  std::string edge;
  std::array<std::uint64_t, bounds_ns.size() + 1> buckets{};
  std::int64_t sum_ns = 0;

  void add(std::chrono::nanoseconds took);
};

/// One guarded edge. Any thread may call.
class Breaker {
public:
  Breaker(std::string edge,
          BreakerSettings settings,
          std::uint64_t seed,
          const caf::actor_clock& clock);

  /// @returns CIRCUIT_OPEN with "retry_after_ms=N" in its text where the call may not go out
  [[nodiscard]] core::Result<void> allow();
  /// Reports an allowed call. Which codes count as failures: core::traits(code).breaker_failure.
  /// @param slow  from when on this call is slow, where it is of another kind than the usual ones
  void report(core::Errc outcome,
              std::chrono::nanoseconds took,
              std::optional<std::chrono::nanoseconds> slow = std::nullopt);
  void abandon();
  void trip();
  void force_open();
  void disable();
  void reset();
  [[nodiscard]] BreakerInfo info() const;
  [[nodiscard]] EdgeLatency latency() const;
  [[nodiscard]] const std::string& edge() const { return edge_; }

private:
  [[nodiscard]] std::chrono::nanoseconds now() const;
  std::string edge_;
  bool needed_;
  const caf::actor_clock& clock_;
  mutable std::mutex mutex_;
  CircuitBreaker breaker_;
  std::uint64_t refused_ = 0;
  EdgeLatency latency_;
};

/// All breakers of the process by the name of their edge: "caller>callee@node" for asks,
/// "service>dependency" for what lies outside (a venue's REST, Redis).
class Breakers {
public:
  static constexpr std::size_t edges_max = 4096;

  /// @param clock  CAF's clock, so that tests run in virtual time
  Breakers(const caf::actor_clock& clock, std::uint64_t seed) : clock_(clock), seed_(seed) {}

  /// The edge's breaker, made with `settings` at the first use.
  [[nodiscard]] std::shared_ptr<Breaker> edge(std::string_view name,
                                              const BreakerSettings& settings = {});
  /// The edge's breaker where there is one.
  [[nodiscard]] std::shared_ptr<Breaker> find(std::string_view name) const;
  /// Opens every edge to the node: it was declared down.
  void node_down(std::string_view node);
  [[nodiscard]] std::vector<BreakerInfo> snapshot() const;
  [[nodiscard]] std::vector<EdgeLatency> latencies() const;

  // ---- an operator's orders; NOT_FOUND where there is no such edge
  core::Result<void> force_open(std::string_view name);
  core::Result<void> disable(std::string_view name);
  core::Result<void> reset(std::string_view name);

private:
  const caf::actor_clock& clock_;
  std::uint64_t seed_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Breaker>, std::less<>> edges_;
};

} // namespace troupe::supervision
