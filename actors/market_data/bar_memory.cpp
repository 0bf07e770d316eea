#include "actors/market_data/bar_memory.hpp"

#include <algorithm>

namespace troupe::market_data {

using core::Timestamp;
using trading::Bar;

namespace {

bool opens_before(const Bar& bar, Timestamp t) {
  return bar.ts_open < t;
}

} // namespace

void BarMemory::merge(std::span<const Bar> bars) {
  for (const auto& bar : bars) {
    if (bars_.empty() || bars_.back().ts_open < bar.ts_open) {
      bars_.push_back(bar);
      continue;
    }
    const auto at = std::lower_bound(bars_.begin(), bars_.end(), bar.ts_open, opens_before);
    if (at->ts_open != bar.ts_open) {
      bars_.insert(at, bar);
    }
  }
  while (bars_.size() > bars_max_) {
    covered_from_ = std::max(covered_from_, bars_.front().ts_close);
    bars_.pop_front();
  }
}

void BarMemory::cover_from(Timestamp from) {
  // A full memory has dropped bars before its first one, whatever was said before.
  const auto kept = bars_.size() == bars_max_ ? bars_.front().ts_open : Timestamp{INT64_MIN};
  covered_from_ = std::min(covered_from_, std::max(from, kept));
}

std::vector<Bar> BarMemory::first(Timestamp start, Timestamp end, std::size_t limit) const {
  const auto from = std::lower_bound(bars_.begin(), bars_.end(), start, opens_before);
  const auto to = std::lower_bound(from, bars_.end(), end, opens_before);
  const auto count = std::min(limit, static_cast<std::size_t>(to - from));
  return {from, from + static_cast<std::ptrdiff_t>(count)};
}

std::vector<Bar> BarMemory::newest(Timestamp end, std::size_t limit) const {
  const auto to = std::lower_bound(bars_.begin(), bars_.end(), end, opens_before);
  const auto count = std::min(limit, static_cast<std::size_t>(to - bars_.begin()));
  return {to - static_cast<std::ptrdiff_t>(count), to};
}

std::vector<Bar> merge_bars(std::span<const Bar> preferred, std::span<const Bar> others) {
  std::vector<Bar> merged;
  merged.reserve(preferred.size() + others.size());
  // set_union takes what both hold from its first range.
  std::set_union(preferred.begin(), preferred.end(), others.begin(), others.end(),
                 std::back_inserter(merged),
                 [](const Bar& a, const Bar& b) { return a.ts_open < b.ts_open; });
  return merged;
}

bool without_gaps(std::span<const Bar> bars,
                  trading::Interval interval,
                  Timestamp start,
                  Timestamp end,
                  std::size_t limit) {
  if (start.ns == INT64_MIN) {
    return false; // where the bars begin is not known
  }
  auto slot = interval.open_of(start);
  slot = slot < start ? slot + interval.duration() : slot;
  for (std::size_t i = 0; i < limit && slot < end; ++i, slot = slot + interval.duration()) {
    if (i >= bars.size() || bars[i].ts_open != slot) {
      return false;
    }
  }
  return true;
}

bool without_gaps_before(std::span<const Bar> bars,
                         trading::Interval interval,
                         Timestamp end,
                         std::size_t limit) {
  if (bars.size() < limit || end.ns == INT64_MAX) {
    return false;
  }
  // The slot that `end` falls into counts: what opens in it opens before `end`.
  auto slot = interval.open_of(end - std::chrono::nanoseconds{1});
  for (std::size_t i = 0; i < limit; ++i, slot = slot - interval.duration()) {
    if (bars[bars.size() - 1 - i].ts_open != slot) {
      return false;
    }
  }
  return true;
}

} // namespace troupe::market_data
