#include "actors/venues/common/rate_budget.hpp"

#include <algorithm>
#include <cmath>

namespace troupe::venues {

using core::Timestamp;

namespace {

constexpr std::size_t window_slots = 4;
constexpr unsigned doublings_max = 6;
constexpr std::chrono::minutes assumed_window_max{1};
constexpr std::chrono::minutes forgotten_after{1}; ///< at least; calls end sooner

std::int64_t index_of(Timestamp t, std::chrono::nanoseconds window) {
  return core::floor(t, window).ns / window.count();
}

} // namespace

std::uint64_t RateBudget::Meter::used_in(std::int64_t index) const {
  const auto& slot = windows[static_cast<std::size_t>(index) % window_slots];
  return slot.index == index ? slot.used : 0;
}

RateBudget::Window& RateBudget::Meter::window(std::int64_t index) {
  auto& slot = windows[static_cast<std::size_t>(index) % window_slots];
  if (slot.index != index) {
    slot = {index, 0};
  }
  return slot;
}

void RateBudget::Meter::refill(Timestamp now) {
  const auto full = static_cast<double>(limit.burst);
  if (filled == Timestamp{}) {
    tokens = at_first;
  } else if (now > filled) {
    const auto rate = static_cast<double>(limit.limit) / static_cast<double>(limit.window.count());
    tokens = std::min(full, tokens + static_cast<double>((now - filled).count()) * rate);
  }
  filled = std::max(filled, now);
}

void RateBudget::Meter::age(Timestamp now) {
  if (now - aged >= forgotten_after) {
    in_flight_old = now - aged >= 2 * forgotten_after ? 0 : in_flight;
    in_flight = 0;
    aged = now;
  }
}

RateBudget::RateBudget(std::vector<BudgetLimit> limits, BudgetSettings settings)
  : settings_(settings) {
  for (auto& limit : limits) {
    add(std::move(limit));
  }
}

void RateBudget::add(BudgetLimit limit) {
  const double at_first = static_cast<double>(limit.burst) * settings_.reserve;
  meters_.push_back(
    {.limit = std::move(limit), .windows = {}, .at_first = at_first, .filled = {}, .aged = {}});
}

std::uint64_t RateBudget::units_of(const CallCost& cost, const Meter& meter) {
  const auto at = cost.find(meter.limit.name);
  return at == cost.end() ? 0 : at->second;
}

std::uint64_t RateBudget::allowed(const Meter& meter, CallClass what) const {
  const double kept = what == CallClass::MARKET_DATA ? settings_.reserve
                      : what == CallClass::ORDER     ? settings_.reserve / 2
                                                     : 0.0;
  const auto whole = meter.limit.burst == 0 ? meter.limit.limit : meter.limit.burst;
  return static_cast<std::uint64_t>(
    std::floor(static_cast<double>(whole) * settings_.share * (1.0 - kept) + 1e-9));
}

std::optional<Timestamp>
RateBudget::free_at(Meter& meter, std::uint64_t units, CallClass what, Timestamp now) const {
  const auto most = allowed(meter, what);
  const auto& limit = meter.limit;
  if (limit.burst == 0) {
    const auto first = index_of(now - settings_.guard, limit.window);
    const auto last = index_of(now + settings_.guard, limit.window);
    for (auto index = last; index >= first; --index) {
      if (meter.used_in(index) + units > most) {
        // Past that window, and far enough for it not to be meant any more.
        return Timestamp{(index + 1) * limit.window.count()} + settings_.guard;
      }
    }
    return std::nullopt;
  }
  meter.refill(now);
  // The others' part of the bucket stays in it.
  const double kept = static_cast<double>(limit.burst) - static_cast<double>(most);
  const double missing = kept + static_cast<double>(units) - meter.tokens;
  if (missing <= 1e-9) {
    return std::nullopt;
  }
  // All that comes in fills it; what is spent weighs more where only a part is ours.
  const double rate = static_cast<double>(limit.limit) / static_cast<double>(limit.window.count());
  return now + std::chrono::nanoseconds{static_cast<std::int64_t>(std::ceil(missing / rate))};
}

void RateBudget::spend(Meter& meter, std::uint64_t units, Timestamp now) const {
  meter.age(now);
  meter.in_flight += units;
  if (meter.limit.burst != 0) {
    // Where a part of the bucket is ours alone, the rest of what fills it is others'.
    meter.tokens -= static_cast<double>(units) / settings_.share;
    return;
  }
  const auto first = index_of(now - settings_.guard, meter.limit.window);
  const auto last = index_of(now + settings_.guard, meter.limit.window);
  for (auto index = first; index <= last; ++index) {
    meter.window(index).used += units;
  }
}

std::optional<Timestamp> RateBudget::earliest(const CallCost& cost, CallClass what, Timestamp now) {
  std::optional<Timestamp> wait;
  if (now < blocked_until_) {
    wait = blocked_until_;
  }
  for (auto& meter : meters_) {
    const auto units = units_of(cost, meter);
    if (units > 0) {
      if (const auto at = free_at(meter, units, what, now)) {
        wait = std::max(wait.value_or(*at), *at);
      }
    }
  }
  return wait;
}

std::optional<Timestamp> RateBudget::take(const CallCost& cost, CallClass what, Timestamp now) {
  const auto wait = earliest(cost, what, now);
  if (!wait) {
    for (auto& meter : meters_) {
      if (const auto units = units_of(cost, meter); units > 0) {
        spend(meter, units, now);
      }
    }
  }
  return wait;
}

bool RateBudget::can_ever_take(const CallCost& cost, CallClass what) const {
  return std::all_of(meters_.begin(), meters_.end(), [&](const Meter& meter) {
    return units_of(cost, meter) <= allowed(meter, what);
  });
}

void RateBudget::finish(const CallCost& cost) {
  for (auto& meter : meters_) {
    auto units = units_of(cost, meter);
    const auto old = std::min(meter.in_flight_old, units);
    meter.in_flight_old -= old;
    units -= old;
    meter.in_flight -= std::min(meter.in_flight, units);
  }
}

void RateBudget::learn_used(std::string_view name,
                            std::chrono::nanoseconds window,
                            std::uint64_t used,
                            Timestamp now) {
  for (auto& meter : meters_) {
    if (meter.limit.name != name || meter.limit.window != window || meter.limit.burst != 0) {
      continue;
    }
    const auto index = index_of(now, window);
    if (index_of(now - settings_.guard, window) != index) {
      continue; // it may be about the window before
    }
    meter.age(now);
    auto& slot = meter.window(index);
    slot.used = std::max(slot.used, used + meter.in_flight + meter.in_flight_old);
  }
}

void RateBudget::learn_remaining(std::string_view name, std::uint64_t remaining, Timestamp reset) {
  for (auto& meter : meters_) {
    if (meter.limit.name != name) {
      continue;
    }
    if (meter.limit.burst != 0 && meter.filled != Timestamp{}) {
      meter.tokens = std::min(meter.tokens, static_cast<double>(remaining));
    }
    if (remaining == 0) {
      blocked_until_ = std::max(blocked_until_, reset);
    }
  }
}

void RateBudget::learn_limits(const std::vector<BudgetLimit>& limits, Timestamp now) {
  std::map<std::string, std::uint64_t> spent; // in windows that are no more
  std::erase_if(meters_, [&](const Meter& meter) {
    const auto same_name = [&](const BudgetLimit& limit) { return limit.name == meter.limit.name; };
    const bool replaced =
      std::any_of(limits.begin(), limits.end(), same_name)
      && std::none_of(limits.begin(), limits.end(), [&](const BudgetLimit& limit) {
           return same_name(limit) && limit.window == meter.limit.window;
         });
    if (replaced && meter.limit.burst == 0) {
      auto& most = spent[meter.limit.name];
      most = std::max(most, spent_in(meter, now));
    }
    return replaced;
  });
  for (const auto& limit : limits) {
    const auto at = std::find_if(meters_.begin(), meters_.end(), [&](const Meter& meter) {
      return meter.limit.name == limit.name && meter.limit.window == limit.window;
    });
    if (at != meters_.end()) {
      at->limit.limit = limit.limit;
      continue;
    }
    add(limit);
    raise(meters_.back(), spent[limit.name], now);
  }
}

void RateBudget::count(const RateBudget& other, Timestamp now) {
  for (auto& meter : meters_) {
    for (const auto& its : other.meters_) {
      if (its.limit.name == meter.limit.name && its.limit.window == meter.limit.window) {
        raise(meter, spent_in(its, now), now);
      }
    }
  }
}

std::uint64_t RateBudget::spent_in(const Meter& meter, Timestamp now) const {
  std::uint64_t most = 0;
  const auto last = index_of(now + settings_.guard, meter.limit.window);
  for (auto i = index_of(now - settings_.guard, meter.limit.window); i <= last; ++i) {
    most = std::max(most, meter.used_in(i));
  }
  return most;
}

void RateBudget::raise(Meter& meter, std::uint64_t used, Timestamp now) const {
  if (meter.limit.burst != 0) {
    return;
  }
  const auto last = index_of(now + settings_.guard, meter.limit.window);
  for (auto i = index_of(now - settings_.guard, meter.limit.window); i <= last; ++i) {
    auto& slot = meter.window(i);
    slot.used = std::max(slot.used, used);
  }
}

void RateBudget::block(std::optional<std::chrono::nanoseconds> retry_after, Timestamp now) {
  const auto wait =
    retry_after.value_or(settings_.blocked_min * (1LL << std::min(refusals_, doublings_max)));
  ++refusals_;
  blocked_until_ = std::max(blocked_until_, now + wait);
}

void RateBudget::assume_spent(Timestamp now) {
  for (auto& meter : meters_) {
    const auto most = allowed(meter, CallClass::MARKET_DATA);
    if (meter.limit.burst != 0) {
      meter.refill(now);
      meter.tokens = std::min(meter.tokens, static_cast<double>(meter.limit.burst - most));
      continue;
    }
    if (meter.limit.window > assumed_window_max) {
      continue;
    }
    raise(meter, most, now);
  }
}

std::uint64_t RateBudget::used(std::string_view name, Timestamp now) const {
  for (const auto& meter : meters_) {
    if (meter.limit.name == name) {
      if (meter.limit.burst != 0) {
        auto copy = meter;
        copy.refill(now);
        return static_cast<std::uint64_t>(static_cast<double>(copy.limit.burst) - copy.tokens);
      }
      return meter.used_in(index_of(now, meter.limit.window));
    }
  }
  return 0;
}

} // namespace troupe::venues
