#pragma once

#include "trading/bar.hpp"
#include "trading/trade.hpp"

#include <optional>
#include <span>
#include <vector>

namespace troupe::trading {

/// Builds the bars of one interval from trades, by event time.
///
/// - A trade belongs to the bar its ts_event falls into. Inside the open bar trades may come in
///   any order: the open is the price of the earliest, the close that of the latest (among equal
///   times the first and the last to arrive).
/// - A bar is closed by the first trade of a later bar, or by a watermark at or past its end.
/// - A trade of a time already closed is late: it is counted, and alters nothing.
/// - Intervals without trades make no bar.
class BarBuilder {
public:
  explicit BarBuilder(Interval interval) : interval_(interval) {}

  /// @param closed  the bar that this trade closes is appended
  /// @returns false where the trade was late
  bool add(const Trade& trade, std::vector<Bar>& closed);

  /// Says that no trade before `watermark` will come; the bar that ends by then is appended.
  void advance(core::Timestamp watermark, std::vector<Bar>& closed);

  /// The bar in the making, its `final` false.
  [[nodiscard]] const std::optional<Bar>& open() const { return open_; }
  [[nodiscard]] std::uint64_t late() const { return late_; }
  [[nodiscard]] Interval interval() const { return interval_; }

private:
  void close(std::vector<Bar>& closed);

  Interval interval_;
  std::optional<Bar> open_;
  core::Timestamp first_;                   ///< ts_event of the open bar's open
  core::Timestamp last_;                    ///< ts_event of the open bar's close
  core::Timestamp closed_until_{INT64_MIN}; ///< trades before this are late
  std::uint64_t late_ = 0;
};

/// Builds the bars of one interval from closed bars of a shorter one (1h to 4h, 1d).
class BarRollup {
public:
  explicit BarRollup(Interval interval) : interval_(interval) {}

  /// @param bar  a closed bar; @pre its length divides the interval, as all of Interval's do
  /// @returns false where it was late: its time is closed, or it does not come after the last one
  bool add(const Bar& bar, std::vector<Bar>& closed);
  /// Says that no bar that opens before `watermark` will come.
  void advance(core::Timestamp watermark, std::vector<Bar>& closed);

  [[nodiscard]] const std::optional<Bar>& open() const { return open_; }
  [[nodiscard]] std::uint64_t late() const { return late_; }
  [[nodiscard]] Interval interval() const { return interval_; }

private:
  void close(std::vector<Bar>& closed);

  Interval interval_;
  std::optional<Bar> open_;
  core::Timestamp taken_until_{INT64_MIN}; ///< end of the last bar taken, or the watermark
  std::uint64_t late_ = 0;
};

/// A closed bar and its length.
struct IntervalBar {
  Interval interval;
  Bar bar;
  friend bool operator==(const IntervalBar&, const IntervalBar&) = default;
};

/// Bars of several intervals from one stream of trades, or of bars. Trades make the shortest
/// interval, and the longer ones are its sums: a late trade is late for all of them alike, so that
/// bars of all lengths always tie. Equal, bar for bar, to building each from the accepted trades.
class BarSeries {
public:
  /// @param intervals  any order, at least one; doubles are dropped
  explicit BarSeries(std::vector<Interval> intervals);

  /// @param closed  bars that this trade closes are appended, the shortest first
  /// @returns false where the trade was late
  bool add(const Trade& trade, std::vector<IntervalBar>& closed);
  /// Takes a closed bar of a source that has no trades. It passes through where its own interval
  /// is asked for and makes the longer ones; shorter ones stay empty.
  /// @returns false where it was late
  bool add(Interval interval, const Bar& bar, std::vector<IntervalBar>& closed);
  void advance(core::Timestamp watermark, std::vector<IntervalBar>& closed);

  /// The bar in the making, its `final` false; nullopt before its first trade and for intervals
  /// that are not built.
  [[nodiscard]] std::optional<Bar> open(Interval interval) const;
  [[nodiscard]] std::uint64_t late() const { return base_.late() + late_bars_; }

private:
  void spread(std::vector<IntervalBar>& closed);
  void close_ended(core::Timestamp now, std::vector<IntervalBar>& closed);

  BarBuilder base_;
  std::vector<BarRollup> rollups_;        ///< the longer ones, ascending
  core::Timestamp bars_until_{INT64_MIN}; ///< end of the last bar taken
  std::uint64_t late_bars_ = 0;
  std::vector<Bar> scratch_;
  std::vector<Bar> rolled_;
};

/// The bars of a batch of trades, all final; order of arrival does not matter but among equal
/// times. The plain definition that BarBuilder is tested against.
[[nodiscard]] std::vector<Bar> bars_from_trades(std::span<const Trade> trades, Interval interval);

} // namespace troupe::trading
