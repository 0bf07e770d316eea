#pragma once

#include "trading/bar.hpp"
#include "trading/interval.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

/// Bars of a range out of a venue's history, page by page: what to ask next, and when it is enough.
namespace troupe::venues {

/// A stretch to ask the venue for.
struct BarPage {
  core::Timestamp start;
  core::Timestamp end; ///< exclusive
};

/// Collects bars with start <= ts_open < end: the earliest `limit`, or without `start` the newest.
class BarPages {
public:
  /// Pages in a row without a bar after which nothing older is looked for.
  static constexpr unsigned empty_max = 3;

  /// @param interval   of the bars that are asked for
  /// @param source     of those that the venue has: divides `interval`
  /// @param page_max   source bars in one answer
  BarPages(trading::Interval interval,
           std::chrono::nanoseconds source,
           std::optional<core::Timestamp> start,
           core::Timestamp end,
           std::size_t limit,
           std::size_t page_max);

  /// @returns nothing when all is there
  [[nodiscard]] std::optional<BarPage> next() const;
  /// The answer to next(), in any order, with doubles and with bars from outside of the range.
  /// @param now  bars that end after it are not finished, and left out
  void take(std::vector<trading::Bar> bars, core::Timestamp now);

  /// Ascending and distinct, final, of the interval that was asked for.
  [[nodiscard]] std::vector<trading::Bar> result() const;

private:
  [[nodiscard]] std::size_t collected() const;

  trading::Interval interval_;
  std::chrono::nanoseconds source_;
  bool newest_first_;
  core::Timestamp start_; ///< what is not looked at yet
  core::Timestamp end_;
  core::Timestamp complete_until_; ///< no bar that closes by then is missing a part
  std::size_t limit_;
  std::size_t page_max_;
  unsigned empty_ = 0;
  std::vector<trading::Bar> bars_; ///< of the source, ascending
};

} // namespace troupe::venues
