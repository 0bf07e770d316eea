#include "actors/venues/sim/exchange/exchange.hpp"

#include <algorithm>

namespace troupe::venues::sim::exchange {

/// Whether a rising price triggers it: a stop buys into strength and sells into weakness, a
/// take-profit the other way round.
bool Exchange::rising(const PlaceOrder& order) const {
  const bool loss = order.kind == OrderKind::STOP_LOSS || order.kind == OrderKind::STOP_LOSS_LIMIT;
  return (order.side == Side::BUY) == loss;
}

bool Exchange::would_trigger(const PlaceOrder& order) const {
  if (!is_stop(order.kind) || order.stop_tick == 0) {
    return false;
  }
  const auto last = markets_[order.market]->last_tick();
  return last != 0 && (rising(order) ? last >= order.stop_tick : last <= order.stop_tick);
}

/// A trailing stop's trigger follows the best price since it counts: from its start, or from when
/// the price first reached its stop.
void Exchange::follow_trail(Order& order) const {
  constexpr std::int64_t bips = 10'000;
  const auto last = markets_[order.market]->last_tick();
  if (order.trailing_bips == 0 || last == 0
      || (order.trail_tick == 0 && order.stop_tick != 0 && !would_trigger(order))) {
    return;
  }
  const bool up = rising(order);
  order.trail_tick = order.trail_tick == 0 ? last
                     : up                  ? std::min(order.trail_tick, last)
                                           : std::max(order.trail_tick, last);
  const auto away = std::max<std::int64_t>(1, order.trail_tick * order.trailing_bips / bips);
  order.stop_tick = up ? order.trail_tick + away : order.trail_tick - away;
}

void Exchange::trigger_stops(std::size_t index) {
  auto& waiting = stops_[index];
  for (bool any = true; any && !waiting.empty();) { // what one sets off may set off others
    any = false;
    for (const auto id : std::vector<std::uint64_t>(waiting.begin(), waiting.end())) {
      if (!waiting.contains(id)) {
        continue; // ended by one before it
      }
      auto& order = orders_.at(id);
      follow_trail(order);
      if ((order.trailing_bips != 0 && order.trail_tick == 0) || !would_trigger(order)) {
        continue;
      }
      any = true;
      waiting.erase(id);
      order.triggered = true;
      order.updated = now_;
      markets_[index]->tell({.what = BookOrderEvent::What::ACTIVATE,
                             .order = id,
                             .own = &order,
                             .side = order.side,
                             .tick = order.tick,
                             .lots = order.lots_left()},
                            now_);
      listener_.on_order(order, OrderChange::TRIGGERED, nullptr);
      if (order.list != 0) { // the other one of its pair ends, and with it what that set aside
        due_lists_.insert(order.list);
        settle_lists();
      }
      if (is_market(order.kind)) {
        accounts_[order.account].ledger.release(pays_with(order), order.held);
        order.held = {};
        if (size_market_order(order) != Refusal::NONE) {
          finish(order, OrderStatus::EXPIRED, OrderChange::EXPIRED);
          continue;
        }
      }
      if (is_open(order.status)) {
        execute(order);
      }
    }
  }
}

void Exchange::expire_orders() {
  for (const auto id : std::vector<std::uint64_t>(expiring_.begin(), expiring_.end())) {
    if (const auto& order = orders_.at(id); *order.expires <= now_) {
      (void)cancel(order.account, id);
    }
  }
}

void Exchange::forget_old() {
  while (lists_.size() > settings_.closed_orders_max && lists_.begin()->second.done) {
    lists_.erase(lists_.begin());
  }
  while (closed_.size() > settings_.closed_orders_max) {
    const auto at = orders_.find(closed_.front());
    closed_.pop_front();
    auto& by_client = accounts_[at->second.account].by_client;
    if (const auto known = by_client.find(at->second.client_id);
        known != by_client.end() && known->second == at->first) {
      by_client.erase(known);
    }
    orders_.erase(at);
  }
}

} // namespace troupe::venues::sim::exchange
