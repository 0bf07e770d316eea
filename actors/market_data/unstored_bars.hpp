#pragma once

#include "actors/market_data/write_queue.hpp"
#include "trading/bar_builder.hpp"

#include <vector>

namespace troupe::market_data {

/// A closed bar and whose it is.
struct UnstoredBar {
  trading::InstrumentId instrument;
  trading::IntervalBar bar;
};

/// Closed bars that are not yet in the store.
class UnstoredBars : public WriteQueue<UnstoredBar> {
public:
  using WriteQueue::WriteQueue;

  void add(const trading::InstrumentId& instrument, const trading::IntervalBar& bar) {
    WriteQueue::add({instrument, bar});
  }

  /// Those of [start, end), ascending.
  [[nodiscard]] std::vector<trading::Bar> find(const trading::InstrumentId& instrument,
                                               trading::Interval interval,
                                               core::Timestamp start,
                                               core::Timestamp end) const;
};

} // namespace troupe::market_data
