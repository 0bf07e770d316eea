#include "actors/venues/sim/exchange/exchange.hpp"

#include <algorithm>

/// Orders that hang together: OCO, OTO, and both (OTOCO).
namespace troupe::venues::sim::exchange {

namespace {

/// Where an order of a pair stands: the price at which it begins to trade.
std::int64_t mark_of(const PlaceOrder& order) {
  return is_stop(order.kind) ? order.stop_tick : order.tick;
}

/// The two that end one another; empty where there are none.
std::vector<std::uint64_t> pair_of(const OrderList& list) {
  if (list.contingency == Contingency::OCO) {
    return list.orders;
  }
  return list.orders.size() == 3
           ? std::vector<std::uint64_t>{list.orders.begin() + 1, list.orders.end()}
           : std::vector<std::uint64_t>{};
}

} // namespace

Refusal Exchange::check_list(const PlaceList& list) const {
  const bool first_alone = list.contingency == Contingency::OTO;
  for (std::size_t i = 0; i < list.orders.size(); ++i) {
    const bool pending = first_alone && i > 0;
    const auto refusal = pending ? check_form(list.orders[i]) : check(list.orders[i]);
    if (refusal != Refusal::NONE) {
      return refusal;
    }
  }
  if (first_alone && list.orders.size() < 3) {
    return Refusal::NONE;
  }
  const auto& one = list.orders[list.orders.size() - 2];
  const auto& other = list.orders.back();
  const auto [below, above] = std::minmax({mark_of(one), mark_of(other)});
  const auto last = markets_[list.market]->last_tick();
  const bool around = first_alone ? below < above : below < last && last < above;
  const bool trails = one.trailing_bips != 0 || other.trailing_bips != 0;
  return around || trails ? Refusal::NONE : Refusal::LIST_PRICES;
}

Placed Exchange::place_list(const PlaceList& request) {
  if (const auto refusal = check_list(request); refusal != Refusal::NONE) {
    return {refusal};
  }
  const bool first_alone = request.contingency == Contingency::OTO;
  std::vector<Order> made;
  for (const auto& wanted : request.orders) {
    Order order;
    static_cast<PlaceOrder&>(order) = wanted;
    if (made.empty() || !first_alone) { // one amount pays for either of a pair
      const auto covered = made.empty() ? Money{} : made.front().held;
      if (const auto refusal = admit(order, covered); refusal != Refusal::NONE) {
        if (!made.empty()) {
          accounts_[request.account].ledger.release(pays_with(made.front()), covered);
        }
        return {refusal};
      }
    }
    made.push_back(std::move(order));
  }
  auto& list = lists_[next_list_id_];
  list = {.id = next_list_id_++,
          .account = request.account,
          .market = request.market,
          .client_id = request.client_id,
          .contingency = request.contingency,
          .orders = {},
          .done = false,
          .time = now_};
  for (auto& order : made) {
    order.list = list.id;
    const bool pending = first_alone && !list.orders.empty();
    const auto& kept =
      keep(std::move(order), pending ? OrderStatus::PENDING_NEW : OrderStatus::NEW);
    list.orders.push_back(kept.id);
  }
  listener_.on_list(list);
  const auto ids = list.orders;
  for (const auto id : ids) {
    listener_.on_order(orders_.at(id), OrderChange::NEW, nullptr);
  }
  for (const auto id : ids) {
    auto& order = orders_.at(id);
    if (is_open(order.status) && order.status != OrderStatus::PENDING_NEW) {
      start(order);
    }
  }
  const auto list_id = list.id;
  after_change();
  return {Refusal::NONE, list_id};
}

Refusal Exchange::cancel_list(std::size_t account, std::uint64_t list_id) {
  const auto at = lists_.find(list_id);
  if (at == lists_.end() || at->second.account != account || at->second.done) {
    return Refusal::UNKNOWN_ORDER;
  }
  for (const auto id : at->second.orders) {
    if (auto& order = orders_.at(id); is_open(order.status)) {
      withdraw(order, OrderStatus::CANCELED, OrderChange::CANCELED);
    }
  }
  settle_lists();
  flush_balances();
  return Refusal::NONE;
}

void Exchange::settle_lists() {
  while (!due_lists_.empty()) { // what one sets off may make others due
    const auto id = *due_lists_.begin();
    due_lists_.erase(due_lists_.begin());
    settle_list(lists_.at(id));
  }
}

void Exchange::settle_list(OrderList& list) {
  if (list.done) {
    return;
  }
  if (list.contingency == Contingency::OTO) {
    const auto& first = orders_.at(list.orders.front());
    if (orders_.at(list.orders[1]).status == OrderStatus::PENDING_NEW && !is_open(first.status)) {
      activate(list);
    }
  }
  if (const auto pair = pair_of(list); !pair.empty()) {
    auto& one = orders_.at(pair[0]);
    auto& other = orders_.at(pair[1]);
    settle_pair(one, other);
    settle_pair(other, one);
  }
  list.done = std::none_of(list.orders.begin(), list.orders.end(),
                           [&](std::uint64_t id) { return is_open(orders_.at(id).status); });
  if (list.done) {
    listener_.on_list(list);
  }
}

/// What `one` began ends `other`.
void Exchange::settle_pair(Order& one, Order& other) {
  const bool begun = one.lots_filled > 0 || one.triggered || !is_open(one.status);
  const bool untouched = other.lots_filled == 0 && !other.triggered;
  if (begun && untouched && is_open(other.status)) {
    const bool canceled = one.status == OrderStatus::CANCELED && one.lots_filled == 0;
    withdraw(other, canceled ? OrderStatus::CANCELED : OrderStatus::EXPIRED,
             canceled ? OrderChange::CANCELED : OrderChange::EXPIRED);
    if (is_open(one.status)) { // what the other set aside for both is its own matter now
      const auto missing = std::max(Money{}, cost_of_hold(one) - one.held);
      if (accounts_[one.account].ledger.hold(pays_with(one), missing)) {
        one.held += missing;
      } else {
        withdraw(one, OrderStatus::EXPIRED, OrderChange::EXPIRED);
      }
    }
  }
}

/// The first order is done: filled, it starts the others; else they end with it.
void Exchange::activate(OrderList& list) {
  const bool filled = orders_.at(list.orders.front()).status == OrderStatus::FILLED;
  const std::vector<std::uint64_t> others{list.orders.begin() + 1, list.orders.end()};
  Money covered;
  for (const auto id : others) {
    auto& order = orders_.at(id);
    if (!filled) {
      withdraw(order, OrderStatus::EXPIRED, OrderChange::EXPIRED);
      continue;
    }
    order.status = OrderStatus::NEW;
    order.updated = order.working = now_;
    const auto refusal = check_market(order);
    if (refusal != Refusal::NONE || admit(order, covered) != Refusal::NONE) {
      order.held = {};
      order.triggered = true; // never reached its stop, and is not among those that wait for it
      finish(order, OrderStatus::EXPIRED, OrderChange::EXPIRED);
      continue;
    }
    covered = order.held;
    listener_.on_order(order, OrderChange::NEW, nullptr);
    start(order);
  }
}

const OrderList* Exchange::list(std::size_t account, std::uint64_t id) const {
  const auto at = lists_.find(id);
  return at == lists_.end() || at->second.account != account ? nullptr : &at->second;
}

const OrderList* Exchange::list_by_client(std::size_t account, std::string_view id) const {
  for (auto at = lists_.rbegin(); at != lists_.rend(); ++at) {
    if (at->second.account == account && at->second.client_id == id) {
      return &at->second;
    }
  }
  return nullptr;
}

} // namespace troupe::venues::sim::exchange
