#pragma once

#include "trading/matching.hpp" // for tools that look at this file alone

namespace troupe::trading::matching {

template <Sink S>
Submitted Book::submit(const NewOrder& order, S& sink) {
  const auto refuse = [&](Refusal refusal) {
    sink.refused(order, refusal);
    return Submitted{.refusal = refusal, .ref = {}, .lots_filled = 0};
  };
  if (const auto refusal = check(order); refusal != Refusal::NONE) {
    return refuse(refusal);
  }
  const bool market = order.type == OrderType::MARKET;
  const auto limit = !market ? order.tick : order.side == Side::BUY ? max_tick : -max_tick;
  Taker taker{order.tag, order.owner, order.side, limit, order.lots, order.self_trade};
  const bool crossing = crosses(order.side, limit);
  if (crossing && order.post_only) {
    return refuse(Refusal::WOULD_TAKE);
  }
  sink.accepted(order);
  const bool kill = order.tif == TimeInForce::FOK && !(crossing && fillable(taker));
  // Stopped by self-trade prevention: match() has told the sink of the rest.
  if (crossing && !kill && !match(taker, sink)) {
    return {.refusal = Refusal::NONE, .ref = {}, .lots_filled = order.lots - taker.lots};
  }
  const auto filled = order.lots - taker.lots;
  if (taker.lots == 0) {
    return {.refusal = Refusal::NONE, .ref = {}, .lots_filled = filled};
  }
  if (market || order.tif == TimeInForce::IOC || order.tif == TimeInForce::FOK) {
    sink.canceled(order.tag, OrderRef{}, taker.lots, CancelReason::NOT_FILLED);
    return {.refusal = Refusal::NONE, .ref = {}, .lots_filled = filled};
  }
  const auto slot = take_slot();
  auto& resting = orders_[slot];
  resting.tick = order.tick;
  resting.lots = taker.lots;
  resting.owner_flags =
    (order.owner << 2U) | (order.post_only ? 2U : 0U) | (order.side == Side::SELL ? 1U : 0U);
  tags_[slot] = order.tag;
  append(slot, order.side);
  const auto ref = ref_of(slot);
  sink.rested(order, ref, taker.lots);
  return {.refusal = Refusal::NONE, .ref = ref, .lots_filled = filled};
}

template <Sink S>
Refusal Book::cancel(OrderRef ref, S& sink) {
  if (!resting(ref)) {
    return Refusal::UNKNOWN_ORDER;
  }
  const auto slot = ref.slot();
  const auto lots = orders_[slot].lots;
  unlink(slot);
  sink.canceled(tags_[slot], ref, lots, CancelReason::REQUESTED);
  release(slot);
  return Refusal::NONE;
}

template <Sink S>
Refusal Book::replace(OrderRef ref, std::int64_t tick, std::int64_t lots, S& sink) {
  if (!resting(ref)) {
    return Refusal::UNKNOWN_ORDER;
  }
  if (lots < 1 || lots > max_lots) {
    return Refusal::INVALID_QUANTITY;
  }
  if (tick < -max_tick || tick > max_tick) {
    return Refusal::INVALID_PRICE;
  }
  const auto slot = ref.slot();
  auto& order = orders_[slot];
  const auto side = side_of(order);
  const auto tag = tags_[slot];
  if (tick == order.tick && lots <= order.lots) {
    on_side(*this, side, [&](auto& ladder) { ladder.at(tick).lots -= order.lots - lots; });
    order.lots = lots;
    sink.replaced(tag, ref, tick, lots);
    return Refusal::NONE;
  }
  const bool crossing = crosses(side, tick);
  if (crossing && (order.owner_flags & 2U) != 0) {
    return Refusal::WOULD_TAKE;
  }
  unlink(slot);
  sink.replaced(tag, ref, tick, lots);
  Taker taker{tag, owner_of(order), side, tick, lots, SelfTrade::CANCEL_NEWEST};
  if (crossing && !match(taker, sink)) {
    taker.lots = 0;
  }
  if (taker.lots == 0) {
    release(slot);
    return Refusal::NONE;
  }
  order.tick = tick;
  order.lots = taker.lots;
  append(slot, side);
  return Refusal::NONE;
}

/// Trades until the taker is filled or nothing more crosses; @returns false where self-trade
/// prevention has canceled what was left of the taker.
template <class Ladder, Sink S>
bool Book::match(Taker& taker, Ladder& ladder, S& sink) {
  while (taker.lots > 0 && !ladder.empty() && !Ladder::better(taker.limit, ladder.best_tick())) {
    auto& level = ladder.best();
    const auto slot = level.head;
    auto& maker = orders_[slot];
    const auto maker_owner = owner_of(maker);
    if (taker.owner != anonymous && maker_owner == taker.owner
        && taker.self_trade != SelfTrade::ALLOW) {
      prevented(taker, slot, sink);
      if (taker.self_trade != SelfTrade::CANCEL_OLDEST) {
        return false;
      }
      continue;
    }
    const auto lots = std::min(taker.lots, maker.lots);
    taker.lots -= lots;
    const Fill fill{tags_[slot], taker.tag,  ref_of(slot), maker_owner,       taker.owner,
                    taker.side,  maker.tick, lots,         maker.lots - lots, taker.lots};
    if (lots == maker.lots) {
      unlink(slot);
      release(slot);
    } else {
      maker.lots -= lots;
      level.lots -= lots;
    }
    sink.filled(fill);
  }
  return true;
}

template <Sink S>
void Book::prevented(Taker& taker, std::uint32_t slot, S& sink) {
  if (taker.self_trade != SelfTrade::CANCEL_NEWEST) {
    const auto ref = ref_of(slot);
    const auto lots = orders_[slot].lots;
    unlink(slot);
    sink.canceled(tags_[slot], ref, lots, CancelReason::SELF_TRADE);
    release(slot);
  }
  if (taker.self_trade != SelfTrade::CANCEL_OLDEST) {
    sink.canceled(taker.tag, OrderRef{}, taker.lots, CancelReason::SELF_TRADE);
  }
}

inline std::uint32_t Book::take_slot() {
  ++live_;
  if (free_ != none) {
    const auto slot = free_;
    free_ = orders_[slot].next;
    return slot;
  }
  orders_.emplace_back();
  tags_.push_back(0);
  return static_cast<std::uint32_t>(orders_.size() - 1);
}

inline void Book::release(std::uint32_t slot) {
  auto& order = orders_[slot];
  order.lots = 0;
  ++order.generation;
  order.next = free_;
  free_ = slot;
  --live_;
}

inline void Book::append(std::uint32_t slot, Side side) {
  auto& order = orders_[slot];
  auto& level =
    on_side(*this, side, [&](auto& ladder) -> PriceLevel& { return ladder.insert(order.tick); });
  order.next = none;
  if (level.orders++ == 0) {
    order.prev = none;
    level.head = slot;
  } else {
    order.prev = level.tail;
    orders_[level.tail].next = slot;
  }
  level.tail = slot;
  level.lots += order.lots;
}

inline void Book::unlink(std::uint32_t slot) {
  const auto& order = orders_[slot];
  on_side(*this, side_of(order), [&](auto& ladder) {
    auto& level = ladder.at(order.tick);
    if (--level.orders == 0) {
      ladder.erase(order.tick);
      return;
    }
    level.lots -= order.lots;
    (order.prev == none ? level.head : orders_[order.prev].next) = order.next;
    (order.next == none ? level.tail : orders_[order.next].prev) = order.prev;
  });
}

} // namespace troupe::trading::matching
