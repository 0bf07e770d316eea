#include "actors/venues/binance/server/order_replies.hpp"
#include "actors/venues/binance/server/render.hpp"
#include "actors/venues/binance/server/user_streams.hpp"
#include "core/random.hpp"

#include <algorithm>

namespace troupe::venues::binance::server {

using engine::Refusal;

std::string fresh_id(const CallContext& context, std::uint64_t salt) {
  const auto& orders = context.exchange.orders();
  const auto newest = orders.empty() ? 0 : orders.rbegin()->first;
  return make_id(core::mix(static_cast<std::uint64_t>(context.exchange.now().ns),
                           newest * (std::uint64_t{1} << 10U) + salt));
}

void refuse_order(Refusal refusal) {
  switch (refusal) {
    case Refusal::INSUFFICIENT_BALANCE:
      throw order_rejected("Account has insufficient balance for requested action.");
    case Refusal::WOULD_TAKE: throw order_rejected("Order would immediately match and take.");
    case Refusal::STOP_WOULD_TRIGGER: throw order_rejected("Stop price would trigger immediately.");
    case Refusal::DUPLICATE_CLIENT_ID: throw order_rejected("Duplicate order sent.");
    case Refusal::TOO_MANY_ORDERS: throw filter_failure("MAX_NUM_ORDERS");
    case Refusal::INVALID_PRICE: throw filter_failure("PRICE_FILTER");
    case Refusal::INVALID_QUANTITY: throw filter_failure("LOT_SIZE");
    case Refusal::NO_LIQUIDITY: throw order_rejected("Order book liquidity is less than LOT_SIZE.");
    case Refusal::LIST_PRICES:
      throw order_rejected("The relationship of the prices for the orders is not correct.");
    default: throw order_rejected("Order was not accepted.");
  }
}

void write_placed(JsonWriter& json,
                  const engine::Exchange& exchange,
                  const engine::Order& order,
                  ResponseKind response) {
  const auto& market = exchange.market(order.market);
  json.open('{')("symbol", symbol_of(market))("orderId", order.id)("orderListId", list_id(order))(
    "clientOrderId", order.client_id)("transactTime", order.updated);
  if (response != ResponseKind::ACK) {
    write_order_members(json, exchange, order);
    if (!order.waiting()) {
      json("workingTime", order.working);
    }
  }
  if (response == ResponseKind::FULL) {
    json.key("fills").open('[');
    for (const auto& fill : order.fills) {
      json
        .open('{')("price", price_text(market, fill.tick))("qty", quantity_text(market, fill.lots))(
          "commission", fixed(fill.fee, digits))("commissionAsset", fill.fee_asset)("tradeId",
                                                                                    fill.trade_id)
        .close('}');
    }
    json.close(']');
  }
  if (response != ResponseKind::ACK) {
    json("selfTradePreventionMode", self_trade_text(order.self_trade));
  }
  json.close('}');
}

std::string cancel(CallContext& context, const engine::Order& order, std::string cancel_id) {
  context.users.cancel_id = std::move(cancel_id);
  (void)context.exchange.cancel(context.account, order.id);
  JsonWriter json{context.unit};
  write_canceled(json, context.exchange, order, context.users.cancel_id);
  context.users.cancel_id.clear();
  return json.take();
}

std::string
cancel_id_of(const CallContext& context, const Parameters& parameters, const char* name) {
  const auto given = parameters.find(name);
  return given && !given->empty() ? std::string(*given) : fresh_id(context, 1);
}

namespace {

std::string place(CallContext& context, const OrderForm& form) {
  const auto placed = context.exchange.place(form.order);
  if (placed.refusal != Refusal::NONE) {
    refuse_order(placed.refusal);
  }
  JsonWriter json{context.unit};
  write_placed(json, context.exchange, *context.exchange.order(context.account, placed.order_id),
               form.response);
  return json.take();
}

/// The open order that orderId or origClientOrderId names; throws -2011.
const engine::Order& order_to_cancel(const CallContext& context,
                                     const Parameters& parameters,
                                     const std::string& id_name,
                                     const std::string& client_name) {
  const auto market = market_of(context, parameters);
  const auto id = parameters.integer(id_name);
  const auto client = parameters.find(client_name);
  if (!id && (!client || client->empty())) {
    throw ApiError{400, -1102,
                   "Param '" + client_name + "' or '" + id_name
                     + "' must be sent, but both were empty/null!"};
  }
  const auto* const order =
    id ? context.exchange.order(context.account, static_cast<std::uint64_t>(*id))
       : context.exchange.order_by_client(context.account, *client);
  if (order == nullptr || order->market != market || !engine::is_open(order->status)
      || (client && !client->empty() && order->client_id != *client)) {
    throw cancel_rejected();
  }
  if (const auto only = parameters.find("cancelRestrictions"); only && !only->empty()) {
    if (*only != "ONLY_NEW" && *only != "ONLY_PARTIALLY_FILLED") {
      throw ApiError{400, -1145, "Invalid cancelRestrictions"};
    }
    if ((*only == "ONLY_NEW") != (order->status == engine::OrderStatus::NEW)) {
      throw ApiError{400, -2011, "Order was not canceled due to cancel restrictions."};
    }
  }
  return *order;
}

std::string error_object(const ApiError& error) {
  JsonWriter json;
  json.open('{')("code", error.code)("msg", error.message).close('}');
  return json.take();
}

} // namespace

void place_order(CallContext& context, const Parameters& parameters, const Reply& reply) {
  reply(place(context, read_order(context, parameters, fresh_id(context, 0))));
}

void test_order(CallContext& context, const Parameters& parameters, const Reply& reply) {
  (void)read_order(context, parameters, fresh_id(context, 0));
  if (!parameters.boolean("computeCommissionRates").value_or(false)) {
    reply("{}");
    return;
  }
  using Rate = core::Decimal<struct RateTag, 8>;
  const auto rate = [](std::int64_t ppm) { return fixed(Rate::from_raw(ppm * 100), digits); };
  JsonWriter json{context.unit};
  json.open('{');
  for (const auto* const name :
       {"standardCommissionForOrder", "specialCommissionForOrder", "taxCommissionForOrder"}) {
    const bool standard = std::string_view{name}.starts_with("standard");
    json.key(name)
      .open('{')("maker", rate(standard ? context.exchange.maker_fee_ppm() : 0))(
        "taker", rate(standard ? context.exchange.taker_fee_ppm() : 0))
      .close('}');
  }
  json.key("discount")
    .raw(R"({"enabledForAccount":false,"enabledForSymbol":false,)"
         R"("discountAsset":"BNB","discount":"0.00000000"})");
  json.close('}');
  reply(json.take());
}

void cancel_order(CallContext& context, const Parameters& parameters, const Reply& reply) {
  const auto& order = order_to_cancel(context, parameters, "orderId", "origClientOrderId");
  reply(cancel(context, order, cancel_id_of(context, parameters, "newClientOrderId")));
}

void cancel_open_orders(CallContext& context, const Parameters& parameters, const Reply& reply) {
  const auto market = market_of(context, parameters);
  JsonWriter json{context.unit};
  json.open('[');
  std::uint64_t count = 0;
  for (const auto* const order : context.exchange.open_orders(context.account)) {
    if (order->market != market || !engine::is_open(order->status)) {
      continue; // or ended with the list of one before it
    }
    const auto* const list = context.exchange.list(context.account, order->list);
    const auto cancel_id = fresh_id(context, ++count);
    const auto canceled = cancel(context, *order, cancel_id);
    list == nullptr ? void(json.raw(canceled))
                    : write_list(json, context.exchange, *list, false, true, cancel_id);
  }
  if (count == 0) {
    throw cancel_rejected();
  }
  json.close(']');
  reply(json.take());
}

void cancel_replace(CallContext& context, const Parameters& parameters, const Reply& reply) {
  const auto mode = parameters.need("cancelReplaceMode");
  if (mode != "STOP_ON_FAILURE" && mode != "ALLOW_FAILURE") {
    throw illegal_parameter("cancelReplaceMode");
  }
  const auto form = read_order(context, parameters, fresh_id(context, 0));
  std::string canceled;
  std::string placed;
  bool cancel_failed = false;
  bool place_failed = false;
  try {
    const auto& order =
      order_to_cancel(context, parameters, "cancelOrderId", "cancelOrigClientOrderId");
    canceled = cancel(context, order, cancel_id_of(context, parameters, "cancelNewClientOrderId"));
  } catch (const ApiError& error) {
    if (error.code != -2011) {
      throw;
    }
    cancel_failed = true;
    canceled = error_object(error);
  }
  const bool attempted = !cancel_failed || mode == "ALLOW_FAILURE";
  if (attempted) {
    try {
      placed = place(context, form);
    } catch (const ApiError& error) {
      place_failed = true;
      placed = error_object(error);
    }
  }
  JsonWriter json{context.unit};
  json.open('{')("cancelResult", cancel_failed ? "FAILURE" : "SUCCESS")("newOrderResult",
                                                                        !attempted ? "NOT_ATTEMPTED"
                                                                        : place_failed ? "FAILURE"
                                                                                       : "SUCCESS");
  json.key("cancelResponse").raw(canceled);
  json.key("newOrderResponse").raw(attempted ? placed : "null").close('}');
  if (cancel_failed && (place_failed || !attempted)) {
    throw ApiError{400, -2022, "Order cancel-replace failed.", json.take()};
  }
  if (cancel_failed || place_failed) {
    throw ApiError{409, -2021, "Order cancel-replace partially failed.", json.take()};
  }
  reply(json.take());
}

void amendments(CallContext& context, const Parameters& parameters, const Reply& reply) {
  const auto index = market_of(context, parameters);
  const auto& market = context.exchange.market(index);
  const auto id = static_cast<std::uint64_t>(parameters.need_integer("orderId"));
  const auto* const order = context.exchange.order(context.account, id);
  if (order == nullptr || order->market != index) {
    throw ApiError{400, -2013, "Order does not exist."};
  }
  JsonWriter json{context.unit};
  json.open('[');
  std::uint64_t number = 0;
  for (const auto& one : order->amendments) {
    json.open('{')("symbol", symbol_of(market))("orderId", id)("executionId", ++number)(
      "origClientOrderId", order->client_id)("newClientOrderId", order->client_id)(
      "origQty", quantity_text(market, one.lots_before))("newQty", quantity_text(market, one.lots))(
      "time", one.time);
    json.close('}');
  }
  json.close(']');
  reply(json.take());
}

/// Less quantity, and the order keeps its place.
void amend_order(CallContext& context, const Parameters& parameters, const Reply& reply) {
  const auto& order = order_to_cancel(context, parameters, "orderId", "origClientOrderId");
  (void)parameters.need("newQty");
  const auto& market = context.exchange.market(order.market);
  const auto quantity = *parameters.decimal<trading::Quantity>("newQty", digits);
  if (quantity < filters_of(market).quantity_min
      || !quantity.is_multiple_of(market.instrument().lot)) {
    throw filter_failure("LOT_SIZE");
  }
  const auto lots = static_cast<std::int64_t>(quantity.multiple_of(market.instrument().lot));
  const auto before = order.client_id;
  const auto refusal = context.exchange.reduce(context.account, order.id, lots);
  if (refusal != Refusal::NONE) {
    throw ApiError{400, -2038, "The requested action would change no state; rejecting."};
  }
  JsonWriter json{context.unit};
  json.open('{')("transactTime", order.updated)("executionId", context.users.executions());
  json.key("amendedOrder")
    .open('{')("symbol", symbol_of(market))("orderId", order.id)("orderListId", list_id(order))(
      "origClientOrderId", before)("clientOrderId", order.client_id)(
      "price", price_text(market, order.tick))("qty", quantity_text(market, order.lots))(
      "executedQty", quantity_text(market, order.lots_filled))(
      "preventedQty", quantity_text(market, order.lots_prevented))(
      "quoteOrderQty", fixed(order.funds.value_or(trading::Money{}), digits))(
      "cumulativeQuoteQty", fixed(order.quote_filled, digits))("status", status_text(order.status))(
      "timeInForce", tif_text(order.tif))("type", kind_text(order.kind))("side",
                                                                         side_text(order.side))(
      "workingTime", order.working)("selfTradePreventionMode", self_trade_text(order.self_trade));
  json.close('}').close('}');
  reply(json.take());
}

} // namespace troupe::venues::binance::server
