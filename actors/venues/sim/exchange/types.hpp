#pragma once

#include "core/time.hpp"
#include "trading/enums.hpp"
#include "trading/matching_types.hpp"
#include "trading/values.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// The simulated market as an exchange that others trade on: accounts, orders, balances, without
/// actors and without a wire protocol.
namespace troupe::venues::sim::exchange {

using core::Timestamp;
using trading::Money;
using trading::Price;
using trading::Quantity;
using trading::Side;
using trading::TimeInForce;
namespace matching = trading::matching;

BOOST_DEFINE_FIXED_ENUM_CLASS(OrderKind,
                              std::uint8_t,
                              LIMIT,
                              MARKET,
                              LIMIT_MAKER, ///< rests or is refused
                              STOP_LOSS,
                              STOP_LOSS_LIMIT,
                              TAKE_PROFIT,
                              TAKE_PROFIT_LIMIT)

/// What happens where an order would trade with another of its account.
BOOST_DEFINE_FIXED_ENUM_CLASS(SelfTradeMode,
                              std::uint8_t,
                              NONE, ///< they trade
                              EXPIRE_TAKER,
                              EXPIRE_MAKER,
                              EXPIRE_BOTH,
                              DECREMENT) ///< both lose the smaller quantity

BOOST_DEFINE_FIXED_ENUM_CLASS(OrderStatus,
                              std::uint8_t,
                              NEW,
                              PARTIALLY_FILLED,
                              FILLED,
                              CANCELED,
                              EXPIRED,          ///< the rest of an IOC, FOK or market order
                              EXPIRED_IN_MATCH, ///< by self-trade prevention
                              PENDING_NEW)      ///< of a list whose first order is not filled yet

BOOST_DEFINE_FIXED_ENUM_CLASS(Refusal,
                              std::uint8_t,
                              NONE,
                              INVALID_PRICE,
                              INVALID_QUANTITY,
                              INSUFFICIENT_BALANCE,
                              WOULD_TAKE,
                              STOP_WOULD_TRIGGER,
                              DUPLICATE_CLIENT_ID,
                              TOO_MANY_ORDERS,
                              UNKNOWN_ORDER,
                              NO_LIQUIDITY,
                              LIST_PRICES) ///< the two of a list are not on either side of the last

[[nodiscard]] constexpr bool is_stop(OrderKind kind) {
  return kind >= OrderKind::STOP_LOSS;
}
[[nodiscard]] constexpr bool is_market(OrderKind kind) {
  return kind == OrderKind::MARKET || kind == OrderKind::STOP_LOSS
         || kind == OrderKind::TAKE_PROFIT;
}
[[nodiscard]] constexpr bool is_open(OrderStatus status) {
  return status == OrderStatus::NEW || status == OrderStatus::PARTIALLY_FILLED
         || status == OrderStatus::PENDING_NEW;
}

/// One fill of one account's order.
struct Execution {
  std::uint64_t trade_id = 0;
  std::uint64_t order_id = 0;
  std::size_t account = 0;
  std::size_t market = 0;
  Side side = Side::BUY;
  std::int64_t tick = 0;
  std::int64_t lots = 0;
  Money quote{}; ///< price * quantity
  Money fee{};
  std::string fee_asset{};
  bool maker = false;
  Timestamp time{};
};

/// An order to be placed, already in ticks and lots.
struct PlaceOrder {
  std::size_t account = 0;
  std::size_t market = 0;
  std::string client_id{}; ///< unique among the account's open orders; may be empty
  Side side = Side::BUY;
  OrderKind kind = OrderKind::LIMIT;
  TimeInForce tif = TimeInForce::GTC; ///< GTD: until `expires`
  SelfTradeMode self_trade = SelfTradeMode::EXPIRE_MAKER;
  std::int64_t tick = 0; ///< of limit orders
  std::int64_t stop_tick = 0;
  std::int64_t lots = 0;        ///< 0 where `funds` says how much
  std::optional<Money> funds{}; ///< quote to spend or receive, market orders only
  std::optional<Timestamp> expires{};
  std::int64_t iceberg_lots = 0; ///< of limit orders: so many are shown at a time; 0: all
  std::int64_t trailing_bips =
    0; ///< of stops: behind the best price since it, or stop_tick, counts
};

/// An order was made smaller.
struct Amendment {
  std::int64_t lots_before = 0;
  std::int64_t lots = 0;
  Timestamp time{};
};

/// An order of an account.
struct Order : PlaceOrder {
  std::uint64_t id = 0;
  OrderStatus status = OrderStatus::NEW;
  std::int64_t lots_filled = 0;
  Money quote_filled{};
  Money fees{};
  Money held{}; ///< of what it pays with
  bool triggered = false;
  std::int64_t trail_tick = 0; ///< of trailing stops: the best price so far; 0: not counting yet
  std::uint64_t list = 0;      ///< OrderList it is of; 0: none
  bool refill = false;         ///< an iceberg between two of its parts
  std::uint64_t prevented_match = 0; ///< number of the last PreventedMatch; 0: none
  std::int64_t lots_prevented = 0;
  matching::OrderRef ref{};
  Timestamp created{};
  Timestamp updated{};
  Timestamp working{}; ///< in the book since; for stops the time of the trigger
  std::vector<Execution> fills{};
  std::vector<Amendment> amendments{};

  [[nodiscard]] std::int64_t lots_left() const { return lots - lots_filled; }
  /// Waits for its stop price, or for the first order of its list.
  [[nodiscard]] bool waiting() const {
    return status == OrderStatus::PENDING_NEW || (is_stop(kind) && !triggered);
  }
};

/// How the orders of a list hang together.
enum class Contingency : std::uint8_t {
  OCO, ///< of two, what one begins ends the other
  OTO, ///< the others wait until the first is filled; two others are an OCO of their own
};

/// Orders to be placed together.
struct PlaceList {
  std::size_t account = 0;
  std::size_t market = 0;
  std::string client_id{};
  Contingency contingency = Contingency::OCO;
  std::vector<PlaceOrder> orders{}; ///< OCO: two; OTO: two or three
};

struct OrderList {
  std::uint64_t id = 0;
  std::size_t account = 0;
  std::size_t market = 0;
  std::string client_id{};
  Contingency contingency = Contingency::OCO;
  std::vector<std::uint64_t> orders{};
  bool done = false;
  Timestamp time{};
};

/// A trade of an account with itself that did not happen.
struct PreventedMatch {
  std::uint64_t id = 0;
  std::size_t market = 0;
  std::uint64_t taker_order = 0;
  std::uint64_t maker_order = 0;
  SelfTradeMode mode = SelfTradeMode::NONE;
  std::int64_t tick = 0;
  std::int64_t maker_lots = 0; ///< that would have traded and are gone; 0: the maker stays
  std::int64_t taker_lots = 0;
  Timestamp time{};
};

/// A print as the public sees it.
struct PublicTrade {
  std::uint64_t id = 0; ///< consecutive per market
  std::int64_t tick = 0;
  std::int64_t lots = 0;
  Side aggressor = Side::BUY;
  Timestamp time{};
  std::uint64_t maker_order = 0; ///< key as in BookOrderEvent; 0: not told
  std::uint64_t taker_order = 0;
};

/// A level's new quantity.
struct LevelChange {
  std::uint64_t update_id = 0; ///< consecutive per market
  Side side = Side::BUY;
  std::int64_t tick = 0;
  std::int64_t lots = 0; ///< 0: gone
};

/// What happened to a single order in the book; consecutive per market.
struct BookOrderEvent {
  enum class What : std::uint8_t { RECEIVED, OPEN, DONE, MATCH, CHANGE, ACTIVATE };
  What what = What::RECEIVED;
  std::uint64_t sequence = 0;
  std::uint64_t order = 0;    ///< its key: an account's order by its id, others above others_from
  const Order* own = nullptr; ///< an account's order
  Side side = Side::BUY;
  std::int64_t tick = 0;
  std::int64_t lots = 0;        ///< RECEIVED: of the order; OPEN, DONE, CHANGE: what is left
  std::int64_t lots_before = 0; ///< CHANGE
  bool market_order = false;
  bool filled = false;                ///< DONE: filled rather than canceled
  const PublicTrade* trade = nullptr; ///< MATCH
  const Execution* maker = nullptr;   ///< MATCH: where an account's
  const Execution* taker = nullptr;
  Timestamp time{};
};

/// Keys of the market's own orders start here; accounts' orders have their id.
inline constexpr std::uint64_t others_from = std::uint64_t{1} << 62U;

enum class OrderChange : std::uint8_t {
  NEW,
  TRADE,
  CANCELED,
  EXPIRED,
  TRADE_PREVENTION,
  TRIGGERED,
  REDUCED
};

/// Who listens to an exchange; calls come in the order of events and must not call back into it.
class ExchangeListener {
public:
  virtual ~ExchangeListener() = default;
  virtual void on_level(std::size_t /*market*/, const LevelChange& /*change*/, Timestamp) {}
  virtual void on_trade(std::size_t /*market*/, const PublicTrade& /*trade*/) {}
  virtual void on_book_order(std::size_t /*market*/, const BookOrderEvent& /*event*/) {}
  /// @param execution  with TRADE
  virtual void on_order(const Order& /*order*/, OrderChange, const Execution* /*execution*/) {}
  /// A list began or ended; the events of its orders follow or came before.
  virtual void on_list(const OrderList& /*list*/) {}
  /// The account's balances of these assets have changed; comes after the orders' events.
  virtual void on_balances(std::size_t /*account*/, const std::vector<std::string>& /*assets*/) {}
};

} // namespace troupe::venues::sim::exchange
