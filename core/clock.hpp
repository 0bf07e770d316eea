#pragma once

#include "core/time.hpp"

#include <atomic>

namespace troupe::core {

/// Where time comes from. Logic is handed a clock and never asks the system itself, so that tests,
/// replays and backtests run in their own time. Implementations may be read from any thread.
class Clock {
public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Timestamp now() const noexcept = 0;
};

/// The machine's UTC clock.
class SystemClock final : public Clock {
public:
  [[nodiscard]] Timestamp now() const noexcept override;
};

/// A clock that stands until it is moved: tests, and replays whose time is the data's.
class ManualClock final : public Clock {
public:
  explicit ManualClock(Timestamp start = {}) : ns_(start.ns) {}
  [[nodiscard]] Timestamp now() const noexcept override {
    return {ns_.load(std::memory_order_relaxed)};
  }
  void set(Timestamp t) noexcept { ns_.store(t.ns, std::memory_order_relaxed); }
  void advance(std::chrono::nanoseconds d) noexcept {
    ns_.fetch_add(d.count(), std::memory_order_relaxed);
  }

private:
  std::atomic<std::int64_t> ns_;
};

/// Nanoseconds of a clock that never jumps: for measuring durations, not for logic.
[[nodiscard]] std::int64_t monotonic_ns() noexcept;

} // namespace troupe::core
