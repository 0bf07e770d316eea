#pragma once

#include "core/describe.hpp"
#include "core/random.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace troupe::supervision {

enum class BreakerState : std::uint8_t { CLOSED, OPEN, HALF_OPEN, FORCED_OPEN, DISABLED };
BOOST_DESCRIBE_ENUM(BreakerState, CLOSED, OPEN, HALF_OPEN, FORCED_OPEN, DISABLED)

struct BreakerSettings {
  unsigned calls_min = 20;        ///< in the window, before rates are looked at
  unsigned failures_percent = 50; ///< opens at this share of failed calls
  unsigned slow_percent = 80;     ///< opens at this share of slow calls
  unsigned consecutive_failures = 5;
  unsigned probes = 3;                                     ///< calls let through when half open
  std::chrono::nanoseconds slow = std::chrono::seconds{1}; ///< a call that takes as long is slow
  std::chrono::nanoseconds open_min = std::chrono::seconds{1};
  std::chrono::nanoseconds open_max = std::chrono::seconds{30};
  double jitter = 0.2; ///< share of the open time by which it varies either way
  /// A dependency outside the cluster that this node's roles cannot do without: while its breaker
  /// is not closed the node is not ready. False where there is another answer (memory, a queue).
  bool needed = false;
};

/// Whether a call may go out. `retry_after` is how long to wait where it may not.
struct BreakerVerdict {
  bool allowed = true;
  std::chrono::nanoseconds retry_after{0};
};

/// A circuit breaker without clock and threads: time is given, in nanoseconds of a clock that never
/// jumps. Window of 10 slots of 1 s.
/// @source  the states of resilience4j's CircuitBreaker and Polly's, with numbers of our own
class CircuitBreaker {
public:
  using Time = std::chrono::nanoseconds;

  explicit CircuitBreaker(BreakerSettings settings = {}, std::uint64_t seed = 0)
    : settings_(settings), random_(seed) {}

  /// Asks for a call. An allowed call must be reported with exactly one on_success, on_failure or
  /// on_abandoned.
  [[nodiscard]] BreakerVerdict allow(Time now);
  /// @param slow  from when on this call is slow, where it is of another kind than the usual ones
  void on_success(Time now, Time took, std::optional<Time> slow = std::nullopt);
  void on_failure(Time now, Time took, std::optional<Time> slow = std::nullopt);
  /// The call ended without saying anything about the callee.
  void on_abandoned(Time now);

  /// Opens at once: the callee's node was declared down.
  void trip(Time now);
  void force_open();
  void disable();
  void reset();

  [[nodiscard]] BreakerState state() const { return state_; }
  [[nodiscard]] unsigned calls(Time now) const { return totals(now).calls; }
  [[nodiscard]] unsigned failures(Time now) const { return totals(now).failures; }
  [[nodiscard]] unsigned slow_calls(Time now) const { return totals(now).slow; }
  [[nodiscard]] unsigned opened_count() const { return opened_; }
  [[nodiscard]] Time retry_after(Time now) const;

private:
  static constexpr std::size_t slots = 10;
  static constexpr std::int64_t slot_ns = 1'000'000'000;
  struct Slot {
    std::int64_t number = -1; ///< second that it counts
    unsigned calls = 0;
    unsigned failures = 0;
    unsigned slow = 0;
  };
  void record(Time now, bool failed, bool slow);
  void on_probe(Time now, bool failed);
  [[nodiscard]] Slot totals(Time now) const;
  void open(Time now);
  void close();

  BreakerSettings settings_;
  core::Random random_;
  BreakerState state_ = BreakerState::CLOSED;
  std::array<Slot, slots> window_{};
  unsigned in_a_row_ = 0;
  unsigned exponent_ = 0; ///< of the next open time
  unsigned opened_ = 0;
  Time open_until_{0};
  unsigned probes_out_ = 0;
  unsigned probes_ok_ = 0;
  Time probes_since_{0};
};

} // namespace troupe::supervision
