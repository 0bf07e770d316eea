#pragma once

#include "actors/venues/sim/exchange/candles.hpp"
#include "actors/venues/sim/feed.hpp"

#include <deque>
#include <map>
#include <memory>
#include <span>
#include <vector>

namespace troupe::venues::sim::exchange {

/// What of an account's order the market must know of when others trade with it.
class FillSink {
public:
  virtual ~FillSink() = default;
  /// The market's flow traded with an account's order; `trade` is told to the public already.
  virtual void
  on_account_fill(std::size_t market, const matching::Fill& fill, const PublicTrade& trade) = 0;
};

/// Sums of the last 24 hours, to the minute.
struct DayStats {
  Candle sum;                    ///< trades == 0: nothing traded
  std::int64_t close_before = 0; ///< last price before; 0: none
  std::int64_t open_ns = 0;      ///< start of the window
};

struct MarketSettings {
  bool counts_fills = false;       ///< each fill is a trade of its own, else each order and price
  std::size_t trades_max = 50'000; ///< kept
};

/// One instrument of an exchange: the book with the market's flow in it, kept as levels too, its
/// trades and candles.
class Market final : private FeedSink {
public:
  /// @param now  the market starts with the epoch that holds it
  Market(const SimMarket& market,
         std::size_t venue,
         std::size_t index,
         MarketSettings settings,
         TapeHistory& history,
         Timestamp now,
         ExchangeListener& listener,
         FillSink& fills);

  void advance(Timestamp to) { feed_.advance(to, *this); }

  // ---- what it is
  [[nodiscard]] const SimInstrument& instrument() const { return *instrument_; }
  [[nodiscard]] const std::string& base() const { return base_; }
  [[nodiscard]] Price price(std::int64_t tick) const { return instrument_->tick * tick; }
  [[nodiscard]] Quantity quantity(std::int64_t lots) const { return instrument_->lot * lots; }
  [[nodiscard]] Money notional(std::int64_t tick, std::int64_t lots) const {
    return price(tick) * quantity(lots);
  }
  /// Of a sum of tick * lots.
  [[nodiscard]] Money notional(core::int128 tick_lots) const;

  // ---- the book
  using Bids = std::map<std::int64_t, std::int64_t, std::greater<>>; ///< lots by tick, best first
  using Asks = std::map<std::int64_t, std::int64_t>;
  [[nodiscard]] const Bids& bids() const { return bids_; }
  [[nodiscard]] const Asks& asks() const { return asks_; }
  [[nodiscard]] std::uint64_t update_id() const { return update_id_; }
  [[nodiscard]] std::uint64_t sequence() const { return sequence_; }
  [[nodiscard]] matching::Book& book() { return feed_.book(); }
  [[nodiscard]] const matching::Book& book() const { return feed_.book(); }
  /// Key of a resting order, as BookOrderEvent has it.
  [[nodiscard]] std::uint64_t order_key(matching::OrderRef ref) const;
  /// The same of one known to be the market's own, even where it was just filled.
  [[nodiscard]] std::uint64_t key_of_other(matching::OrderRef ref) const;

  // ---- trades
  [[nodiscard]] const std::deque<PublicTrade>& trades() const { return trades_; }
  [[nodiscard]] std::int64_t last_tick() const { return last_tick_; }
  [[nodiscard]] std::uint64_t last_trade_id() const { return last_trade_id_; }
  /// Trades with ids from `id` on, the tape's before the start among them.
  [[nodiscard]] std::vector<PublicTrade> trades_from(std::uint64_t id, std::size_t limit);
  /// The newest ones, ascending.
  [[nodiscard]] std::vector<PublicTrade> trades_newest(std::size_t limit);
  /// Trades of [from_ns, to_ns), the earliest.
  [[nodiscard]] std::vector<PublicTrade>
  trades_between(std::int64_t from_ns, std::int64_t to_ns, std::size_t limit);

  // ---- candles
  [[nodiscard]] const std::deque<Candle>& seconds() const { return seconds_; }
  [[nodiscard]] const std::deque<Candle>& minutes() const { return minutes_; }
  [[nodiscard]] DayStats day_stats(Timestamp now) const;
  /// Sum of the last minutes; @param minutes  at most a day's
  [[nodiscard]] DayStats stats(Timestamp now, std::int64_t minutes) const;
  /// Volume weighted price of the last five minutes, as a sum to be divided.
  [[nodiscard]] Candle last_minutes(Timestamp now, std::int64_t minutes) const;

  // ---- for the exchange, after it changed the book
  PublicTrade print(std::int64_t tick,
                    std::int64_t lots,
                    Side aggressor,
                    Timestamp t,
                    std::uint64_t maker_order,
                    std::uint64_t taker_order);
  void sync_level(Side side, std::int64_t tick, Timestamp t);
  void tell(BookOrderEvent event, Timestamp t);
  [[nodiscard]] std::uint64_t next_other_order() { return others_from + ++other_orders_; }

private:
  void on_trade(const trading::Trade& trade) override;
  void on_snapshot(const trading::BookSnapshot& snapshot) override;
  void on_delta(const trading::BookDelta& delta) override;
  void on_fill(const matching::Fill& fill, Timestamp t) override;
  void on_order_accepted(const matching::NewOrder& order, Timestamp t) override;
  void on_order_matched(const matching::Fill& fill, Timestamp t) override;
  void on_order_rested(const matching::NewOrder& order,
                       matching::OrderRef ref,
                       std::int64_t lots,
                       Timestamp t) override;
  void on_order_canceled(matching::OrderRef ref,
                         const std::optional<matching::RestingOrder>& order,
                         std::int64_t lots,
                         Timestamp t) override;
  void seed(TapeHistory& history, Timestamp live_from);
  void set_level(Side side, std::int64_t tick, std::int64_t lots, Timestamp t);

  const SimInstrument* instrument_;
  std::size_t index_;
  std::string base_;
  MarketSettings settings_;
  TapeHistory& history_;
  ExchangeListener& listener_;
  FillSink& fills_;
  Timestamp live_from_;
  Bids bids_;
  Asks asks_;
  std::uint64_t update_id_ = 0;
  std::uint64_t sequence_ = 0;
  std::deque<PublicTrade> trades_;
  std::uint64_t last_trade_id_ = 0;
  std::uint64_t first_live_id_ = 0;
  std::int64_t last_tick_ = 0;
  std::deque<Candle> seconds_;
  std::deque<Candle> minutes_;
  std::int64_t lots_told_ = 0; ///< of the print in the making, told fill by fill
  std::uint64_t other_orders_ = 0;
  matching::NewOrder taking_;                   ///< the market's own order that trades now
  std::uint64_t taking_key_ = 0;                ///< 0: not told yet
  std::map<std::uint64_t, std::uint64_t> keys_; ///< of resting orders told before they rested
  SimFeed feed_;                                ///< last: its sink is this
};

} // namespace troupe::venues::sim::exchange
