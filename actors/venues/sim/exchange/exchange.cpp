#include "actors/venues/sim/exchange/exchange.hpp"

#include <algorithm>
#include <cmath>

namespace troupe::venues::sim::exchange {

namespace {

constexpr std::int64_t ppm = 1'000'000;
constexpr std::chrono::milliseconds step_max{50}; ///< stops are looked at after each
constexpr std::int64_t inline_epochs_max = 1'500; ///< some 12 ms of computing

std::int64_t fee_ppm(double bps) {
  return std::llround(bps * 100.0);
}

/// a * parts / 1'000'000, rounded down, without overflow of the product.
Money share_of(Money amount, std::int64_t parts) {
  const auto raw = amount.raw();
  return Money::from_raw(raw / ppm * parts + raw % ppm * parts / ppm);
}

Money round_down(Money amount, int digits) {
  const auto step = core::decimal::pow10(Money::digits - digits);
  return Money::from_raw(amount.raw() / step * step);
}

/// Open orders are numbered upward over restarts.
std::uint64_t first_order_id(Timestamp now) {
  constexpr std::int64_t ns_per_id = 62'500'000; // far fewer orders a second than that
  return static_cast<std::uint64_t>(std::max<std::int64_t>(1, now.ns / ns_per_id));
}

} // namespace

Exchange::Exchange(ExchangeSettings settings, Timestamp now, ExchangeListener& listener)
  : settings_(std::move(settings)), sim_(std::make_shared<const SimMarket>(settings_.market)),
    listener_(listener), now_(now), started_(now),
    history_(sim_, settings_.venue, now - settings_.history, now, id_factor()),
    maker_fee_ppm_(fee_ppm(venue().maker_fee_bps)), taker_fee_ppm_(fee_ppm(venue().taker_fee_bps)),
    next_order_id_(first_order_id(now)) {
  for (std::size_t i = 0; i < settings_.market.instruments.size(); ++i) {
    markets_.push_back(std::make_unique<Market>(
      *sim_, settings_.venue, i, MarketSettings{.counts_fills = settings_.counts_fills}, history_,
      now, listener, *this));
  }
  stops_.resize(markets_.size());
  for (const auto& account : settings_.accounts) {
    auto& made = accounts_.emplace_back();
    for (const auto& [asset, amount] : account.balances) {
      made.ledger.book({.kind = EntryKind::DEPOSIT, .asset = asset, .amount = amount, .time = now});
    }
    (void)made.ledger.take_changed();
  }
}

Exchange::~Exchange() = default;

void Exchange::advance(Timestamp now) {
  while (now_ < now) {
    now_ = std::min(now, now_ + step_max);
    for (std::size_t i = 0; i < markets_.size(); ++i) {
      markets_[i]->advance(now_);
      settle_lists();
      trigger_stops(i);
    }
    refill_icebergs();
    expire_orders();
    settle_lists();
    flush_balances();
  }
}

std::optional<std::size_t> Exchange::account_of(std::string_view key) const {
  for (std::size_t i = 0; i < settings_.accounts.size(); ++i) {
    if (settings_.accounts[i].key == key) {
      return i;
    }
  }
  return std::nullopt;
}

const Order* Exchange::order(std::size_t account, std::uint64_t id) const {
  const auto at = orders_.find(id);
  return at == orders_.end() || at->second.account != account ? nullptr : &at->second;
}

const Order* Exchange::order_by_client(std::size_t account, std::string_view client_id) const {
  const auto& ids = accounts_[account].by_client;
  const auto at = ids.find(client_id);
  return at == ids.end() ? nullptr : order(account, at->second);
}

std::vector<const Order*> Exchange::open_orders(std::size_t account) const {
  std::vector<const Order*> out;
  for (const auto id : accounts_[account].open) {
    out.push_back(&orders_.at(id));
  }
  return out;
}

// ---- candles -----------------------------------------------------------------------------------

void Exchange::candles(const CandleQuery& query,
                       CandleSource& source,
                       const CandleSource::Done& done) {
  const auto& live = query.interval->step_ns == 1'000'000'000 ? market(query.market).seconds()
                                                              : market(query.market).minutes();
  const auto from = std::max(query.from_ns, history_.listed().ns);
  const auto live_from = live.empty() ? now_.ns : live.front().open_ns;
  std::vector<Candle> recent;
  for (const auto& candle : live) {
    if (candle.open_ns >= from && candle.open_ns < query.to_ns) {
      recent.push_back(candle);
    }
  }
  auto join = [recent = std::move(recent), interval = query.interval,
               done](std::vector<Candle> past) {
    roll_up(past, recent, *interval);
    done(std::move(past));
  };
  const auto past_to = std::min(live_from, query.to_ns);
  if (from >= past_to) {
    join({});
  } else if ((past_to - from) / epoch_ns <= inline_epochs_max) {
    join(history_.candles(query.market, *query.interval, from, past_to));
  } else {
    source.fetch({query.market, query.interval, from, past_to}, std::move(join));
  }
}

std::optional<Candle> Exchange::open_candle(std::size_t market, const CandleInterval& interval) {
  /// Computes here and now, whatever it takes: half a second for a month at worst.
  struct Inline final : CandleSource {
    explicit Inline(TapeHistory& tape) : history(tape) {}
    void fetch(const CandleQuery& query, Done done) override {
      done(history.candles(query.market, *query.interval, query.from_ns, query.to_ns));
    }
    TapeHistory& history;
  };
  Inline source{history_};
  std::optional<Candle> out;
  candles({market, &interval, interval.open_of(now_.ns), now_.ns + 1}, source,
          [&](std::vector<Candle> found) {
            if (!found.empty()) {
              out = found.back();
            }
          });
  return out;
}

std::vector<Candle>
fill_gaps(std::vector<Candle> candles, const CandleInterval& interval, std::int64_t to_ns) {
  std::vector<Candle> out;
  const auto flat_until = [&](std::int64_t until) {
    while (!out.empty() && interval.shift(out.back().open_ns, 1) < until) {
      Candle flat;
      flat.open_ns = interval.shift(out.back().open_ns, 1);
      flat.open = flat.high = flat.low = flat.close = out.back().close;
      out.push_back(flat);
    }
  };
  for (auto& candle : candles) {
    flat_until(candle.open_ns);
    out.push_back(candle);
  }
  flat_until(to_ns);
  return out;
}

// ---- money -------------------------------------------------------------------------------------

Money Exchange::fee_of(Money amount, bool maker) const {
  return round_down(share_of(amount, maker ? maker_fee_ppm_ : taker_fee_ppm_),
                    settings_.fee_digits);
}

std::string Exchange::pays_with(const Order& order) const {
  return order.side == Side::BUY ? settings_.quote_asset : markets_[order.market]->base();
}

/// What the open rest of an order sets aside.
Money Exchange::cost_of_hold(const Order& order) const {
  const auto& market = *markets_[order.market];
  const auto left = order.lots_left();
  if (order.side == Side::SELL) {
    return Money::from_raw(market.quantity(left).raw() * (Money::unit / Quantity::unit));
  }
  auto tick = order.tick;
  if (is_market(order.kind)) {
    tick = !order.waiting() ? 0 : order.stop_tick != 0 ? order.stop_tick : market.last_tick();
  }
  const auto notional = order.funds && order.lots == 0 ? *order.funds : market.notional(tick, left);
  return settings_.fee_asset == FeeAsset::QUOTE && !order.funds
           ? notional + share_of(notional, std::max(taker_fee_ppm_, maker_fee_ppm_))
           : notional;
}

void Exchange::book(Order& order, const Execution& execution) {
  auto& ledger = accounts_[order.account].ledger;
  const auto& market = *markets_[order.market];
  const auto base =
    Money::from_raw(market.quantity(execution.lots).raw() * (Money::unit / Quantity::unit));
  const bool buy = order.side == Side::BUY;
  const auto entry = [&](EntryKind kind, const std::string& asset, Money amount) {
    ledger.book({.kind = kind,
                 .asset = asset,
                 .amount = amount,
                 .order_id = order.id,
                 .trade_id = execution.trade_id,
                 .market = order.market,
                 .time = execution.time});
  };
  entry(EntryKind::MATCH, market.base(), buy ? base : -base);
  entry(EntryKind::MATCH, settings_.quote_asset, buy ? -execution.quote : execution.quote);
  if (!execution.fee.is_zero()) {
    entry(EntryKind::FEE, execution.fee_asset, -execution.fee);
  }
}

void Exchange::fill_order(Order& order, const PublicTrade& trade, std::int64_t lots, bool maker) {
  const auto& market = *markets_[order.market];
  Execution execution{.trade_id = trade.id,
                      .order_id = order.id,
                      .account = order.account,
                      .market = order.market,
                      .side = order.side,
                      .tick = trade.tick,
                      .lots = lots,
                      .quote = market.notional(trade.tick, lots),
                      .fee = {},
                      .fee_asset = settings_.quote_asset,
                      .maker = maker,
                      .time = trade.time};
  if (settings_.fee_asset == FeeAsset::RECEIVED && order.side == Side::BUY) {
    execution.fee_asset = market.base();
    execution.fee =
      fee_of(Money::from_raw(market.quantity(lots).raw() * (Money::unit / Quantity::unit)), maker);
  } else {
    execution.fee = fee_of(execution.quote, maker);
  }
  order.lots_filled += lots;
  order.quote_filled += execution.quote;
  order.fees += execution.fee;
  order.updated = trade.time;
  order.status = order.lots_left() == 0 ? OrderStatus::FILLED : OrderStatus::PARTIALLY_FILLED;
  auto& account = accounts_[order.account];
  const auto hold = order.lots_left() == 0 ? Money{} : cost_of_hold(order);
  if (hold < order.held) {
    account.ledger.release(pays_with(order), order.held - hold);
    order.held = hold;
  }
  book(order, execution);
  order.fills.push_back(execution);
  account.executions.push_back(execution);
  if (account.executions.size() > settings_.closed_orders_max) {
    account.executions.pop_front();
  }
  if (order.list != 0) {
    due_lists_.insert(order.list);
  }
  listener_.on_order(order, OrderChange::TRADE, &execution);
}

void Exchange::flush_balances() {
  for (std::size_t i = 0; i < accounts_.size(); ++i) {
    if (const auto changed = accounts_[i].ledger.take_changed(); !changed.empty()) {
      listener_.on_balances(i, changed);
    }
  }
}

} // namespace troupe::venues::sim::exchange
