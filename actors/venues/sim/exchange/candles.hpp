#pragma once

#include "actors/venues/sim/exchange/types.hpp"
#include "actors/venues/sim/market.hpp"
#include "actors/venues/sim/tape.hpp"

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

namespace troupe::venues::sim::exchange {

/// A length of candles that a venue offers: fixed, or a calendar month.
struct CandleInterval {
  std::string_view text;
  std::int64_t step_ns = 0;   ///< 0: calendar months in UTC
  std::int64_t offset_ns = 0; ///< of the first start after 1970: weeks start on Monday
  std::int64_t zone_ns = 0;   ///< clocks are so far ahead of UTC: days start at their midnight

  /// Start of the candle that holds `t`.
  [[nodiscard]] std::int64_t open_of(std::int64_t t) const;
  /// Start of the candle `n` after the one that starts at `open`; n may be negative.
  [[nodiscard]] std::int64_t shift(std::int64_t open, std::int64_t n) const;
};

/// 1s 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M
[[nodiscard]] const std::array<CandleInterval, 16>& candle_intervals();
/// Null where there is none of that name; case matters.
[[nodiscard]] const CandleInterval* find_candle_interval(std::string_view text);

/// What traded in an interval, in ticks and lots.
struct Candle {
  std::int64_t open_ns = 0;
  std::int64_t open = 0;
  std::int64_t high = 0;
  std::int64_t low = 0;
  std::int64_t close = 0;
  std::int64_t lots = 0;
  std::int64_t lots_bought = 0; ///< by aggressors
  core::int128 tick_lots = 0;   ///< sum of tick * lots
  core::int128 tick_lots_bought = 0;
  std::uint64_t trades = 0;
  std::uint64_t first_id = 0;
  std::uint64_t last_id = 0;

  void add(const PublicTrade& trade);
  /// `later` comes after this one.
  void add(const Candle& later);
};

/// Adds a trade to the last candle of a series, or opens the next.
void add_to(std::deque<Candle>& series, const PublicTrade& trade, std::int64_t step_ns);

/// Sums up candles into those of a longer interval, behind what `out` holds already.
template <class Series>
void roll_up(std::vector<Candle>& out, const Series& from, const CandleInterval& interval) {
  for (const Candle& candle : from) {
    const auto open = interval.open_of(candle.open_ns);
    if (!out.empty() && out.back().open_ns == open) {
      out.back().add(candle);
    } else {
      out.push_back(candle);
      out.back().open_ns = open;
    }
  }
}

/// What the tape says of the time before an exchange was started: a function of (settings, venue,
/// time), with trade ids counted from a fixed day on.
class TapeHistory {
public:
  /// @param listed     nothing is told of before
  /// @param live_from  where an exchange takes over; it counts on from the last id before
  /// @param id_factor  an exchange that counts fills singly uses up more ids than there are
  ///                   prints: ids start so much further on that they do not fall back when it is
  ///                   started again
  TapeHistory(std::shared_ptr<const SimMarket> market,
              std::size_t venue,
              Timestamp listed,
              Timestamp live_from,
              std::uint64_t id_factor);

  [[nodiscard]] Timestamp listed() const { return listed_; }

  /// Candles of the prints of [from_ns, to_ns), ascending, none where nothing traded; the first
  /// and the last hold what of them lies within.
  /// @cost  8 us a minute of time; whole hours are kept, and cost nothing the next time
  [[nodiscard]] std::vector<Candle> candles(std::size_t instrument,
                                            const CandleInterval& interval,
                                            std::int64_t from_ns,
                                            std::int64_t to_ns);
  /// Id of the last trade before an epoch.
  [[nodiscard]] std::uint64_t last_id_before(std::size_t instrument, std::int64_t epoch);
  /// Trades of [from_ns, to_ns), at most `limit`, the earliest.
  [[nodiscard]] std::vector<PublicTrade>
  trades(std::size_t instrument, std::int64_t from_ns, std::int64_t to_ns, std::size_t limit);
  /// Trades with ids from `id` on that come before `to_ns`.
  [[nodiscard]] std::vector<PublicTrade>
  trades_from(std::size_t instrument, std::uint64_t id, std::int64_t to_ns, std::size_t limit);

private:
  struct Track {
    TapeMaker maker;
    std::int64_t first_block = 0;
    std::vector<std::uint64_t> before; ///< prints before each block since first_block
    std::uint64_t id_offset = 0;
    std::map<std::int64_t, std::optional<Candle>> hours; ///< by start
  };
  [[nodiscard]] const std::optional<Candle>& hour(std::size_t instrument, std::int64_t open_ns);
  void scan(std::size_t instrument,
            std::int64_t from_ns,
            std::int64_t to_ns,
            const std::function<bool(const PublicTrade&)>& take);
  [[nodiscard]] std::uint64_t prints_before(std::size_t instrument, std::int64_t epoch);

  std::shared_ptr<const SimMarket> market_;
  Timestamp listed_;
  std::vector<Track> tracks_;
  EpochTape tape_;
};

} // namespace troupe::venues::sim::exchange
