#include "actors/venues/sim/exchange/exchange.hpp"

#include <algorithm>

namespace troupe::venues::sim::exchange {

using What = BookOrderEvent::What;

/// What a submitted order did, to be worked off once the book is at rest.
struct Exchange::Happened {
  enum class Kind : std::uint8_t { FILL, RESTED, CANCELED };
  Kind kind = Kind::FILL;
  matching::Fill fill{};
  std::uint64_t tag = 0;
  matching::OrderRef ref{};
  std::int64_t lots = 0;
  matching::CancelReason reason = matching::CancelReason::REQUESTED;
};

class Exchange::Recorder : public matching::NullSink {
public:
  void filled(const matching::Fill& fill) { happened.push_back({.fill = fill}); }
  void rested(const matching::NewOrder& order, matching::OrderRef ref, std::int64_t lots) {
    happened.push_back(
      {.kind = Happened::Kind::RESTED, .tag = order.tag, .ref = ref, .lots = lots});
  }
  void canceled(std::uint64_t tag,
                matching::OrderRef ref,
                std::int64_t lots,
                matching::CancelReason reason) {
    happened.push_back(
      {.kind = Happened::Kind::CANCELED, .tag = tag, .ref = ref, .lots = lots, .reason = reason});
  }
  std::vector<Happened> happened;
};

namespace {

matching::SelfTrade self_trade_of(SelfTradeMode mode) {
  switch (mode) {
    case SelfTradeMode::NONE: return matching::SelfTrade::ALLOW;
    case SelfTradeMode::EXPIRE_MAKER: return matching::SelfTrade::CANCEL_OLDEST;
    case SelfTradeMode::EXPIRE_BOTH: return matching::SelfTrade::CANCEL_BOTH;
    case SelfTradeMode::EXPIRE_TAKER:
    case SelfTradeMode::DECREMENT: break; // stops at the own order, which decrement() looks at
  }
  return matching::SelfTrade::CANCEL_NEWEST;
}

} // namespace

Refusal Exchange::check(const PlaceOrder& order) const {
  const bool market = is_market(order.kind);
  if ((!market && (order.tick < 1 || order.tick > matching::max_tick))
      || (is_stop(order.kind) && (order.stop_tick < 1 || order.stop_tick > matching::max_tick))) {
    return Refusal::INVALID_PRICE;
  }
  const bool by_funds = order.kind == OrderKind::MARKET && order.funds && order.lots == 0;
  if (!by_funds && (order.lots < 1 || order.lots > matching::max_lots)) {
    return Refusal::INVALID_QUANTITY;
  }
  const auto& account = accounts_[order.account];
  if (const auto* same =
        order.client_id.empty() ? nullptr : order_by_client(order.account, order.client_id);
      same != nullptr && is_open(same->status)) {
    return Refusal::DUPLICATE_CLIENT_ID;
  }
  const auto open = std::count_if(account.open.begin(), account.open.end(), [&](std::uint64_t id) {
    return orders_.at(id).market == order.market;
  });
  if (static_cast<std::size_t>(open) >= settings_.open_orders_max) {
    return Refusal::TOO_MANY_ORDERS;
  }
  if (would_trigger(order)) {
    return Refusal::STOP_WOULD_TRIGGER;
  }
  if (order.kind == OrderKind::LIMIT_MAKER) {
    const auto& book = markets_[order.market]->book();
    const bool crosses = order.side == Side::BUY
                           ? !book.asks().empty() && book.asks().best_tick() <= order.tick
                           : !book.bids().empty() && book.bids().best_tick() >= order.tick;
    return crosses ? Refusal::WOULD_TAKE : Refusal::NONE;
  }
  return Refusal::NONE;
}

/// A market order's quantity where it says an amount, and whether the account can pay for what the
/// book asks.
Refusal Exchange::size_market_order(Order& order) {
  const auto& market = *markets_[order.market];
  const bool buy = order.side == Side::BUY;
  auto left = order.lots;
  Money cost;
  std::optional<Money> funds = order.lots == 0 ? order.funds : std::nullopt;
  if (funds && buy && settings_.fee_asset == FeeAsset::QUOTE) { // the fee comes out of it
    funds = Money::from_raw(funds->raw() / (1'000'000 + taker_fee_ppm_) * 1'000'000);
  }
  const auto take = [&](const auto& levels) {
    for (const auto& [tick, lots] : levels) {
      auto taken = std::min(left, lots);
      if (funds) {
        const auto per_lot = market.notional(tick, 1);
        taken = static_cast<std::int64_t>(
          std::min<core::int128>(lots, (*funds - cost).multiple_of(per_lot)));
        order.lots += taken;
      } else {
        left -= taken;
      }
      cost += market.notional(tick, taken);
      if (taken < lots) {
        return;
      }
    }
  };
  buy ? take(market.asks()) : take(market.bids());
  if (order.lots == 0) {
    return cost.is_zero() && (buy ? market.asks().empty() : market.bids().empty())
             ? Refusal::NO_LIQUIDITY
             : Refusal::INVALID_QUANTITY;
  }
  Money needs = cost;
  if (!buy) {
    needs = Money::from_raw(market.quantity(order.lots).raw() * (Money::unit / Quantity::unit));
  } else if (settings_.fee_asset == FeeAsset::QUOTE) {
    needs += fee_of(cost, false);
  }
  return accounts_[order.account].ledger.balance(pays_with(order)).available() < needs
           ? Refusal::INSUFFICIENT_BALANCE
           : Refusal::NONE;
}

Placed Exchange::place(const PlaceOrder& request) {
  if (const auto refusal = check(request); refusal != Refusal::NONE) {
    return {refusal};
  }
  Order order;
  static_cast<PlaceOrder&>(order) = request;
  if (order.kind == OrderKind::MARKET) {
    if (const auto refusal = size_market_order(order); refusal != Refusal::NONE) {
      return {refusal};
    }
  } else {
    order.held = cost_of_hold(order);
    if (!accounts_[order.account].ledger.hold(pays_with(order), order.held)) {
      return {Refusal::INSUFFICIENT_BALANCE};
    }
  }
  const auto id = next_order_id_++;
  order.id = id;
  order.created = order.updated = order.working = now_;
  auto& kept = orders_.emplace(id, std::move(order)).first->second;
  auto& account = accounts_[kept.account];
  account.open.insert(id);
  if (!kept.client_id.empty()) {
    account.by_client[kept.client_id] = id;
  }
  if (kept.expires) {
    expiring_.insert(id);
  }
  listener_.on_order(kept, OrderChange::NEW, nullptr);
  if (kept.waiting()) {
    stops_[kept.market].insert(id);
  } else {
    execute(kept);
    trigger_stops(kept.market);
  }
  flush_balances();
  forget_old();
  return {Refusal::NONE, id};
}

/// Brings an order to the book.
void Exchange::execute(Order& order) {
  auto& market = *markets_[order.market];
  order.working = now_;
  market.tell({.what = What::RECEIVED,
               .order = order.id,
               .own = &order,
               .side = order.side,
               .tick = order.tick,
               .lots = order.lots_left(),
               .market_order = is_market(order.kind)},
              now_);
  bool again = true;
  while (again && is_open(order.status) && order.lots_left() > 0) {
    again = false;
    run(order, order.lots_left(), again);
  }
}

void Exchange::run(Order& order, std::int64_t lots, bool& again) {
  auto& market = *markets_[order.market];
  matching::NewOrder submitted{.tag = order.id,
                               .owner = static_cast<std::uint32_t>(order.account + 1),
                               .side = order.side,
                               .type = is_market(order.kind) ? trading::OrderType::MARKET
                                                             : trading::OrderType::LIMIT,
                               .tif = order.tif,
                               .post_only = order.kind == OrderKind::LIMIT_MAKER,
                               .self_trade = self_trade_of(order.self_trade),
                               .tick = order.tick,
                               .lots = lots};
  Recorder recorder;
  const auto submitted_as = market.book().submit(submitted, recorder);
  if (submitted_as.refusal != matching::Refusal::NONE) { // a full book; all else is checked before
    finish(order, OrderStatus::EXPIRED, OrderChange::EXPIRED);
    return;
  }
  for (const auto& one : recorder.happened) {
    switch (one.kind) {
      case Happened::Kind::FILL: settle(order, one.fill); break;
      case Happened::Kind::RESTED:
        order.ref = one.ref;
        market.sync_level(order.side, order.tick, now_);
        market.tell({.what = What::OPEN,
                     .order = order.id,
                     .own = &order,
                     .side = order.side,
                     .tick = order.tick,
                     .lots = one.lots},
                    now_);
        break;
      case Happened::Kind::CANCELED: {
        const bool prevented = one.reason == matching::CancelReason::SELF_TRADE;
        if (one.tag == order.id && prevented && order.self_trade == SelfTradeMode::DECREMENT) {
          decrement(order);
          again = true;
        } else if (const auto at = orders_.find(one.tag); at != orders_.end()) {
          auto& ended = at->second;
          finish(ended, prevented ? OrderStatus::EXPIRED_IN_MATCH : OrderStatus::EXPIRED,
                 prevented ? OrderChange::TRADE_PREVENTION : OrderChange::EXPIRED);
          if (one.ref) {
            market.sync_level(ended.side, ended.tick, now_);
          }
        }
        break;
      }
    }
  }
}

/// A fill of an account's taking order.
void Exchange::settle(Order& taker, const matching::Fill& fill) {
  auto& market = *markets_[taker.market];
  const auto maker_side = trading::opposite(fill.aggressor);
  const bool own_maker = fill.maker_owner != matching::anonymous;
  const auto maker_key = own_maker ? fill.maker_tag : market.key_of_other(fill.maker);
  const auto trade = market.print(fill.tick, fill.lots, fill.aggressor, now_, maker_key, taker.id);
  auto* const maker = own_maker ? &orders_.at(fill.maker_tag) : nullptr;
  if (maker != nullptr) {
    fill_order(*maker, trade, fill.lots, true);
  }
  fill_order(taker, trade, fill.lots, false);
  market.tell({.what = What::MATCH,
               .order = maker_key,
               .own = maker,
               .side = maker_side,
               .tick = fill.tick,
               .lots = fill.maker_lots_left,
               .trade = &trade,
               .maker = maker == nullptr ? nullptr : &maker->fills.back(),
               .taker = &taker.fills.back()},
              now_);
  market.sync_level(maker_side, fill.tick, now_);
  if (fill.maker_lots_left == 0) {
    if (maker != nullptr) {
      finish(*maker, OrderStatus::FILLED, OrderChange::TRADE);
    } else {
      market.tell({.what = What::DONE,
                   .order = maker_key,
                   .side = maker_side,
                   .tick = fill.tick,
                   .filled = true},
                  now_);
    }
  }
  if (taker.lots_left() == 0) {
    finish(taker, OrderStatus::FILLED, OrderChange::TRADE);
  }
}

/// The market's flow took an account's resting order.
void Exchange::on_account_fill(std::size_t index,
                               const matching::Fill& fill,
                               const PublicTrade& trade) {
  auto& market = *markets_[index];
  auto& order = orders_.at(fill.maker_tag);
  fill_order(order, trade, fill.lots, true);
  market.tell({.what = What::MATCH,
               .order = order.id,
               .own = &order,
               .side = order.side,
               .tick = fill.tick,
               .lots = fill.maker_lots_left,
               .trade = &trade,
               .maker = &order.fills.back()},
              trade.time);
  if (order.lots_left() == 0) {
    finish(order, OrderStatus::FILLED, OrderChange::TRADE);
  }
}

/// The order met one of its account's own at the front: both lose the smaller quantity.
void Exchange::decrement(Order& order) {
  auto& market = *markets_[order.market];
  auto& book = market.book();
  const auto ref = book.front(trading::opposite(order.side));
  auto& maker = orders_.at(book.order(ref).tag);
  const auto lots = std::min(order.lots_left(), maker.lots_left());
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
    (void)book.replace(ref, maker.tick, maker.lots_left(), nobody);
  }
  market.sync_level(maker.side, maker.tick, now_);
  if (order.lots_left() == 0) {
    finish(order, OrderStatus::CANCELED, OrderChange::TRADE_PREVENTION);
  }
}

Refusal Exchange::cancel(std::size_t account, std::uint64_t order_id) {
  const auto at = orders_.find(order_id);
  if (at == orders_.end() || at->second.account != account || !is_open(at->second.status)) {
    return Refusal::UNKNOWN_ORDER;
  }
  auto& order = at->second;
  auto& market = *markets_[order.market];
  if (order.waiting()) {
    stops_[order.market].erase(order.id);
  } else {
    matching::NullSink nobody;
    (void)market.book().cancel(order.ref, nobody);
    market.sync_level(order.side, order.tick, now_);
  }
  finish(order, OrderStatus::CANCELED, OrderChange::CANCELED);
  flush_balances();
  return Refusal::NONE;
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
