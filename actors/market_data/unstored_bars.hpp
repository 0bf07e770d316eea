#pragma once

#include "trading/bar_builder.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace troupe::market_data {

/// Closed bars that are not yet in the store. Bounded: while the store is away the oldest go, and
/// are counted.
class UnstoredBars {
public:
  struct Entry {
    trading::InstrumentId instrument;
    trading::IntervalBar bar;
  };

  explicit UnstoredBars(std::size_t bars_max) : bars_max_(bars_max) {}

  void add(const trading::InstrumentId& instrument, const trading::IntervalBar& bar);
  /// The oldest `count` bars, which are on their way to the store until stored() or failed().
  /// Empty while others are.
  [[nodiscard]] std::vector<Entry> take(std::size_t count);
  void stored();
  void failed();

  /// Those of [start, end), ascending.
  [[nodiscard]] std::vector<trading::Bar> find(const trading::InstrumentId& instrument,
                                               trading::Interval interval,
                                               core::Timestamp start,
                                               core::Timestamp end) const;

  [[nodiscard]] std::size_t size() const { return bars_.size(); }
  [[nodiscard]] bool on_their_way() const { return taken_ > 0; }
  /// Whether the last attempt to store failed.
  [[nodiscard]] bool store_away() const { return away_; }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

private:
  std::size_t bars_max_;
  std::deque<Entry> bars_;
  std::size_t taken_ = 0; ///< of the front
  bool away_ = false;
  std::uint64_t dropped_ = 0;
};

} // namespace troupe::market_data
