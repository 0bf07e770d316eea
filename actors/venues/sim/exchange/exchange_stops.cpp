#include "actors/venues/sim/exchange/exchange.hpp"

namespace troupe::venues::sim::exchange {

bool Exchange::would_trigger(const PlaceOrder& order) const {
  if (!is_stop(order.kind)) {
    return false;
  }
  const auto last = markets_[order.market]->last_tick();
  const bool loss = order.kind == OrderKind::STOP_LOSS || order.kind == OrderKind::STOP_LOSS_LIMIT;
  // A stop buys into strength and sells into weakness, a take-profit the other way round.
  const bool above = (order.side == Side::BUY) == loss;
  return last != 0 && (above ? last >= order.stop_tick : last <= order.stop_tick);
}

void Exchange::trigger_stops(std::size_t index) {
  auto& waiting = stops_[index];
  for (bool any = true; any && !waiting.empty();) { // what one sets off may set off others
    any = false;
    for (const auto id : std::vector<std::uint64_t>(waiting.begin(), waiting.end())) {
      auto& order = orders_.at(id);
      if (!would_trigger(order)) {
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
      if (is_market(order.kind)) {
        accounts_[order.account].ledger.release(pays_with(order), order.held);
        order.held = {};
        if (size_market_order(order) != Refusal::NONE) {
          finish(order, OrderStatus::EXPIRED, OrderChange::EXPIRED);
          continue;
        }
      }
      execute(order);
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
