#pragma once

#include "trading/matching_types.hpp"
#include "trading/tick_ladder.hpp"

#include <algorithm>
#include <vector>

namespace troupe::trading::matching {

/// A limit order book with price-time priority: the simulator's exchange and the backtest's.
///
/// Prices are whole ticks, quantities whole lots. Resting orders sit in slots of one array, linked
/// per price in order of arrival, and an OrderRef is a slot and its generation: cancel and replace
/// go straight to the order, and a ref of an order that is gone is refused. Each level is an entry
/// of a TickLadder. In steady state nothing is allocated.
///
/// What happens is told to a Sink, in the order in which it happens (see matching_types.hpp).
/// @cost  O(1) per operation, a few cache lines; bench_matching measures it beside std::map
class Book {
public:
  explicit Book(BookSettings settings = {})
    : settings_(settings), bids_(settings.window_ticks), asks_(settings.window_ticks) {}

  /// Matches an order, and rests what is left of a GTC limit order.
  template <Sink S>
  Submitted submit(const NewOrder& order, S& sink);

  /// @returns UNKNOWN_ORDER where it is not resting any more
  template <Sink S>
  Refusal cancel(OrderRef ref, S& sink);

  /// Gives a resting order a new price and open quantity. It keeps its place in the queue only
  /// where the price stays and the quantity does not grow; otherwise it joins the end of its queue,
  /// after trading with what it crosses (post-only orders that would are refused and stay; where
  /// it meets an order of its owner, CANCEL_NEWEST).
  template <Sink S>
  Refusal replace(OrderRef ref, std::int64_t tick, std::int64_t lots, S& sink);

  [[nodiscard]] bool resting(OrderRef ref) const {
    return ref.slot() < orders_.size() && orders_[ref.slot()].generation == ref.generation()
           && orders_[ref.slot()].lots != 0;
  }
  /// @pre resting(ref)
  [[nodiscard]] RestingOrder order(OrderRef ref) const;

  [[nodiscard]] const TickLadder<Side::BUY, PriceLevel>& bids() const { return bids_; }
  [[nodiscard]] const TickLadder<Side::SELL, PriceLevel>& asks() const { return asks_; }
  /// Open quantity at a price; 0 where there is none.
  [[nodiscard]] std::int64_t lots_at(Side side, std::int64_t tick) const;
  /// The order next in turn at the best price of a side. @pre that side is not empty
  [[nodiscard]] OrderRef front(Side side) const {
    return ref_of(side == Side::BUY ? bids_.best().head : asks_.best().head);
  }
  /// Resting orders.
  [[nodiscard]] std::size_t size() const { return live_; }

private:
  /// Half a cache line: a cancel touches the order, its neighbours and its level, and no more.
  struct alignas(32) Order {
    std::int64_t tick = 0;
    std::int64_t lots = 0; ///< 0: the slot is free, and `next` the next free one
    std::uint32_t prev = 0;
    std::uint32_t next = 0;
    std::uint32_t generation = 0;
    std::uint32_t owner_flags = 0; ///< owner * 4 + post-only * 2 + side
  };
  struct Taker {
    std::uint64_t tag;
    std::uint32_t owner;
    Side side;
    std::int64_t limit;
    std::int64_t lots;
    SelfTrade self_trade;
  };
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  [[nodiscard]] static Side side_of(const Order& order) {
    return (order.owner_flags & 1U) == 0 ? Side::BUY : Side::SELL;
  }
  [[nodiscard]] static std::uint32_t owner_of(const Order& order) {
    return order.owner_flags >> 2U;
  }
  [[nodiscard]] OrderRef ref_of(std::uint32_t slot) const {
    return {slot, orders_[slot].generation};
  }
  /// Calls f with the ladder of a side.
  template <class Self, class F>
  static decltype(auto) on_side(Self& self, Side side, F&& f) {
    return side == Side::BUY ? f(self.bids_) : f(self.asks_);
  }

  [[nodiscard]] Refusal check(const NewOrder& order) const;
  [[nodiscard]] bool crosses(Side side, std::int64_t tick) const {
    return side == Side::BUY ? !asks_.empty() && asks_.best_tick() <= tick
                             : !bids_.empty() && bids_.best_tick() >= tick;
  }
  [[nodiscard]] bool fillable(const Taker& taker) const;
  template <class Ladder, Sink S>
  bool match(Taker& taker, Ladder& ladder, S& sink);
  template <Sink S>
  bool match(Taker& taker, S& sink) {
    return taker.side == Side::BUY ? match(taker, asks_, sink) : match(taker, bids_, sink);
  }
  template <Sink S>
  void prevented(Taker& taker, std::uint32_t slot, S& sink);
  [[nodiscard]] std::uint32_t take_slot();
  void release(std::uint32_t slot);
  void append(std::uint32_t slot, Side side);
  void unlink(std::uint32_t slot);

  BookSettings settings_;
  TickLadder<Side::BUY, PriceLevel> bids_;
  TickLadder<Side::SELL, PriceLevel> asks_;
  std::vector<Order> orders_;
  std::vector<std::uint64_t> tags_; ///< by slot; apart, for only fills and acks read them
  std::uint32_t free_ = none;
  std::size_t live_ = 0;
};

} // namespace troupe::trading::matching

#include "trading/matching.ipp"
