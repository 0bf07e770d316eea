#include "trading/matching.hpp"

namespace troupe::trading::matching {

Refusal Book::check(const NewOrder& order) const {
  if (order.lots < 1 || order.lots > max_lots) {
    return Refusal::INVALID_QUANTITY;
  }
  const bool market = order.type == OrderType::MARKET;
  const bool immediate = market || order.tif == TimeInForce::IOC || order.tif == TimeInForce::FOK;
  if ((!market && order.type != OrderType::LIMIT) || (order.post_only && immediate)
      || order.owner > max_owner) {
    return Refusal::INVALID_TYPE;
  }
  if (!market && (order.tick < -max_tick || order.tick > max_tick)) {
    return Refusal::INVALID_PRICE;
  }
  if (live_ >= settings_.max_orders && !immediate) {
    return Refusal::BOOK_FULL;
  }
  return Refusal::NONE;
}

bool Book::fillable(const Taker& taker) const {
  const bool own = taker.owner != anonymous && taker.self_trade != SelfTrade::ALLOW;
  return on_side(*this, opposite(taker.side), [&](const auto& ladder) {
    auto missing = taker.lots;
    ladder.for_each([&](std::int64_t tick, const PriceLevel& level) {
      if (ladder.better(taker.limit, tick)) {
        return false;
      }
      if (!own) {
        missing -= std::min(missing, level.lots);
        return missing > 0;
      }
      for (auto slot = level.head; slot != none && missing > 0; slot = orders_[slot].next) {
        const auto& order = orders_[slot];
        if (owner_of(order) != taker.owner) {
          missing -= std::min(missing, order.lots);
        } else if (taker.self_trade != SelfTrade::CANCEL_OLDEST) {
          return false; // the taker ends at the first order of its own
        }
      }
      return missing > 0;
    });
    return missing == 0;
  });
}

RestingOrder Book::order(OrderRef ref) const {
  const auto& order = orders_[ref.slot()];
  return {.tag = tags_[ref.slot()],
          .owner = owner_of(order),
          .side = side_of(order),
          .post_only = (order.owner_flags & 2U) != 0,
          .tick = order.tick,
          .lots = order.lots};
}

std::int64_t Book::lots_at(Side side, std::int64_t tick) const {
  return on_side(*this, side, [&](const auto& ladder) {
    const auto* level = ladder.find(tick);
    return level == nullptr ? 0 : level->lots;
  });
}

} // namespace troupe::trading::matching
