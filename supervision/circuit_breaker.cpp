#include "supervision/circuit_breaker.hpp"

#include <algorithm>
#include <cmath>

namespace troupe::supervision {

BreakerVerdict CircuitBreaker::allow(Time now) {
  switch (state_) {
    case BreakerState::CLOSED:
    case BreakerState::DISABLED: return {};
    case BreakerState::FORCED_OPEN: return {false, settings_.open_max};
    case BreakerState::OPEN:
      if (now < open_until_) {
        return {false, open_until_ - now};
      }
      state_ = BreakerState::HALF_OPEN;
      probes_out_ = 0;
      probes_ok_ = 0;
      break;
    case BreakerState::HALF_OPEN: break;
  }
  if (probes_out_ > 0 && now - probes_since_ >= settings_.open_max) {
    probes_out_ = 0; // whoever sent them never told how they ended
  }
  if (probes_out_ + probes_ok_ < settings_.probes) {
    ++probes_out_;
    probes_since_ = now;
    return {};
  }
  return {false, settings_.open_min};
}

void CircuitBreaker::on_success(Time now, Time took, std::optional<Time> slow) {
  record(now, false, took >= slow.value_or(settings_.slow));
}

void CircuitBreaker::on_failure(Time now, Time took, std::optional<Time> slow) {
  record(now, true, took >= slow.value_or(settings_.slow));
}

void CircuitBreaker::on_abandoned(Time) {
  if (state_ == BreakerState::HALF_OPEN && probes_out_ > 0) {
    --probes_out_;
  }
}

void CircuitBreaker::record(Time now, bool failed, bool slow) {
  const auto number = now.count() / slot_ns;
  auto& slot = window_[static_cast<std::size_t>(number) % slots];
  if (slot.number != number) {
    slot = {.number = number};
  }
  ++slot.calls;
  slot.failures += failed ? 1U : 0U;
  slot.slow += slow ? 1U : 0U;
  in_a_row_ = failed ? in_a_row_ + 1 : 0;
  if (state_ == BreakerState::HALF_OPEN) {
    on_probe(now, failed || slow);
    return;
  }
  if (state_ != BreakerState::CLOSED) {
    return;
  }
  const auto sum = totals(now);
  const bool by_rate = sum.calls >= settings_.calls_min
                       && (sum.failures * 100 >= settings_.failures_percent * sum.calls
                           || sum.slow * 100 >= settings_.slow_percent * sum.calls);
  if (by_rate || in_a_row_ >= settings_.consecutive_failures) {
    open(now);
  }
}

void CircuitBreaker::on_probe(Time now, bool failed) {
  if (probes_out_ == 0) {
    return; // a call from before the breaker opened
  }
  --probes_out_;
  if (failed) {
    open(now);
  } else if (++probes_ok_ >= settings_.probes) {
    close();
  }
}

CircuitBreaker::Slot CircuitBreaker::totals(Time now) const {
  const auto newest = now.count() / slot_ns;
  Slot sum{};
  for (const auto& slot : window_) {
    if (slot.number > newest - static_cast<std::int64_t>(slots) && slot.number <= newest) {
      sum.calls += slot.calls;
      sum.failures += slot.failures;
      sum.slow += slot.slow;
    }
  }
  return sum;
}

void CircuitBreaker::open(Time now) {
  const auto doubled = static_cast<double>(settings_.open_min.count())
                       * std::exp2(static_cast<double>(std::min(exponent_, 16U)));
  const auto base = std::min(doubled, static_cast<double>(settings_.open_max.count()));
  const auto factor = 1.0 + settings_.jitter * (2.0 * random_.uniform() - 1.0);
  open_until_ = now + Time{static_cast<std::int64_t>(base * factor)};
  state_ = BreakerState::OPEN;
  ++exponent_;
  ++opened_;
}

void CircuitBreaker::close() {
  state_ = BreakerState::CLOSED;
  window_ = {};
  in_a_row_ = 0;
  exponent_ = 0;
}

void CircuitBreaker::trip(Time now) {
  if (state_ == BreakerState::CLOSED || state_ == BreakerState::HALF_OPEN) {
    open(now);
  }
}

void CircuitBreaker::force_open() {
  state_ = BreakerState::FORCED_OPEN;
}

void CircuitBreaker::disable() {
  state_ = BreakerState::DISABLED;
}

void CircuitBreaker::reset() {
  close();
}

CircuitBreaker::Time CircuitBreaker::retry_after(Time now) const {
  return state_ == BreakerState::OPEN && open_until_ > now ? open_until_ - now : Time{0};
}

} // namespace troupe::supervision
