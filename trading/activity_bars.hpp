#pragma once

#include "trading/bar.hpp"
#include "trading/bar_spec.hpp"
#include "trading/trade.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace troupe::trading {

/// A bar made of trades rather than of time, and which they are.
struct ActivityBar {
  Bar bar;
  std::uint64_t first_trade_id = 0;
  std::uint64_t last_trade_id = 0;

  friend bool operator==(const ActivityBar&, const ActivityBar&) = default;
};

/// Builds tick, volume or value bars from the trades of one instrument.
///
/// - Trades are taken in the order of their ids. One whose id is not above the last is a repeated
/// or
///   late one: it is counted, and alters nothing.
/// - A bar takes whole trades and closes with the one by which it reaches its threshold.
/// - The count begins anew at 00:00 UTC: the first trade of a later day, or the watermark, closes
///   what was left of the day before. So the bars of a day are a function of that day's trades,
///   whenever and wherever they are built.
/// - ts_open is the time of the first trade, ts_close one nanosecond after that of the latest.
/// Where
///   a bar begins before the one before it ends (several trades of one time), it is moved to that
///   end: bars never overlap, and each ts_open is unique.
/// - Where trades are known to be missing, the bars on either side of the hole say `incomplete`.
///
/// Cost per trade: O(1).
class ActivityBarBuilder {
public:
  /// @param spec            @pre not of time
  /// @param contiguous_ids  the venue counts its trades without a gap: a jump means missing ones
  ActivityBarBuilder(BarSpec spec, bool contiguous_ids);

  /// Goes on as if a bar had just ended before this time, and all trades below the id were known.
  void resume(core::Timestamp ts_open, std::uint64_t first_trade_id);

  /// @param closed  the bars that this trade closes are appended
  /// @returns false where the trade was late
  /// Throws core::ErrorException where a sum overflows; nothing is changed then.
  bool add(const Trade& trade, std::vector<ActivityBar>& closed);

  /// Says that no trade before `watermark` will come.
  void advance(core::Timestamp watermark, std::vector<ActivityBar>& closed);

  /// Trades are missing between those that were added and those that will be.
  void mark_missing();

  /// The bar in the making, its `final` false.
  [[nodiscard]] const std::optional<ActivityBar>& open() const { return open_; }
  [[nodiscard]] const BarSpec& spec() const { return spec_; }
  [[nodiscard]] std::uint64_t last_trade_id() const { return last_id_; }
  [[nodiscard]] std::uint64_t late() const { return late_; }

private:
  void begin(const Trade& trade);
  void extend(const Trade& trade);
  void close(std::vector<ActivityBar>& closed);

  BarSpec spec_;
  bool contiguous_;
  std::optional<ActivityBar> open_;
  core::int128 sum_ = 0;                    ///< of the open bar, in the threshold's unit
  core::Timestamp day_{INT64_MIN};          ///< of the newest trade
  core::Timestamp closed_until_{INT64_MIN}; ///< end of the last bar
  std::uint64_t last_id_ = 0;
  bool any_ = false;     ///< last_id_ is one
  bool missing_ = false; ///< before the next trade
  std::uint64_t late_ = 0;
};

/// The bars of a set of trades in any order, the one in the making last: the plain definition that
/// ActivityBarBuilder is tested against. @pre spec is not of time
[[nodiscard]] std::vector<ActivityBar> activity_bars_from_trades(std::span<const Trade> trades,
                                                                 const BarSpec& spec);

} // namespace troupe::trading
