#include "actors/venues/sim/exchange/exchange.hpp"

#include <algorithm>

/// Orders that end or change other than by a trade.
namespace troupe::venues::sim::exchange {

using What = BookOrderEvent::What;

/// The order met one of its account's own at the front: both lose the smaller quantity.
void Exchange::decrement(Order& order) {
  auto& market = *markets_[order.market];
  auto& book = market.book();
  const auto ref = book.front(trading::opposite(order.side));
  auto& maker = orders_.at(book.order(ref).tag);
  const auto lots = std::min(order.lots_left(), maker.lots_left());
  prevent(order, maker, lots, lots);
  matching::NullSink nobody;
  const auto shrink = [&](Order& one) {
    const auto before = one.lots_left();
    one.lots -= lots;
    const auto hold = cost_of_hold(one);
    if (hold < one.held) {
      accounts_[one.account].ledger.release(pays_with(one), one.held - hold);
      one.held = hold;
    }
    market.tell({.what = What::CHANGE,
                 .order = one.id,
                 .own = &one,
                 .side = one.side,
                 .tick = one.tick,
                 .lots = one.lots_left(),
                 .lots_before = before},
                now_);
  };
  shrink(maker);
  shrink(order);
  if (maker.lots_left() == 0) {
    (void)book.cancel(ref, nobody);
    finish(maker, OrderStatus::CANCELED, OrderChange::TRADE_PREVENTION);
  } else {
    (void)book.replace(ref, maker.tick, std::min(book.order(ref).lots, maker.lots_left()), nobody);
  }
  market.sync_level(maker.side, maker.tick, now_);
  if (order.lots_left() == 0) {
    finish(order, OrderStatus::CANCELED, OrderChange::TRADE_PREVENTION);
  }
}

/// Takes an open order out of wherever it is.
void Exchange::withdraw(Order& order, OrderStatus status, OrderChange change) {
  auto& market = *markets_[order.market];
  if (order.waiting()) {
    stops_[order.market].erase(order.id);
  } else if (order.refill) {
    refills_.erase(order.id);
  } else {
    matching::NullSink nobody;
    (void)market.book().cancel(order.ref, nobody);
    market.sync_level(order.side, order.tick, now_);
  }
  finish(order, status, change);
}

Refusal Exchange::cancel(std::size_t account, std::uint64_t order_id) {
  const auto at = orders_.find(order_id);
  if (at == orders_.end() || at->second.account != account || !is_open(at->second.status)) {
    return Refusal::UNKNOWN_ORDER;
  }
  if (at->second.list != 0) {
    return cancel_list(account, at->second.list);
  }
  withdraw(at->second, OrderStatus::CANCELED, OrderChange::CANCELED);
  flush_balances();
  return Refusal::NONE;
}

Refusal Exchange::reduce(std::size_t account, std::uint64_t order_id, std::int64_t lots) {
  const auto at = orders_.find(order_id);
  if (at == orders_.end() || at->second.account != account || !is_open(at->second.status)) {
    return Refusal::UNKNOWN_ORDER;
  }
  auto& order = at->second;
  if (lots >= order.lots || lots <= order.lots_filled) {
    return Refusal::INVALID_QUANTITY;
  }
  const auto before = order.lots_left();
  order.amendments.push_back({order.lots, lots, now_});
  order.lots = lots;
  order.updated = now_;
  auto& market = *markets_[order.market];
  if (!order.waiting() && !order.refill) {
    matching::NullSink nobody;
    const auto shown = market.book().order(order.ref).lots;
    (void)market.book().replace(order.ref, order.tick, std::min(shown, order.lots_left()), nobody);
    market.sync_level(order.side, order.tick, now_);
  }
  const auto hold = std::min(order.held, cost_of_hold(order));
  accounts_[account].ledger.release(pays_with(order), order.held - hold);
  order.held = hold;
  listener_.on_order(order, OrderChange::REDUCED, nullptr);
  market.tell({.what = What::CHANGE,
               .order = order.id,
               .own = &order,
               .side = order.side,
               .tick = order.tick,
               .lots = order.lots_left(),
               .lots_before = before},
              now_);
  flush_balances();
  return Refusal::NONE;
}

// ---- icebergs ----------------------------------------------------------------------------------

/// Of an iceberg that came to rest whole, only a part is shown.
void Exchange::show_part(Order& order) {
  auto& book = markets_[order.market]->book();
  if (order.iceberg_lots != 0 && book.order(order.ref).lots > order.iceberg_lots) {
    matching::NullSink nobody;
    (void)book.replace(order.ref, order.tick, order.iceberg_lots, nobody);
  }
}

/// The next part of each joins the end of its queue.
void Exchange::refill_icebergs() {
  while (!refills_.empty()) {
    auto& order = orders_.at(*refills_.begin());
    refills_.erase(refills_.begin());
    order.refill = false;
    bool again = false;
    run(order, std::min(order.iceberg_lots, order.lots_left()), again);
  }
}

// ---- self-trades -------------------------------------------------------------------------------

/// The order of the same account that would trade with `order` next; null where there is none.
Order* Exchange::own_front(const Order& order) {
  const auto& book = markets_[order.market]->book();
  if (order.side == Side::BUY ? book.asks().empty() : book.bids().empty()) {
    return nullptr;
  }
  const auto at = orders_.find(book.order(book.front(trading::opposite(order.side))).tag);
  return at == orders_.end() || at->second.account != order.account ? nullptr : &at->second;
}

void Exchange::prevent(Order& taker,
                       Order& maker,
                       std::int64_t maker_lots,
                       std::int64_t taker_lots) {
  auto& kept = accounts_[taker.account].prevented;
  kept.push_back({.id = ++prevented_,
                  .market = taker.market,
                  .taker_order = taker.id,
                  .maker_order = maker.id,
                  .mode = taker.self_trade,
                  .tick = maker.tick,
                  .maker_lots = maker_lots,
                  .taker_lots = taker_lots,
                  .time = now_});
  if (kept.size() > settings_.closed_orders_max) {
    kept.pop_front();
  }
  maker.prevented_match = taker.prevented_match = prevented_;
  maker.lots_prevented += maker_lots;
  taker.lots_prevented += taker_lots;
}

/// The end of an order: nothing is held for it any more. A filled one was told by its last trade.
void Exchange::finish(Order& order, OrderStatus status, OrderChange change) {
  auto& account = accounts_[order.account];
  account.ledger.release(pays_with(order), order.held);
  order.held = {};
  order.status = status;
  if (status != OrderStatus::FILLED) {
    order.updated = now_;
  }
  account.open.erase(order.id);
  expiring_.erase(order.id);
  closed_.push_back(order.id);
  if (order.list != 0) {
    due_lists_.insert(order.list);
  }
  if (change != OrderChange::TRADE) {
    listener_.on_order(order, change, nullptr);
  }
  markets_[order.market]->tell({.what = What::DONE,
                                .order = order.id,
                                .own = &order,
                                .side = order.side,
                                .tick = order.tick,
                                .lots = order.lots_left(),
                                .market_order = is_market(order.kind),
                                .filled = status == OrderStatus::FILLED},
                               order.updated);
}

} // namespace troupe::venues::sim::exchange
