#include "actors/venues/sim/exchange/market.hpp"

#include <algorithm>

namespace troupe::venues::sim::exchange {

namespace {

constexpr std::int64_t market_second_ns = 1'000'000'000;
constexpr std::int64_t market_minute_ns = 60 * market_second_ns;
constexpr std::int64_t seconds_kept = 7'200;
constexpr std::int64_t minutes_kept = 14 * 1'440;
constexpr std::int64_t minutes_seeded = 1'500;
constexpr std::int64_t seconds_seeded = 1'200;

/// A resting order's slot and generation as one number.
std::uint64_t ref_key(matching::OrderRef ref) {
  return (std::uint64_t{ref.generation()} << 32U) | ref.slot();
}

Timestamp epoch_start(Timestamp t) {
  return {epoch_of(t) * epoch_ns};
}

} // namespace

Market::Market(const SimMarket& market,
               std::size_t venue,
               std::size_t index,
               MarketSettings settings,
               TapeHistory& history,
               Timestamp now,
               ExchangeListener& listener,
               FillSink& fills)
  : instrument_(&market.settings().instruments.at(index)), index_(index),
    base_(instrument_->symbol.substr(0, instrument_->symbol.find('-'))), settings_(settings),
    history_(history), listener_(listener), fills_(fills), live_from_(epoch_start(now)),
    feed_(market, venue, index, Timestamp{live_from_.ns - 1}) {
  last_trade_id_ = history.last_id_before(index, epoch_of(now));
  first_live_id_ = last_trade_id_ + 1;
  // Numbers of an epoch's changes stay below 2^20 each: ids grow over restarts.
  update_id_ = static_cast<std::uint64_t>(epoch_of(now)) << 12U;
  sequence_ = static_cast<std::uint64_t>(epoch_of(now)) << 12U;
  seed(history, live_from_);
  on_snapshot(feed_.snapshot());
  feed_.advance(now, *this);
}

void Market::seed(TapeHistory& history, Timestamp live_from) {
  const auto* const second = find_candle_interval("1s");
  const auto* const minute = find_candle_interval("1m");
  const auto to = live_from.ns;
  for (auto& one : history.candles(index_, *minute, to - minutes_seeded * market_minute_ns, to)) {
    minutes_.push_back(one);
  }
  for (auto& one : history.candles(index_, *second, to - seconds_seeded * market_second_ns, to)) {
    seconds_.push_back(one);
  }
  last_tick_ = minutes_.empty() ? 0 : minutes_.back().close;
}

Money Market::notional(core::int128 tick_lots) const {
  // Price and quantity have 10 and 8 digits, money 18: the product of the raw steps is exact.
  return Money::from_raw(tick_lots * instrument_->tick.raw() * instrument_->lot.raw());
}

std::uint64_t Market::order_key(matching::OrderRef ref) const {
  const auto order = feed_.book().order(ref);
  return order.owner != matching::anonymous ? order.tag : key_of_other(ref);
}

std::uint64_t Market::key_of_other(matching::OrderRef ref) const {
  const auto at = keys_.find(ref_key(ref));
  return at != keys_.end() ? at->second : others_from + (std::uint64_t{1} << 61U) + ref_key(ref);
}

PublicTrade Market::print(std::int64_t tick,
                          std::int64_t lots,
                          Side aggressor,
                          Timestamp t,
                          std::uint64_t maker_order,
                          std::uint64_t taker_order) {
  const PublicTrade trade{++last_trade_id_, tick, lots, aggressor, t, maker_order, taker_order};
  trades_.push_back(trade);
  if (trades_.size() > settings_.trades_max) {
    trades_.pop_front();
  }
  last_tick_ = tick;
  add_to(seconds_, trade, market_second_ns);
  add_to(minutes_, trade, market_minute_ns);
  if (seconds_.size() > static_cast<std::size_t>(seconds_kept)) {
    seconds_.pop_front();
  }
  if (minutes_.size() > static_cast<std::size_t>(minutes_kept)) {
    minutes_.pop_front();
  }
  listener_.on_trade(index_, trade);
  return trade;
}

void Market::set_level(Side side, std::int64_t tick, std::int64_t lots, Timestamp t) {
  const auto change = [&](auto& levels) {
    const auto at = levels.find(tick);
    const auto before = at == levels.end() ? 0 : at->second;
    if (before == lots) {
      return;
    }
    lots == 0 ? void(levels.erase(at)) : void(levels[tick] = lots);
    listener_.on_level(index_, {++update_id_, side, tick, lots}, t);
  };
  side == Side::BUY ? change(bids_) : change(asks_);
}

void Market::sync_level(Side side, std::int64_t tick, Timestamp t) {
  set_level(side, tick, feed_.book().lots_at(side, tick), t);
}

void Market::tell(BookOrderEvent event, Timestamp t) {
  event.sequence = ++sequence_;
  event.time = t;
  listener_.on_book_order(index_, event);
}

void Market::on_delta(const trading::BookDelta& delta) {
  // Levels are gone before better ones of the other side come: a reader never sees them crossed.
  const auto apply = [&](Side side, const std::vector<trading::Level>& levels, bool removals) {
    for (const auto& level : levels) {
      if (level.quantity.is_zero() == removals) {
        sync_level(side, static_cast<std::int64_t>(level.price.multiple_of(instrument_->tick)),
                   delta.ts_event);
      }
    }
  };
  for (const bool removals : {true, false}) {
    apply(Side::BUY, delta.bids, removals);
    apply(Side::SELL, delta.asks, removals);
  }
}

void Market::on_snapshot(const trading::BookSnapshot& snapshot) {
  std::vector<std::pair<Side, std::int64_t>> touched;
  const auto gone = [&](Side side, const auto& levels) {
    for (const auto& [tick, lots] : levels) {
      if (feed_.book().lots_at(side, tick) == 0) {
        touched.emplace_back(side, tick);
      }
    }
  };
  gone(Side::BUY, bids_);
  gone(Side::SELL, asks_);
  const auto present = [&](Side side, const auto& ladder) {
    ladder.for_each([&](std::int64_t tick, const matching::PriceLevel&) {
      touched.emplace_back(side, tick);
      return true;
    });
  };
  present(Side::BUY, feed_.book().bids());
  present(Side::SELL, feed_.book().asks());
  for (const auto& [side, tick] : touched) {
    sync_level(side, tick, snapshot.ts_event);
  }
}

void Market::on_trade(const trading::Trade& trade) {
  const auto lots =
    static_cast<std::int64_t>(trade.quantity.multiple_of(instrument_->lot)) - lots_told_;
  lots_told_ = 0;
  if (lots > 0) {
    print(static_cast<std::int64_t>(trade.price.multiple_of(instrument_->tick)), lots,
          trade.aggressor, trade.ts_event, 0, 0);
  }
}

void Market::on_order_accepted(const matching::NewOrder& order, Timestamp) {
  taking_ = order;
  taking_key_ = 0;
}

void Market::on_order_matched(const matching::Fill& fill, Timestamp t) {
  if (taking_key_ == 0) {
    taking_key_ = next_other_order();
    tell({.what = BookOrderEvent::What::RECEIVED,
          .order = taking_key_,
          .side = taking_.side,
          .tick = taking_.tick,
          .lots = taking_.lots},
         t);
  }
  if (fill.maker_owner != matching::anonymous || !settings_.counts_fills) {
    return; // on_fill follows, or the print of all of them
  }
  const auto maker = key_of_other(fill.maker);
  lots_told_ += fill.lots;
  const auto trade = print(fill.tick, fill.lots, fill.aggressor, t, maker, taking_key_);
  tell({.what = BookOrderEvent::What::MATCH,
        .order = maker,
        .side = trading::opposite(fill.aggressor),
        .tick = fill.tick,
        .lots = fill.maker_lots_left,
        .trade = &trade},
       t);
  if (fill.maker_lots_left == 0) {
    tell({.what = BookOrderEvent::What::DONE,
          .order = maker,
          .side = trading::opposite(fill.aggressor),
          .tick = fill.tick,
          .filled = true},
         t);
    keys_.erase(ref_key(fill.maker));
  }
  if (fill.taker_lots_left == 0) {
    tell({.what = BookOrderEvent::What::DONE,
          .order = taking_key_,
          .side = fill.aggressor,
          .tick = taking_.tick,
          .filled = true},
         t);
  }
}

void Market::on_fill(const matching::Fill& fill, Timestamp t) {
  lots_told_ += fill.lots;
  const auto trade = print(fill.tick, fill.lots, fill.aggressor, t, fill.maker_tag, taking_key_);
  fills_.on_account_fill(index_, fill, trade);
  if (fill.taker_lots_left == 0) {
    tell({.what = BookOrderEvent::What::DONE,
          .order = taking_key_,
          .side = fill.aggressor,
          .tick = taking_.tick,
          .filled = true},
         t);
  }
}

void Market::on_order_rested(const matching::NewOrder& order,
                             matching::OrderRef ref,
                             std::int64_t lots,
                             Timestamp t) {
  auto key = taking_key_;
  if (key == 0) {
    key = order_key(ref);
    tell({.what = BookOrderEvent::What::RECEIVED,
          .order = key,
          .side = order.side,
          .tick = order.tick,
          .lots = order.lots},
         t);
  } else {
    keys_[ref_key(ref)] = key;
  }
  tell({.what = BookOrderEvent::What::OPEN,
        .order = key,
        .side = order.side,
        .tick = order.tick,
        .lots = lots},
       t);
}

void Market::on_order_canceled(matching::OrderRef ref,
                               const std::optional<matching::RestingOrder>& order,
                               std::int64_t lots,
                               Timestamp t) {
  if (!order && taking_key_ == 0) {
    return; // nobody has heard of it
  }
  BookOrderEvent event{.what = BookOrderEvent::What::DONE, .lots = lots};
  if (order) {
    event.order = order_key(ref);
    event.side = order->side;
    event.tick = order->tick;
    keys_.erase(ref_key(ref));
  } else {
    event.order = taking_key_;
    event.side = taking_.side;
    event.tick = taking_.tick;
  }
  tell(event, t);
}

std::vector<PublicTrade> Market::trades_from(std::uint64_t id, std::size_t limit) {
  std::vector<PublicTrade> out;
  if (id < first_live_id_) {
    out = history_.trades_from(index_, id, live_from_.ns, limit);
  }
  const auto at = std::lower_bound(trades_.begin(), trades_.end(), id,
                                   [](const PublicTrade& a, std::uint64_t b) { return a.id < b; });
  for (auto next = at; next != trades_.end() && out.size() < limit; ++next) {
    out.push_back(*next);
  }
  return out;
}

std::vector<PublicTrade> Market::trades_newest(std::size_t limit) {
  const auto first = last_trade_id_ + 1 > limit ? last_trade_id_ + 1 - limit : 1;
  return trades_from(first, limit);
}

std::vector<PublicTrade>
Market::trades_between(std::int64_t from_ns, std::int64_t to_ns, std::size_t limit) {
  std::vector<PublicTrade> out;
  if (from_ns < live_from_.ns) {
    out = history_.trades(index_, from_ns, std::min(to_ns, live_from_.ns), limit);
  }
  for (const auto& trade : trades_) {
    if (out.size() >= limit || trade.time.ns >= to_ns) {
      break;
    }
    if (trade.time.ns >= from_ns) {
      out.push_back(trade);
    }
  }
  return out;
}

Candle Market::last_minutes(Timestamp now, std::int64_t minutes) const {
  return stats(now, minutes).sum;
}

DayStats Market::day_stats(Timestamp now) const {
  return stats(now, 1'440);
}

DayStats Market::stats(Timestamp now, std::int64_t minutes) const {
  DayStats out;
  const auto from = core::floor(now, std::chrono::minutes{1}).ns - minutes * market_minute_ns;
  out.open_ns = now.ns - minutes * market_minute_ns;
  for (auto at = minutes_.rbegin(); at != minutes_.rend(); ++at) {
    if (at->open_ns < from) {
      out.close_before = at->close;
      break;
    }
    auto sum = *at;
    if (out.sum.trades != 0) {
      sum.add(out.sum);
    }
    out.sum = sum;
  }
  return out;
}

} // namespace troupe::venues::sim::exchange
