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

/// Whether it can be an order at all.
Refusal Exchange::check_form(const PlaceOrder& order) const {
  const bool market = is_market(order.kind);
  const bool stop = is_stop(order.kind);
  if ((!market && (order.tick < 1 || order.tick > matching::max_tick))
      || (stop && order.stop_tick == 0 && order.trailing_bips == 0) || order.stop_tick < 0
      || order.stop_tick > matching::max_tick) {
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
  return static_cast<std::size_t>(open) >= settings_.open_orders_max ? Refusal::TOO_MANY_ORDERS
                                                                     : Refusal::NONE;
}

/// Whether it can be one where the market stands now.
Refusal Exchange::check_market(const PlaceOrder& order) const {
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

Refusal Exchange::check(const PlaceOrder& order) const {
  const auto refusal = check_form(order);
  return refusal != Refusal::NONE ? refusal : check_market(order);
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

/// Sets aside what the order may cost, and finds the size of one by amount.
/// @param covered  set aside by another order already
Refusal Exchange::admit(Order& order, Money covered) {
  if (order.kind == OrderKind::MARKET) {
    return size_market_order(order);
  }
  order.held = std::max(Money{}, cost_of_hold(order) - covered);
  return accounts_[order.account].ledger.hold(pays_with(order), order.held)
           ? Refusal::NONE
           : Refusal::INSUFFICIENT_BALANCE;
}

Order& Exchange::keep(Order order, OrderStatus status) {
  const auto id = next_order_id_++;
  order.id = id;
  order.status = status;
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
  return kept;
}

void Exchange::start(Order& order) {
  if (order.waiting()) {
    stops_[order.market].insert(order.id);
  } else {
    execute(order);
  }
}

/// What an order of an account sets off, and what there is to tell of it.
void Exchange::after_change() {
  settle_lists();
  for (std::size_t i = 0; i < markets_.size(); ++i) {
    trigger_stops(i);
  }
  refill_icebergs();
  settle_lists();
  flush_balances();
  forget_old();
}

Placed Exchange::place(const PlaceOrder& request) {
  if (const auto refusal = check(request); refusal != Refusal::NONE) {
    return {refusal};
  }
  Order order;
  static_cast<PlaceOrder&>(order) = request;
  if (const auto refusal = admit(order); refusal != Refusal::NONE) {
    return {refusal};
  }
  auto& kept = keep(std::move(order));
  const auto id = kept.id;
  listener_.on_order(kept, OrderChange::NEW, nullptr);
  start(kept);
  after_change();
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
        show_part(order);
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
          if (prevented && ended.id == order.id) {
            if (auto* const met = own_front(order)) {
              prevent(order, *met, 0, one.lots);
            }
          } else if (prevented) {
            prevent(order, ended, one.lots, 0);
          }
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
    if (maker != nullptr && maker->lots_left() > 0) {
      maker->refill = true;
      refills_.insert(maker->id);
    } else if (maker != nullptr) {
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
  } else if (fill.maker_lots_left == 0) {
    order.refill = true;
    refills_.insert(order.id);
  }
}

} // namespace troupe::venues::sim::exchange
