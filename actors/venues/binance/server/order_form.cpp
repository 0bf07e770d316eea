#include "actors/venues/binance/server/order_form.hpp"

#include <algorithm>

namespace troupe::venues::binance::server {

namespace {

using engine::OrderKind;
using trading::Money;
using trading::Price;
using trading::Quantity;

template <class Enum>
std::optional<Enum> enum_named(std::string_view text) {
  Enum value{};
  if (!boost::describe::enum_from_string(std::string(text).c_str(), value)) {
    return std::nullopt;
  }
  return value;
}

std::string read_client_id(const Parameters& parameters, std::string preset) {
  const auto given = parameters.find("newClientOrderId");
  if (!given || given->empty()) {
    return preset;
  }
  constexpr std::size_t length_max = 36;
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
           || std::string_view{".:/_-"}.find(c) != std::string_view::npos;
  };
  if (given->size() > length_max || !std::all_of(given->begin(), given->end(), plain)) {
    throw ApiError{400, -1100,
                   "Illegal characters found in parameter 'newClientOrderId'; legal range is "
                   "'^[a-zA-Z0-9-_.:/]{1,36}$'."};
  }
  return std::string(*given);
}

void forbid(const Parameters& parameters, std::initializer_list<const char*> names) {
  for (const auto* const name : names) {
    if (const auto sent = parameters.find(name); sent && !sent->empty()) {
      throw not_required(name);
    }
  }
}

/// A price in ticks, within PRICE_FILTER.
std::int64_t
read_price(const engine::Market& market, const Parameters& parameters, const std::string& name) {
  (void)parameters.need(name);
  const auto price = *parameters.decimal<Price>(name, digits);
  const auto filters = filters_of(market);
  if (price.sign() <= 0) {
    throw ApiError{400, -1013, "Invalid price."};
  }
  if (price < filters.price_min || price > filters.price_max
      || !price.is_multiple_of(market.instrument().tick)) {
    throw filter_failure("PRICE_FILTER");
  }
  return static_cast<std::int64_t>(price.multiple_of(market.instrument().tick));
}

std::int64_t
read_quantity(const engine::Market& market, const Parameters& parameters, bool market_order) {
  (void)parameters.need("quantity");
  const auto quantity = *parameters.decimal<Quantity>("quantity", digits);
  const auto filters = filters_of(market);
  if (quantity.sign() <= 0) {
    throw ApiError{400, -1013, "Invalid quantity."};
  }
  if (quantity < filters.quantity_min || quantity > filters.quantity_max
      || !quantity.is_multiple_of(market.instrument().lot)) {
    throw filter_failure("LOT_SIZE");
  }
  if (market_order && quantity > filters.market_quantity_max) {
    throw filter_failure("MARKET_LOT_SIZE");
  }
  return static_cast<std::int64_t>(quantity.multiple_of(market.instrument().lot));
}

/// The last five minutes' mean in ticks, which percent and notional filters measure by.
double reference_tick(const CallContext& context, const engine::Market& market) {
  const auto minutes = market.last_minutes(context.exchange.now(), 5);
  return minutes.lots == 0
           ? static_cast<double>(market.last_tick())
           : static_cast<double>(minutes.tick_lots) / static_cast<double>(minutes.lots);
}

void check_filters(const CallContext& context, const engine::PlaceOrder& order) {
  const auto& market = context.exchange.market(order.market);
  const auto filters = filters_of(market);
  const auto reference = reference_tick(context, market);
  if (!engine::is_market(order.kind)) {
    constexpr double multiplier = 5.0;
    const auto tick = static_cast<double>(order.tick);
    if (tick > reference * multiplier || tick < reference / multiplier) {
      throw filter_failure("PERCENT_PRICE_BY_SIDE");
    }
  }
  const auto mean_tick = static_cast<std::int64_t>(reference);
  const auto notional =
    order.funds
      ? *order.funds
      : market.notional(engine::is_market(order.kind) ? mean_tick : order.tick, order.lots);
  if (notional < filters.notional_min
      || (!engine::is_market(order.kind) && notional > filters.notional_max)) {
    throw filter_failure("NOTIONAL");
  }
  std::int64_t open = 0;
  std::int64_t algos = 0;
  for (const auto* const other : context.exchange.open_orders(order.account)) {
    open += other->market == order.market ? 1 : 0;
    algos += other->market == order.market && engine::is_stop(other->kind) ? 1 : 0;
  }
  if (open >= max_open_orders) {
    throw filter_failure("MAX_NUM_ORDERS");
  }
  if (engine::is_stop(order.kind) && algos >= max_algo_orders) {
    throw filter_failure("MAX_NUM_ALGO_ORDERS");
  }
}

/// When a stop triggers: at a price, or so far from the best one.
void read_trigger(const engine::Market& market,
                  const Parameters& parameters,
                  engine::PlaceOrder& order) {
  if (!engine::is_stop(order.kind)) {
    forbid(parameters, {"stopPrice", "trailingDelta"});
    return;
  }
  const auto trailing = parameters.integer("trailingDelta");
  const auto stop = parameters.find("stopPrice");
  const bool has_stop = stop && !stop->empty();
  if (!trailing && !has_stop) {
    throw ApiError{400, -1102,
                   "Param 'stopPrice' or 'trailingDelta' must be sent, but both were empty/null!"};
  }
  if (trailing && (*trailing < trailing_bips_min || *trailing > trailing_bips_max)) {
    throw filter_failure("TRAILING_DELTA");
  }
  order.trailing_bips = trailing.value_or(0);
  order.stop_tick = has_stop ? read_price(market, parameters, "stopPrice") : 0;
}

void read_iceberg(const engine::Market& market,
                  const Parameters& parameters,
                  engine::PlaceOrder& order) {
  const auto shown = parameters.decimal<Quantity>("icebergQty", digits);
  if (!shown || shown->is_zero()) {
    return;
  }
  if (engine::is_market(order.kind)) {
    throw not_required("icebergQty");
  }
  if (!shown->is_multiple_of(market.instrument().lot)) {
    throw filter_failure("LOT_SIZE");
  }
  order.iceberg_lots = static_cast<std::int64_t>(shown->multiple_of(market.instrument().lot));
  if (order.tif != trading::TimeInForce::GTC) {
    throw ApiError{400, -1128, "Combination of optional parameters invalid."};
  }
  if (order.iceberg_lots > order.lots) {
    throw order_rejected("IcebergQty exceeds QTY.");
  }
  if ((order.lots + order.iceberg_lots - 1) / order.iceberg_lots > iceberg_parts_max) {
    throw filter_failure("ICEBERG_PARTS");
  }
}

void read_terms(const engine::Market& market,
                const Parameters& parameters,
                engine::PlaceOrder& order) {
  const auto kind = order.kind;
  const bool is_market = kind == OrderKind::MARKET;
  const bool has_limit = !engine::is_market(kind);
  if (has_limit && kind != OrderKind::LIMIT_MAKER) {
    const auto tif = enum_named<trading::TimeInForce>(parameters.need("timeInForce"));
    if (!tif || *tif > trading::TimeInForce::FOK) {
      throw ApiError{400, -1115, "Invalid timeInForce."};
    }
    order.tif = *tif;
  } else {
    forbid(parameters, {"timeInForce"});
  }
  const auto by_funds = is_market && parameters.has("quoteOrderQty");
  if (is_market && !by_funds && !parameters.has("quantity")) {
    throw ApiError{400, -1102,
                   "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!"};
  }
  if (by_funds) {
    forbid(parameters, {"quantity"});
    (void)parameters.need("quoteOrderQty");
    order.funds = parameters.decimal<Money>("quoteOrderQty", digits);
    if (order.funds->sign() <= 0) {
      throw ApiError{400, -1013, "Invalid quoteOrderQty."};
    }
  } else {
    order.lots = read_quantity(market, parameters, engine::is_market(kind));
  }
  if (has_limit) {
    order.tick = read_price(market, parameters, "price");
  } else {
    forbid(parameters, {"price"});
  }
  read_trigger(market, parameters, order);
  read_iceberg(market, parameters, order);
}

} // namespace

OrderForm
read_order(const CallContext& context, const Parameters& parameters, std::string client_id) {
  OrderForm form;
  auto& order = form.order;
  order.account = context.account;
  order.market = market_of(context, parameters);
  const auto side = enum_named<trading::Side>(parameters.need("side"));
  if (!side) {
    throw ApiError{400, -1117, "Invalid side."};
  }
  order.side = *side;
  const auto kind = enum_named<OrderKind>(parameters.need("type"));
  if (!kind) {
    throw ApiError{400, -1116, "Invalid orderType."};
  }
  order.kind = *kind;
  read_terms(context.exchange.market(order.market), parameters, order);
  order.client_id = read_client_id(parameters, std::move(client_id));
  const auto response = parameters.find("newOrderRespType").value_or("");
  const bool full = order.kind == OrderKind::MARKET || order.kind == OrderKind::LIMIT;
  if (response.empty()) {
    form.response = full ? ResponseKind::FULL : ResponseKind::ACK;
  } else if (response == "ACK" || response == "RESULT" || response == "FULL") {
    form.response = response == "ACK"      ? ResponseKind::ACK
                    : response == "RESULT" ? ResponseKind::RESULT
                                           : ResponseKind::FULL;
  } else {
    throw ApiError{400, -1100, "Illegal characters found in parameter 'newOrderRespType'."};
  }
  if (const auto mode = parameters.find("selfTradePreventionMode"); mode && !mode->empty()) {
    const auto known = enum_named<engine::SelfTradeMode>(*mode);
    if (!known) {
      throw ApiError{400, -1137, "Invalid selfTradePreventionMode."};
    }
    order.self_trade = *known;
  }
  check_filters(context, order);
  return form;
}

} // namespace troupe::venues::binance::server
