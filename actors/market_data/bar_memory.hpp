#pragma once

#include "trading/bar.hpp"
#include "trading/interval.hpp"

#include <cstddef>
#include <deque>
#include <span>
#include <vector>

namespace troupe::market_data {

/// The newest closed bars of one interval, and from when on they are all there: only what begins
/// at or after covered_from() may be answered from here alone.
class BarMemory {
public:
  /// @param bars_max  at least 1; the oldest bars beyond it are dropped
  BarMemory(trading::Interval interval, std::size_t bars_max)
    : interval_(interval), bars_max_(bars_max) {}

  /// Takes bars in any order; one that is there already stays as it is.
  void merge(std::span<const trading::Bar> bars);
  /// Says that every bar that opens at or after `from` has been merged or will be when it closes.
  void cover_from(core::Timestamp from);
  /// Nothing is covered any more: bars may have been missed.
  void uncover() { covered_from_ = core::Timestamp{INT64_MAX}; }

  [[nodiscard]] core::Timestamp covered_from() const { return covered_from_; }
  [[nodiscard]] trading::Interval interval() const { return interval_; }
  [[nodiscard]] std::size_t size() const { return bars_.size(); }
  [[nodiscard]] const std::deque<trading::Bar>& bars() const { return bars_; }

  /// The first `limit` bars that open in [start, end), ascending.
  [[nodiscard]] std::vector<trading::Bar>
  first(core::Timestamp start, core::Timestamp end, std::size_t limit) const;
  /// The last `limit` bars that open before `end`, ascending.
  [[nodiscard]] std::vector<trading::Bar> newest(core::Timestamp end, std::size_t limit) const;

private:
  trading::Interval interval_;
  std::size_t bars_max_;
  std::deque<trading::Bar> bars_; ///< ascending, distinct
  core::Timestamp covered_from_{INT64_MAX};
};

/// Merges two ascending sequences of distinct bars; where both hold a bar, that of `preferred`.
[[nodiscard]] std::vector<trading::Bar> merge_bars(std::span<const trading::Bar> preferred,
                                                   std::span<const trading::Bar> others);

/// Whether `bars` (ascending, from the start of a range) hold a bar in every slot of [start, end)
/// or, where the range has more than `limit` slots, in the first `limit` of them.
[[nodiscard]] bool without_gaps(std::span<const trading::Bar> bars,
                                trading::Interval interval,
                                core::Timestamp start,
                                core::Timestamp end,
                                std::size_t limit);

/// Likewise for the last `limit` slots before `end`.
[[nodiscard]] bool without_gaps_before(std::span<const trading::Bar> bars,
                                       trading::Interval interval,
                                       core::Timestamp end,
                                       std::size_t limit);

} // namespace troupe::market_data
