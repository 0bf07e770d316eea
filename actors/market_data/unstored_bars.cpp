#include "actors/market_data/unstored_bars.hpp"

#include <algorithm>

namespace troupe::market_data {

std::vector<trading::Bar> UnstoredBars::find(const trading::InstrumentId& instrument,
                                             trading::Interval interval,
                                             core::Timestamp start,
                                             core::Timestamp end) const {
  std::vector<trading::Bar> found;
  for (const auto& entry : entries()) {
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
