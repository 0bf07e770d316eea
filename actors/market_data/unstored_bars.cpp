#include "actors/market_data/unstored_bars.hpp"

#include <algorithm>

namespace troupe::market_data {

void UnstoredBars::add(const trading::InstrumentId& instrument, const trading::IntervalBar& bar) {
  bars_.push_back({instrument, bar});
  if (bars_.size() > bars_max_) {
    bars_.pop_front();
    taken_ -= taken_ > 0 ? 1 : 0;
    ++dropped_;
  }
}

std::vector<UnstoredBars::Entry> UnstoredBars::take(std::size_t count) {
  if (taken_ > 0) {
    return {};
  }
  taken_ = std::min(count, bars_.size());
  return {bars_.begin(), bars_.begin() + static_cast<std::ptrdiff_t>(taken_)};
}

void UnstoredBars::stored() {
  bars_.erase(bars_.begin(), bars_.begin() + static_cast<std::ptrdiff_t>(taken_));
  taken_ = 0;
  away_ = false;
}

void UnstoredBars::failed() {
  taken_ = 0;
  away_ = true;
}

std::vector<trading::Bar> UnstoredBars::find(const trading::InstrumentId& instrument,
                                             trading::Interval interval,
                                             core::Timestamp start,
                                             core::Timestamp end) const {
  std::vector<trading::Bar> found;
  for (const auto& entry : bars_) {
    const auto& bar = entry.bar.bar;
    if (entry.bar.interval == interval && bar.ts_open >= start && bar.ts_open < end
        && entry.instrument == instrument) {
      found.push_back(bar);
    }
  }
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.ts_open < b.ts_open; });
  // A bar that was built twice (a restarted instrument) waits twice.
  found.erase(std::unique(found.begin(), found.end(),
                          [](const auto& a, const auto& b) { return a.ts_open == b.ts_open; }),
              found.end());
  return found;
}

} // namespace troupe::market_data
