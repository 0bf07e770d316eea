#include "actors/venues/binance/server/calls.hpp"
#include "actors/venues/binance/server/render.hpp"
#include "actors/venues/binance/server/user_streams.hpp"

#include <algorithm>
#include <set>

namespace troupe::venues::binance::server {

namespace {

using Rate = core::Decimal<struct RateTag, 8>;

std::string rate_text(std::int64_t ppm) {
  return fixed(Rate::from_raw(ppm * 100), digits);
}

void write_rates(JsonWriter& json, std::int64_t maker_ppm, std::int64_t taker_ppm) {
  json
    .open('{')("maker", rate_text(maker_ppm))("taker", rate_text(taker_ppm))("buyer", rate_text(0))(
      "seller", rate_text(0))
    .close('}');
}

std::vector<std::string> assets_of(const CallContext& context) {
  std::set<std::string> known{std::string(quote_asset)};
  for (std::size_t i = 0; i < context.exchange.markets(); ++i) {
    known.insert(context.exchange.market(i).base());
  }
  for (const auto& [asset, balance] : context.exchange.ledger(context.account).balances()) {
    known.insert(asset);
  }
  return {known.begin(), known.end()};
}

/// Orders and executions of a symbol within the parameters' window; `time_of` says when.
template <class Item, class Keep>
std::vector<const Item*>
page(const Parameters& parameters, std::vector<const Item*> all, const Keep& in_window, bool from) {
  std::erase_if(all, [&](const Item* item) { return !in_window(*item); });
  const auto limit = parameters.limit(500, 1'000);
  if (all.size() > limit) { // the oldest from a given start on, else the newest
    from ? void(all.resize(limit))
         : void(all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(limit)));
  }
  return all;
}

} // namespace

void query_order(CallContext& context, const Parameters& parameters, const Reply& reply) {
  const auto market = market_of(context, parameters);
  const auto id = parameters.integer("orderId");
  const auto client = parameters.find("origClientOrderId");
  if (!id && (!client || client->empty())) {
    throw ApiError{400, -1102,
                   "Param 'origClientOrderId' or 'orderId' must be sent, but both were "
                   "empty/null!"};
  }
  const auto* const order =
    id ? context.exchange.order(context.account, static_cast<std::uint64_t>(*id))
       : context.exchange.order_by_client(context.account, *client);
  if (order == nullptr || order->market != market) {
    throw ApiError{400, -2013, "Order does not exist."};
  }
  JsonWriter json{context.unit};
  write_order(json, context.exchange, *order);
  reply(json.take());
}

void open_orders(CallContext& context, const Parameters& parameters, const Reply& reply) {
  const auto all = context.exchange.markets();
  const auto market = parameters.has("symbol") ? market_of(context, parameters) : all;
  JsonWriter json{context.unit};
  json.open('[');
  for (const auto* const order : context.exchange.open_orders(context.account)) {
    if (market == all || order->market == market) {
      write_order(json, context.exchange, *order);
    }
  }
  json.close(']');
  reply(json.take());
}

void all_orders(CallContext& context, const Parameters& parameters, const Reply& reply) {
  const auto market = market_of(context, parameters);
  const auto from_id = parameters.integer("orderId");
  const auto start = parameters.time("startTime");
  const auto end = parameters.end_time("endTime");
  std::vector<const engine::Order*> all;
  for (const auto& [id, order] : context.exchange.orders()) {
    if (order.account == context.account && order.market == market) {
      all.push_back(&order);
    }
  }
  const auto within = [&](const engine::Order& order) {
    return (!from_id || order.id >= static_cast<std::uint64_t>(*from_id))
           && (!start || order.created >= *start) && (!end || order.created <= *end);
  };
  JsonWriter json{context.unit};
  json.open('[');
  for (const auto* const order : page(parameters, std::move(all), within, from_id || start)) {
    write_order(json, context.exchange, *order);
  }
  json.close(']');
  reply(json.take());
}

void my_trades(CallContext& context, const Parameters& parameters, const Reply& reply) {
  const auto index = market_of(context, parameters);
  const auto& market = context.exchange.market(index);
  const auto order_id = parameters.integer("orderId");
  const auto from_id = parameters.integer("fromId");
  const auto start = parameters.time("startTime");
  const auto end = parameters.end_time("endTime");
  constexpr std::chrono::milliseconds beyond_a_day{86'400'001};
  if (start && end && *end - *start >= beyond_a_day) {
    throw ApiError{400, -1127, "More than 24 hours between startTime and endTime."};
  }
  std::vector<const engine::Execution*> all;
  for (const auto& fill : context.exchange.executions(context.account)) {
    if (fill.market == index) {
      all.push_back(&fill);
    }
  }
  const auto within = [&](const engine::Execution& fill) {
    return (!order_id || fill.order_id == static_cast<std::uint64_t>(*order_id))
           && (!from_id || fill.trade_id >= static_cast<std::uint64_t>(*from_id))
           && (!start || fill.time >= *start) && (!end || fill.time <= *end);
  };
  JsonWriter json{context.unit};
  json.open('[');
  for (const auto* const fill : page(parameters, std::move(all), within, from_id || start)) {
    json
      .open('{')("symbol", symbol_of(market))("id", fill->trade_id)("orderId", fill->order_id)(
        "orderListId", -1)("price", price_text(market, fill->tick))(
        "qty", quantity_text(market, fill->lots))("quoteQty", fixed(fill->quote, digits))(
        "commission", fixed(fill->fee, digits))("commissionAsset", fill->fee_asset)("time",
                                                                                    fill->time)(
        "isBuyer", fill->side == trading::Side::BUY)("isMaker", fill->maker)("isBestMatch", true)
      .close('}');
  }
  json.close(']');
  reply(json.take());
}

void account(CallContext& context, const Parameters& parameters, const Reply& reply) {
  const bool omit = parameters.boolean("omitZeroBalances").value_or(false);
  const auto& ledger = context.exchange.ledger(context.account);
  constexpr std::int64_t ppm_per_unit = 100; // commissions are in hundredths of a percent
  JsonWriter json{context.unit};
  json.open('{')("makerCommission", context.exchange.maker_fee_ppm() / ppm_per_unit)(
    "takerCommission", context.exchange.taker_fee_ppm() / ppm_per_unit)("buyerCommission",
                                                                        0)("sellerCommission", 0);
  json.key("commissionRates");
  write_rates(json, context.exchange.maker_fee_ppm(), context.exchange.taker_fee_ppm());
  json("canTrade", true)("canWithdraw", false)("canDeposit", false)("brokered", false)(
    "requireSelfTradePrevention", false)("preventSor", false)(
    "updateTime", ledger.entries().empty() ? core::Timestamp{}
                                           : ledger.entries().back().time)("accountType", "SPOT");
  json.key("balances").open('[');
  for (const auto& asset : assets_of(context)) {
    const auto balance = ledger.balance(asset);
    if (!omit || !balance.total.is_zero()) {
      json
        .open('{')("asset", asset)("free", fixed(balance.available(), digits))(
          "locked", fixed(balance.held, digits))
        .close('}');
    }
  }
  json.close(']').key("permissions").raw(R"(["SPOT"])");
  json("uid", context.account + 1).close('}');
  reply(json.take());
}

void commission(CallContext& context, const Parameters& parameters, const Reply& reply) {
  const auto& market = context.exchange.market(market_of(context, parameters));
  JsonWriter json{context.unit};
  json.open('{')("symbol", symbol_of(market)).key("standardCommission");
  write_rates(json, context.exchange.maker_fee_ppm(), context.exchange.taker_fee_ppm());
  json.key("specialCommission");
  write_rates(json, 0, 0);
  json.key("taxCommission");
  write_rates(json, 0, 0);
  json.key("discount")
    .raw(R"({"enabledForAccount":false,"enabledForSymbol":false,"discountAsset":"BNB",)"
         R"("discount":"0.00000000"})")
    .close('}');
  reply(json.take());
}

void prevented_matches(CallContext& context, const Parameters& parameters, const Reply& reply) {
  const auto index = market_of(context, parameters);
  const auto id = parameters.integer("preventedMatchId");
  const auto order = parameters.integer("orderId");
  const auto from = parameters.integer("fromPreventedMatchId").value_or(0);
  if (!id && !order) {
    throw ApiError{400, -1102,
                   "Param 'preventedMatchId' or 'orderId' must be sent, but both were "
                   "empty/null!"};
  }
  const auto& market = context.exchange.market(index);
  const auto symbol = symbol_of(market);
  auto limit = parameters.limit(500, 1'000);
  JsonWriter json{context.unit};
  json.open('[');
  for (const auto& match : context.exchange.prevented_matches(context.account)) {
    const auto number = static_cast<std::int64_t>(match.id);
    const bool of_order = !order || match.maker_order == static_cast<std::uint64_t>(*order)
                          || match.taker_order == static_cast<std::uint64_t>(*order);
    if (match.market != index || (id && number != *id) || !of_order || number < from
        || limit == 0) {
      continue;
    }
    --limit;
    json.open('{')("symbol", symbol)("preventedMatchId", match.id)(
      "takerOrderId", match.taker_order)("makerSymbol", symbol)("makerOrderId", match.maker_order)(
      "tradeGroupId", context.account + 1)("selfTradePreventionMode", self_trade_text(match.mode))(
      "price", price_text(market, match.tick));
    if (match.maker_lots != 0) {
      json("makerPreventedQuantity", quantity_text(market, match.maker_lots));
    }
    if (match.taker_lots != 0) {
      json("takerPreventedQuantity", quantity_text(market, match.taker_lots));
    }
    json("transactTime", match.time).close('}');
  }
  json.close(']');
  reply(json.take());
}

void order_counts(CallContext& context, const Parameters&, const Reply& reply) {
  JsonWriter json{context.unit};
  json.open('[');
  const auto count = [&](const char* interval, int number, std::int64_t limit, std::int64_t used) {
    json
      .open('{')("rateLimitType", "ORDERS")("interval", interval)("intervalNum", number)(
        "limit", limit)("count", used)
      .close('}');
  };
  count("SECOND", 10, context.limits.orders_per_10_seconds,
        context.orders->ten_seconds.count(context.time));
  count("DAY", 1, context.limits.orders_per_day, context.orders->day.count(context.time));
  json.close(']');
  reply(json.take());
}

void all_coins(CallContext& context, const Parameters&, const Reply& reply) {
  const auto& ledger = context.exchange.ledger(context.account);
  JsonWriter json{context.unit};
  json.open('[');
  for (const auto& asset : assets_of(context)) {
    const auto balance = ledger.balance(asset);
    const auto zero = fixed(trading::Money{}, digits);
    json.open('{')("coin", asset)("depositAllEnable", false)("withdrawAllEnable", false)(
      "name", asset)("free", fixed(balance.available(), digits))(
      "locked", fixed(balance.held, digits))("freeze", zero)("withdrawing", zero)("ipoing", zero)(
      "ipoable", zero)("storage", zero)("isLegalMoney", false)("trading", true);
    json.key("networkList").raw("[]").close('}');
  }
  json.close(']');
  reply(json.take());
}

/// Nothing is deposited or withdrawn here.
void asset_details(CallContext& context, const Parameters& parameters, const Reply& reply) {
  const auto only = parameters.find("asset").value_or("");
  const auto zero = fixed(trading::Money{}, digits);
  JsonWriter json;
  json.open('{');
  for (const auto& asset : assets_of(context)) {
    if (only.empty() || only == asset) {
      json.key(asset)
        .open('{')("minWithdrawAmount", zero)("depositStatus", false)("withdrawFee",
                                                                      zero)("withdrawStatus", false)
        .close('}');
    }
  }
  json.close('}');
  reply(json.take());
}

void trade_fee(CallContext& context, const Parameters& parameters, const Reply& reply) {
  const auto all = context.exchange.markets();
  const auto only = parameters.has("symbol") ? market_of(context, parameters) : all;
  JsonWriter json{context.unit};
  json.open('[');
  for (std::size_t i = 0; i < context.exchange.markets(); ++i) {
    if (only == all || only == i) {
      json
        .open('{')("symbol", symbol_of(context.exchange.market(i)))(
          "makerCommission", rate_text(context.exchange.maker_fee_ppm()))(
          "takerCommission", rate_text(context.exchange.taker_fee_ppm()))
        .close('}');
    }
  }
  json.close(']');
  reply(json.take());
}

void user_assets(CallContext& context, const Parameters& parameters, const Reply& reply) {
  const auto only = parameters.find("asset").value_or("");
  const auto zero = fixed(trading::Money{}, digits);
  JsonWriter json{context.unit};
  json.open('[');
  for (const auto& [asset, balance] : context.exchange.ledger(context.account).balances()) {
    if ((only.empty() || only == asset) && !balance.total.is_zero()) {
      json
        .open('{')("asset", asset)("free", fixed(balance.available(), digits))(
          "locked", fixed(balance.held, digits))("freeze", zero)("withdrawing", zero)(
          "ipoable", zero)("btcValuation", zero)
        .close('}');
    }
  }
  json.close(']');
  reply(json.take());
}

void my_filters(CallContext& context, const Parameters& parameters, const Reply& reply) {
  const auto& market = context.exchange.market(market_of(context, parameters));
  JsonWriter json{context.unit};
  json.open('{').key("exchangeFilters").raw("[]").key("symbolFilters");
  write_filters(json, market);
  json.key("assetFilters").raw("[]").close('}');
  reply(json.take());
}

void listen_key_new(CallContext& context, const Parameters&, const Reply& reply) {
  reply(R"({"listenKey":")" + context.users.open_key(context.account, context.exchange.now())
        + "\"}");
}

void listen_key_keep(CallContext& context, const Parameters& parameters, const Reply& reply) {
  if (!context.users.keep_key(parameters.need("listenKey"), context.account,
                              context.exchange.now())) {
    throw ApiError{400, -1125, "This listenKey does not exist."};
  }
  reply("{}");
}

void listen_key_close(CallContext& context, const Parameters& parameters, const Reply& reply) {
  if (!context.users.close_key(parameters.need("listenKey"), context.account)) {
    throw ApiError{400, -1125, "This listenKey does not exist."};
  }
  reply("{}");
}

} // namespace troupe::venues::binance::server
