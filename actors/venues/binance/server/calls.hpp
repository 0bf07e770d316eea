#pragma once

#include "actors/venues/binance/server/parameters.hpp"
#include "actors/venues/binance/server/settings.hpp"
#include "actors/venues/binance/server/symbols.hpp"
#include "actors/venues/exchange_server/limits.hpp"

#include <functional>
#include <span>
#include <string>
#include <string_view>

/// The calls of the venue's API, each once for REST and the WebSocket API alike.
namespace troupe::venues::binance::server {

class UserStreams;

/// What one account has used of its limits.
struct OrderCounters {
  exchange_server::AlignedCounter ten_seconds{std::chrono::seconds{10}};
  exchange_server::AlignedCounter day{std::chrono::hours{24}};
};

/// What a call works with.
struct CallContext {
  engine::Exchange& exchange;
  engine::CandleSource& candles;
  UserStreams& users;
  const Limits& limits;
  core::Timestamp time;    ///< the venue's clock
  std::size_t account = 0; ///< of calls that need one
  OrderCounters* orders = nullptr;
  TimeUnit unit = TimeUnit::MILLISECOND; ///< of the times in the reply
};

/// Takes the result, JSON; called once, perhaps later.
using Reply = std::function<void(std::string)>;

enum class Security : std::uint8_t { NONE, KEY, SIGNED };

struct Call {
  std::string_view method;    ///< of REST; empty: not there
  std::string_view path;      ///< /api/v3/order
  std::string_view ws_method; ///< order.place; empty: not there
  Security security = Security::NONE;
  std::int64_t (*weight)(const Parameters& parameters) = nullptr;
  bool places_order = false;
  void (*run)(CallContext& context, const Parameters& parameters, const Reply& reply) = nullptr;
};

/// The parameters that a call takes, apart from those of signatures; empty where none are refused.
[[nodiscard]] std::string_view known_parameters(const Call& call);
/// Throws -1104 where others were sent.
void check_known(const Call& call, const Parameters& parameters);

[[nodiscard]] std::span<const Call> calls();

// ---- market_calls.cpp
void exchange_info(CallContext& context, const Parameters& parameters, const Reply& reply);
void depth(CallContext& context, const Parameters& parameters, const Reply& reply);
void trades(CallContext& context, const Parameters& parameters, const Reply& reply);
void historical_trades(CallContext& context, const Parameters& parameters, const Reply& reply);
void aggregate_trades(CallContext& context, const Parameters& parameters, const Reply& reply);
void klines(CallContext& context, const Parameters& parameters, const Reply& reply);
void block_trades(CallContext& context, const Parameters& parameters, const Reply& reply);
void reference_price(CallContext& context, const Parameters& parameters, const Reply& reply);
void average_price(CallContext& context, const Parameters& parameters, const Reply& reply);
// ---- ticker_calls.cpp
void ticker_day(CallContext& context, const Parameters& parameters, const Reply& reply);
void ticker_trading_day(CallContext& context, const Parameters& parameters, const Reply& reply);
void ticker_window(CallContext& context, const Parameters& parameters, const Reply& reply);
void ticker_price(CallContext& context, const Parameters& parameters, const Reply& reply);
void ticker_book(CallContext& context, const Parameters& parameters, const Reply& reply);
// ---- order_calls.cpp
void place_order(CallContext& context, const Parameters& parameters, const Reply& reply);
void test_order(CallContext& context, const Parameters& parameters, const Reply& reply);
void cancel_order(CallContext& context, const Parameters& parameters, const Reply& reply);
void cancel_open_orders(CallContext& context, const Parameters& parameters, const Reply& reply);
void cancel_replace(CallContext& context, const Parameters& parameters, const Reply& reply);
void amendments(CallContext& context, const Parameters& parameters, const Reply& reply);
void amend_order(CallContext& context, const Parameters& parameters, const Reply& reply);
// ---- order_lists.cpp
void place_oco(CallContext& context, const Parameters& parameters, const Reply& reply);
void place_old_oco(CallContext& context, const Parameters& parameters, const Reply& reply);
void place_oto(CallContext& context, const Parameters& parameters, const Reply& reply);
void place_otoco(CallContext& context, const Parameters& parameters, const Reply& reply);
void query_list(CallContext& context, const Parameters& parameters, const Reply& reply);
void all_lists(CallContext& context, const Parameters& parameters, const Reply& reply);
void open_lists(CallContext& context, const Parameters& parameters, const Reply& reply);
void cancel_list(CallContext& context, const Parameters& parameters, const Reply& reply);
// ---- account_calls.cpp
void query_order(CallContext& context, const Parameters& parameters, const Reply& reply);
void open_orders(CallContext& context, const Parameters& parameters, const Reply& reply);
void all_orders(CallContext& context, const Parameters& parameters, const Reply& reply);
void my_trades(CallContext& context, const Parameters& parameters, const Reply& reply);
void account(CallContext& context, const Parameters& parameters, const Reply& reply);
void commission(CallContext& context, const Parameters& parameters, const Reply& reply);
void prevented_matches(CallContext& context, const Parameters& parameters, const Reply& reply);
void order_counts(CallContext& context, const Parameters& parameters, const Reply& reply);
void all_coins(CallContext& context, const Parameters& parameters, const Reply& reply);
void asset_details(CallContext& context, const Parameters& parameters, const Reply& reply);
void trade_fee(CallContext& context, const Parameters& parameters, const Reply& reply);
void user_assets(CallContext& context, const Parameters& parameters, const Reply& reply);
void my_filters(CallContext& context, const Parameters& parameters, const Reply& reply);
void listen_key_new(CallContext& context, const Parameters& parameters, const Reply& reply);
void listen_key_keep(CallContext& context, const Parameters& parameters, const Reply& reply);
void listen_key_close(CallContext& context, const Parameters& parameters, const Reply& reply);

/// The market that `symbol` names; throws ApiError.
[[nodiscard]] std::size_t market_of(const CallContext& context, const Parameters& parameters);
[[nodiscard]] std::size_t market_named(const CallContext& context, std::string_view symbol);

} // namespace troupe::venues::binance::server
