#include "actors/venues/binance/server/calls.hpp"

#include <algorithm>
#include <array>

namespace troupe::venues::binance::server {

namespace {

template <std::int64_t n>
std::int64_t weight(const Parameters&) {
  return n;
}

/// By the number of symbols asked for: one, some, all.
template <std::int64_t one, std::int64_t some, std::int64_t all>
std::int64_t by_symbols(const Parameters& parameters) {
  return parameters.has("symbol") ? one : parameters.has("symbols") ? some : all;
}

std::int64_t depth_weight(const Parameters& parameters) {
  const auto limit = parameters.limit(100, 5'000);
  return limit <= 100 ? 5 : limit <= 500 ? 25 : limit <= 1'000 ? 50 : 250;
}

std::int64_t my_trades_weight(const Parameters& parameters) {
  return parameters.has("orderId") ? 5 : 20;
}

std::int64_t window_weight(const Parameters& parameters) {
  constexpr std::int64_t each = 4;
  constexpr std::size_t count_max = 50;
  return each
         * static_cast<std::int64_t>(
           std::clamp<std::size_t>(parameters.list("symbols").size(), 1, count_max));
}

void ping(CallContext&, const Parameters&, const Reply& reply) {
  reply("{}");
}

void server_time(CallContext& context, const Parameters&, const Reply& reply) {
  JsonWriter json{context.unit};
  json.open('{')("serverTime", context.time).close('}');
  reply(json.take());
}

/// The same answer always.
template <const std::string_view& json>
void always(CallContext&, const Parameters&, const Reply& reply) {
  reply(std::string(json));
}
constexpr std::string_view nothing_listed = "[]";
constexpr std::string_view no_rows = R"({"total":0,"rows":[]})";
constexpr std::string_view no_dust = R"({"total":0,"userAssetDribblets":[]})";
constexpr std::string_view no_snapshots = R"({"code":200,"msg":"","snapshotVos":[]})";
constexpr std::string_view no_rules = R"({"symbolRules":[]})";
constexpr std::string_view system_status = R"({"status":0,"msg":"normal"})";
constexpr std::string_view account_status = R"({"data":"Normal"})";
constexpr std::string_view account_info =
  R"({"vipLevel":0,"isMarginEnabled":false,"isFutureEnabled":false})";
constexpr std::string_view trading_status =
  R"({"data":{"isLocked":false,"plannedRecoverTime":0,)"
  R"("triggerCondition":{"GCR":150,"IFER":150,"UFR":300},"updateTime":0}})";
constexpr std::string_view restrictions =
  R"({"ipRestrict":false,"createTime":0,"enableReading":true,)"
  R"("enableSpotAndMarginTrading":true,"enableWithdrawals":false,"enableMargin":false,)"
  R"("enableFutures":false,"permitsUniversalTransfer":false,"enableVanillaOptions":false,)"
  R"("enableInternalTransfer":false})";

constexpr auto open_orders_weight = by_symbols<6, 80, 80>;
constexpr auto NONE = Security::NONE;
constexpr auto KEY = Security::KEY;
constexpr auto SIGNED = Security::SIGNED;

// clang-format off
constexpr std::array table{
  //   method    REST path                           WebSocket method             security weight              order  handler
  Call{"GET",    "/api/v3/ping",                     "ping",                      NONE,   weight<1>,           false, ping},
  Call{"GET",    "/api/v3/time",                     "time",                      NONE,   weight<1>,           false, server_time},
  Call{"GET",    "/api/v3/exchangeInfo",             "exchangeInfo",              NONE,   weight<20>,          false, exchange_info},
  Call{"GET",    "/api/v3/executionRules",           "executionRules",            NONE,   weight<2>,           false, always<no_rules>},
  Call{"GET",    "/api/v3/referencePrice",           "referencePrice",            NONE,   weight<2>,           false, reference_price},
  Call{"GET",    "/api/v3/referencePrice/calculation", "referencePrice.calculation", NONE, weight<2>,          false, reference_price},
  Call{"GET",    "/api/v3/depth",                    "depth",                     NONE,   depth_weight,        false, depth},
  Call{"GET",    "/api/v3/trades",                   "trades.recent",             NONE,   weight<25>,          false, trades},
  Call{"GET",    "/api/v3/historicalTrades",         "trades.historical",         NONE,   weight<25>,          false, historical_trades},
  Call{"GET",    "/api/v3/aggTrades",                "trades.aggregate",          NONE,   weight<4>,           false, aggregate_trades},
  Call{"GET",    "/api/v3/historicalBlockTrades",    "blockTrades.historical",    NONE,   weight<25>,          false, block_trades},
  Call{"GET",    "/api/v3/klines",                   "klines",                    NONE,   weight<2>,           false, klines},
  Call{"GET",    "/api/v3/uiKlines",                 "uiKlines",                  NONE,   weight<2>,           false, klines},
  Call{"GET",    "/api/v3/avgPrice",                 "avgPrice",                  NONE,   weight<2>,           false, average_price},
  Call{"GET",    "/api/v3/ticker/24hr",              "ticker.24hr",               NONE,   by_symbols<2, 2, 80>, false, ticker_day},
  Call{"GET",    "/api/v3/ticker/tradingDay",        "ticker.tradingDay",         NONE,   window_weight,       false, ticker_trading_day},
  Call{"GET",    "/api/v3/ticker",                   "ticker",                    NONE,   window_weight,       false, ticker_window},
  Call{"GET",    "/api/v3/ticker/price",             "ticker.price",              NONE,   by_symbols<2, 4, 4>, false, ticker_price},
  Call{"GET",    "/api/v3/ticker/bookTicker",        "ticker.book",               NONE,   by_symbols<2, 4, 4>, false, ticker_book},
  Call{"POST",   "/api/v3/order",                    "order.place",               SIGNED, weight<1>,           true,  place_order},
  Call{"POST",   "/api/v3/order/test",               "order.test",                SIGNED, weight<1>,           false, test_order},
  Call{"GET",    "/api/v3/order",                    "order.status",              SIGNED, weight<4>,           false, query_order},
  Call{"DELETE", "/api/v3/order",                    "order.cancel",              SIGNED, weight<1>,           false, cancel_order},
  Call{"POST",   "/api/v3/order/cancelReplace",      "order.cancelReplace",       SIGNED, weight<1>,           true,  cancel_replace},
  Call{"GET",    "/api/v3/openOrders",               "openOrders.status",         SIGNED, open_orders_weight,  false, open_orders},
  Call{"DELETE", "/api/v3/openOrders",               "openOrders.cancelAll",      SIGNED, weight<1>,           false, cancel_open_orders},
  Call{"GET",    "/api/v3/allOrders",                "allOrders",                 SIGNED, weight<20>,          false, all_orders},
  Call{"GET",    "/api/v3/myTrades",                 "myTrades",                  SIGNED, my_trades_weight,    false, my_trades},
  Call{"GET",    "/api/v3/account",                  "account.status",            SIGNED, weight<20>,          false, account},
  Call{"GET",    "/api/v3/account/commission",       "account.commission",        SIGNED, weight<20>,          false, commission},
  Call{"GET",    "/api/v3/rateLimit/order",          "account.rateLimits.orders", SIGNED, weight<40>,          false, order_counts},
  Call{"GET",    "/api/v3/myFilters",                "myFilters",                 SIGNED, weight<40>,          false, my_filters},
  Call{"GET",    "/api/v3/myPreventedMatches",       "myPreventedMatches",        SIGNED, weight<20>,          false, prevented_matches},
  Call{"GET",    "/api/v3/myAllocations",            "myAllocations",             SIGNED, weight<20>,          false, always<nothing_listed>},
  Call{"GET",    "/api/v3/openOrderList",            "openOrderLists.status",     SIGNED, weight<6>,           false, open_lists},
  Call{"GET",    "/api/v3/allOrderList",             "allOrderLists",             SIGNED, weight<20>,          false, all_lists},
  Call{"POST",   "/api/v3/orderList/oco",            "orderList.place.oco",       SIGNED, weight<1>,           true,  place_oco},
  Call{"POST",   "/api/v3/orderList/oto",            "orderList.place.oto",       SIGNED, weight<1>,           true,  place_oto},
  Call{"POST",   "/api/v3/orderList/otoco",          "orderList.place.otoco",     SIGNED, weight<1>,           true,  place_otoco},
  Call{"POST",   "/api/v3/order/oco",                "orderList.place",           SIGNED, weight<1>,           true,  place_old_oco},
  Call{"GET",    "/api/v3/orderList",                "orderList.status",          SIGNED, weight<4>,           false, query_list},
  Call{"DELETE", "/api/v3/orderList",                "orderList.cancel",          SIGNED, weight<1>,           false, cancel_list},
  Call{"PUT",    "/api/v3/order/amend/keepPriority", "order.amend.keepPriority",  SIGNED, weight<4>,           false, amend_order},
  Call{"GET",    "/api/v3/order/amendments",         "order.amendments",          SIGNED, weight<4>,           false, amendments},
  Call{"POST",   "/api/v3/userDataStream",           "userDataStream.start",      KEY,    weight<2>,           false, listen_key_new},
  Call{"PUT",    "/api/v3/userDataStream",           "userDataStream.ping",       KEY,    weight<2>,           false, listen_key_keep},
  Call{"DELETE", "/api/v3/userDataStream",           "userDataStream.stop",       KEY,    weight<2>,           false, listen_key_close},
  Call{"GET",    "/sapi/v1/system/status",           "",                          NONE,   weight<1>,           false, always<system_status>},
  Call{"GET",    "/sapi/v1/capital/config/getall",   "",                          SIGNED, weight<10>,          false, all_coins},
  Call{"GET",    "/sapi/v1/asset/tradeFee",          "",                          SIGNED, weight<1>,           false, trade_fee},
  Call{"POST",   "/sapi/v3/asset/getUserAsset",      "",                          SIGNED, weight<5>,           false, user_assets},
  Call{"GET",    "/sapi/v1/account/status",          "",                          SIGNED, weight<1>,           false, always<account_status>},
  Call{"GET",    "/sapi/v1/account/apiRestrictions", "",                          SIGNED, weight<1>,           false, always<restrictions>},
  Call{"GET",   "/sapi/v1/account/info",             "",                          SIGNED, weight<1>,           false, always<account_info>},
  Call{"GET",   "/sapi/v1/account/apiTradingStatus", "",                          SIGNED, weight<1>,           false, always<trading_status>},
  Call{"GET",   "/sapi/v1/accountSnapshot",          "",                          SIGNED, weight<1>,           false, always<no_snapshots>},
  Call{"GET",   "/sapi/v1/asset/assetDetail",        "",                          SIGNED, weight<1>,           false, asset_details},
  Call{"GET",   "/sapi/v1/asset/assetDividend",      "",                          SIGNED, weight<1>,           false, always<no_rows>},
  Call{"GET",   "/sapi/v1/asset/dribblet",           "",                          SIGNED, weight<1>,           false, always<no_dust>},
  Call{"GET",   "/sapi/v1/asset/transfer",           "",                          SIGNED, weight<1>,           false, always<no_rows>},
  Call{"POST",  "/sapi/v1/asset/get-funding-asset",  "",                          SIGNED, weight<1>,           false, always<nothing_listed>},
  Call{"GET",   "/sapi/v1/capital/deposit/hisrec",   "",                          SIGNED, weight<1>,           false, always<nothing_listed>},
  Call{"GET",   "/sapi/v1/capital/withdraw/history", "",                          SIGNED, weight<1>,           false, always<nothing_listed>},
  Call{"GET",   "/sapi/v1/spot/delist-schedule",     "",                          KEY,    weight<1>,           false, always<nothing_listed>},
  Call{"GET",    "/sapi/v1/margin/allPairs",         "",                          NONE,   weight<1>,           false, always<nothing_listed>},
  Call{"GET",    "/sapi/v1/margin/isolated/allPairs", "",                         NONE,   weight<1>,           false, always<nothing_listed>},
};
// clang-format on

struct KnownParameters {
  std::string_view ws_method;
  std::string_view names;
};
constexpr std::string_view order_names =
  "symbol side type timeInForce quantity quoteOrderQty price newClientOrderId strategyId "
  "strategyType stopPrice trailingDelta icebergQty newOrderRespType selfTradePreventionMode "
  "pegPriceType pegOffsetValue pegOffsetType";
// clang-format off
constexpr std::array<KnownParameters, 13> known_names{{
  {"depth",                "symbol limit symbolStatus"},
  {"trades.recent",        "symbol limit"},
  {"trades.historical",    "symbol limit fromId"},
  {"trades.aggregate",     "symbol fromId startTime endTime limit"},
  {"klines",               "symbol interval startTime endTime timeZone limit"},
  {"order.place",          order_names},
  {"order.status",         "symbol orderId origClientOrderId"},
  {"order.cancel",         "symbol orderId origClientOrderId newClientOrderId cancelRestrictions"},
  {"openOrders.status",    "symbol"},
  {"openOrders.cancelAll", "symbol"},
  {"allOrders",            "symbol orderId startTime endTime limit"},
  {"myTrades",             "symbol orderId startTime endTime fromId limit"},
  {"account.status",       "omitZeroBalances"},
}};
// clang-format on

bool is_named(std::string_view names, std::string_view name) {
  while (!names.empty()) {
    const auto end = std::min(names.find(' '), names.size());
    if (names.substr(0, end) == name) {
      return true;
    }
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return false;
}

} // namespace

std::string_view known_parameters(const Call& call) {
  for (const auto& row : known_names) {
    if (row.ws_method == call.ws_method) {
      return row.names;
    }
  }
  return {};
}

void check_known(const Call& call, const Parameters& parameters) {
  const auto names = known_parameters(call);
  constexpr std::string_view of_all =
    "timestamp signature recvWindow apiKey returnRateLimits timeUnit";
  std::size_t read = 0;
  for (const auto& [name, value] : parameters.entries()) {
    read += is_named(names, name) || is_named(of_all, name) ? 1U : 0U;
  }
  if (const auto sent = parameters.entries().size(); !names.empty() && read != sent) {
    throw ApiError{400, -1104,
                   "Not all sent parameters were read; read '" + std::to_string(read)
                     + "' parameter(s) but was sent '" + std::to_string(sent) + "'."};
  }
}

std::span<const Call> calls() {
  return table;
}

} // namespace troupe::venues::binance::server
