#pragma once

#include "trading/enums.hpp"

#include <boost/describe/enum.hpp>

#include <compare>
#include <concepts>
#include <cstdint>

namespace troupe::trading::matching {

/// What to do where an order would trade with another of its own owner; the taker is the newest.
BOOST_DEFINE_FIXED_ENUM_CLASS(
  SelfTrade, std::uint8_t, CANCEL_NEWEST, CANCEL_OLDEST, CANCEL_BOTH, ALLOW)

/// Why an order was not taken.
BOOST_DEFINE_FIXED_ENUM_CLASS(Refusal,
                              std::uint8_t,
                              NONE,
                              INVALID_QUANTITY,
                              INVALID_PRICE,
                              INVALID_TYPE, ///< STOP types, post-only with MARKET, IOC or FOK
                              WOULD_TAKE,   ///< post-only and crossing
                              UNKNOWN_ORDER,
                              BOOK_FULL)

/// Why an order, or what was left of it, was taken off.
BOOST_DEFINE_FIXED_ENUM_CLASS(CancelReason,
                              std::uint8_t,
                              REQUESTED,
                              NOT_FILLED, ///< rest of a MARKET, IOC or FOK order
                              SELF_TRADE)

/// Orders of this owner are the market's own: self-trade prevention does not look at them.
inline constexpr std::uint32_t anonymous = 0;
inline constexpr std::uint32_t max_owner = (std::uint32_t{1} << 30U) - 1;
inline constexpr std::int64_t max_tick = std::int64_t{1} << 52U;
/// max_lots times the most orders a book can hold stays below 2^63.
inline constexpr std::int64_t max_lots = std::int64_t{1} << 42U;

/// A resting order: its slot, and how often the slot was used before.
class OrderRef {
public:
  constexpr OrderRef() = default;
  constexpr OrderRef(std::uint32_t slot, std::uint32_t generation)
    : raw_((std::uint64_t{generation} << 32U) | slot) {}
  [[nodiscard]] constexpr std::uint32_t slot() const { return static_cast<std::uint32_t>(raw_); }
  [[nodiscard]] constexpr std::uint32_t generation() const {
    return static_cast<std::uint32_t>(raw_ >> 32U);
  }
  /// False: never rested.
  [[nodiscard]] constexpr explicit operator bool() const { return raw_ != ~std::uint64_t{0}; }
  friend constexpr auto operator<=>(OrderRef, OrderRef) = default;

private:
  std::uint64_t raw_ = ~std::uint64_t{0};
};

struct NewOrder {
  std::uint64_t tag = 0; ///< the caller's own number, handed back in every event
  std::uint32_t owner = anonymous;
  Side side = Side::BUY;
  OrderType type = OrderType::LIMIT;  ///< LIMIT or MARKET
  TimeInForce tif = TimeInForce::GTC; ///< GTD and DAY rest like GTC; their end is the caller's
  bool post_only = false;
  SelfTrade self_trade = SelfTrade::CANCEL_NEWEST;
  std::int64_t tick = 0; ///< price of a LIMIT order; |tick| <= max_tick
  std::int64_t lots = 0; ///< 1 .. max_lots
};

/// What became of a submitted order.
struct Submitted {
  Refusal refusal = Refusal::NONE;
  OrderRef ref; ///< where something rests
  std::int64_t lots_filled = 0;
};

/// Two orders met; the price is the maker's.
struct Fill {
  std::uint64_t maker_tag;
  std::uint64_t taker_tag;
  OrderRef maker;
  std::uint32_t maker_owner;
  std::uint32_t taker_owner;
  Side aggressor;
  std::int64_t tick;
  std::int64_t lots;
  std::int64_t maker_lots_left;
  std::int64_t taker_lots_left;
};

/// A resting order as seen from outside.
struct RestingOrder {
  std::uint64_t tag;
  std::uint32_t owner;
  Side side;
  bool post_only;
  std::int64_t tick;
  std::int64_t lots; ///< open
};

struct PriceLevel {
  std::int64_t lots = 0;
  std::uint32_t head = 0; ///< slot of the order next in turn
  std::uint32_t tail = 0;
  std::uint32_t orders = 0;
};

struct BookSettings {
  /// Prices around the best that are fast; a multiple of 4096, at most 262144.
  std::uint32_t window_ticks = std::uint32_t{1} << 14U;
  std::uint32_t max_orders = 1'000'000; ///< resting, at most 2^20; more are refused
};

/// Who listens to a book. Calls come while the book changes: a sink must not call back into it.
///   accepted(order)             valid, before it trades
///   rested(order, ref, lots)    what is left of it is in the book
///   filled(fill)
///   canceled(tag, ref, lots, reason)   ref is false where it never rested; lots: not filled
///   replaced(tag, ref, tick, lots)     before it trades at its new price
///   refused(order, refusal)
template <class S>
concept Sink = requires(S& sink,
                        const NewOrder& order,
                        OrderRef ref,
                        const Fill& fill,
                        std::int64_t n,
                        std::uint64_t tag) {
  sink.accepted(order);
  sink.rested(order, ref, n);
  sink.filled(fill);
  sink.canceled(tag, ref, n, CancelReason::REQUESTED);
  sink.replaced(tag, ref, n, n);
  sink.refused(order, Refusal::NONE);
};

/// A sink that drops everything; derive from it to listen to some.
struct NullSink {
  void accepted(const NewOrder&) {}
  void rested(const NewOrder&, OrderRef, std::int64_t) {}
  void filled(const Fill&) {}
  void canceled(std::uint64_t, OrderRef, std::int64_t, CancelReason) {}
  void replaced(std::uint64_t, OrderRef, std::int64_t, std::int64_t) {}
  void refused(const NewOrder&, Refusal) {}
};

} // namespace troupe::trading::matching
