#pragma once

#include "actors/venues/sim/market.hpp"
#include "trading/bar.hpp"

#include <optional>

namespace troupe::venues::sim {

/// Where a venue quotes an instrument from a moment on.
struct Quote {
  std::int64_t ts_ns = 0;
  std::int64_t bid_tick = 0;
  std::int64_t ask_tick = 0; ///< above the bid
};

/// A print while nobody else trades.
struct Print {
  std::int64_t ts_ns = 0;
  std::int64_t tick = 0; ///< the ask where the aggressor buys, else the bid
  std::int64_t lots = 0;
  trading::Side aggressor = trading::Side::BUY;
};

/// What happens on one venue in one instrument in one epoch: quotes and prints, both in order of
/// time. The book is built around it (feed.hpp), so that bars of the past need no book.
struct EpochTape {
  std::int64_t epoch = 0;
  trading::Regime episode = trading::Regime::RANGING;
  std::array<Quote, epoch_steps> quotes{};
  std::vector<Print> prints; ///< fewer than 65536
};

/// Makes tapes, a function of (settings, venue, instrument, epoch).
/// @cost  about 8 us a tape at 1.5 trades per second, in the order of time (bench_sim)
class TapeMaker {
public:
  /// @pre indices within the settings
  TapeMaker(const SimMarket& market, std::size_t venue, std::size_t instrument);

  /// @param tape  overwritten; its memory is used again
  void make(std::int64_t epoch, EpochTape& tape);

  /// How many prints an epoch has, without making them.
  [[nodiscard]] std::size_t print_count(std::int64_t epoch) const;

  /// Noise of this venue and instrument for other uses, by name.
  [[nodiscard]] std::uint64_t stream(std::string_view name) const;
  [[nodiscard]] double typical_lots() const { return typical_lots_; }

private:
  void make_quotes(EpochTape& tape, std::array<double, epoch_steps + 1>& middles);
  [[nodiscard]] std::size_t print_count(std::int64_t epoch, trading::Regime episode) const;
  void make_prints(EpochTape& tape, const std::array<double, epoch_steps + 1>& middles);

  const SimMarket* market_;
  std::size_t venue_;
  std::size_t instrument_;
  LatentPath path_;
  std::uint64_t stream_;
  double price_ticks_;  ///< the settings price
  double typical_lots_; ///< of a print
};

/// The final bars with start <= ts_open and ts_close <= end, ascending, at most `limit`: the
/// earliest ones, or without `start` the newest. Equal to the bit to bars built from a live feed
/// that nobody traded against.
/// @param limit  at most max_history_bars
/// @returns INVALID_ARGUMENT where limit is 0 or above that, or the times are out of order
/// @cost  about 8 us per minute of time, so 500 bars: 1h about 0.3 s, 4h 1.2 s, 1d 7 s (bench_sim)
[[nodiscard]] core::Result<std::vector<trading::Bar>> history(const SimMarket& market,
                                                              std::size_t venue,
                                                              std::size_t instrument,
                                                              trading::Interval interval,
                                                              std::optional<core::Timestamp> start,
                                                              core::Timestamp end,
                                                              std::size_t limit);
inline constexpr std::size_t max_history_bars = 1000;

} // namespace troupe::venues::sim
