#include "actors/venues/binance/server/order_replies.hpp"
#include "actors/venues/binance/server/render.hpp"
#include "actors/venues/binance/server/user_streams.hpp"

#include <algorithm>
#include <array>

/// Order lists: OCO, OTO and OTOCO.
namespace troupe::venues::binance::server {

namespace {

using engine::Contingency;
using engine::OrderKind;

std::string with_capital(const std::string& prefix, std::string name) {
  if (!prefix.empty()) {
    name.front() = static_cast<char>(name.front() - 'a' + 'A');
  }
  return prefix + name;
}

/// The parameters of one order of a list, under the names that a single order has.
/// @param prefix  of its own ones, such as "above" in "aboveStopPrice"
/// @param shared  prefix of side and quantity; "" where the list has one of each
Parameters leg_of(const Parameters& all, const std::string& prefix, const std::string& shared) {
  Parameters out;
  const auto take = [&](const std::string& from, const char* as) {
    if (const auto value = all.find(from); value && !value->empty()) {
      out.add(as, std::string(*value));
    }
  };
  take("symbol", "symbol");
  take("selfTradePreventionMode", "selfTradePreventionMode");
  take(with_capital(shared, "side"), "side");
  take(with_capital(shared, "quantity"), "quantity");
  for (const auto* const name :
       {"type", "price", "stopPrice", "trailingDelta", "icebergQty", "timeInForce"}) {
    take(with_capital(prefix, name), name);
  }
  take(with_capital(prefix, "clientOrderId"), "newClientOrderId");
  return out;
}

/// The form that came first: a limit order above or below, and a stop.
std::array<Parameters, 2> old_form(const Parameters& all) {
  std::array<Parameters, 2> out;
  const auto take = [&](std::size_t leg, const char* from, const char* as) {
    if (const auto value = all.find(from); value && !value->empty()) {
      out[leg].add(as, std::string(*value));
    }
  };
  for (std::size_t leg = 0; leg < 2; ++leg) {
    for (const auto* const name : {"symbol", "side", "quantity", "selfTradePreventionMode"}) {
      take(leg, name, name);
    }
  }
  out[0].add("type", "LIMIT_MAKER");
  take(0, "price", "price");
  take(0, "limitIcebergQty", "icebergQty");
  take(0, "limitClientOrderId", "newClientOrderId");
  out[1].add("type", all.has("stopLimitPrice") ? "STOP_LOSS_LIMIT" : "STOP_LOSS");
  take(1, "stopPrice", "stopPrice");
  take(1, "trailingDelta", "trailingDelta");
  take(1, "stopLimitPrice", "price");
  take(1, "stopLimitTimeInForce", "timeInForce");
  take(1, "stopIcebergQty", "icebergQty");
  take(1, "stopClientOrderId", "newClientOrderId");
  return out;
}

void forbid_kind(bool is_wrong, const char* name) {
  if (is_wrong) {
    throw illegal_parameter(name);
  }
}

/// One order of a pair is a limit maker or a stop.
void check_pair_kind(const engine::PlaceOrder& order, const char* name) {
  forbid_kind(order.kind != OrderKind::LIMIT_MAKER && !engine::is_stop(order.kind), name);
}

void place(CallContext& context,
           const Parameters& parameters,
           Contingency contingency,
           std::vector<engine::PlaceOrder> orders,
           const Reply& reply) {
  engine::PlaceList wanted;
  wanted.account = context.account;
  wanted.market = orders.front().market;
  wanted.contingency = contingency;
  wanted.orders = std::move(orders);
  const auto named = parameters.find("listClientOrderId");
  wanted.client_id = named && !named->empty() ? std::string(*named) : fresh_id(context, 9);
  const auto* const same = context.exchange.list_by_client(context.account, wanted.client_id);
  if (same != nullptr && !same->done) {
    throw order_rejected("Duplicate order sent.");
  }
  const auto placed = context.exchange.place_list(wanted);
  if (placed.refusal != engine::Refusal::NONE) {
    refuse_order(placed.refusal);
  }
  JsonWriter json{context.unit};
  write_list(json, context.exchange, *context.exchange.list(context.account, placed.order_id), true,
             true, {});
  reply(json.take());
}

const engine::OrderList& list_named(const CallContext& context,
                                    const Parameters& parameters,
                                    const std::string& client_name) {
  const auto id = parameters.integer("orderListId");
  const auto client = parameters.find(client_name);
  if (!id && (!client || client->empty())) {
    throw ApiError{400, -1102,
                   "Param '" + client_name
                     + "' or 'orderListId' must be sent, but both were "
                       "empty/null!"};
  }
  const auto* const list =
    id ? context.exchange.list(context.account, static_cast<std::uint64_t>(*id))
       : context.exchange.list_by_client(context.account, *client);
  if (list == nullptr) {
    throw ApiError{400, -2018, "Order list does not exist."};
  }
  return *list;
}

template <class Wanted>
void reply_lists(CallContext& context,
                 std::size_t limit,
                 const Wanted& wanted,
                 const Reply& reply) {
  JsonWriter json{context.unit};
  json.open('[');
  for (const auto& [id, list] : context.exchange.lists()) {
    if (list.account == context.account && wanted(list) && limit-- > 0) {
      write_list(json, context.exchange, list, false, false, {});
    }
    if (limit == 0) {
      break;
    }
  }
  json.close(']');
  reply(json.take());
}

} // namespace

void write_list(JsonWriter& json,
                const engine::Exchange& exchange,
                const engine::OrderList& list,
                bool started,
                bool reports,
                std::string_view cancel_id) {
  const auto symbol = symbol_of(exchange.market(list.market));
  const auto order_of = [&](std::uint64_t id) -> const engine::Order& {
    return *exchange.order(list.account, id);
  };
  const auto each = [&](const char* name, const auto& write) {
    json.key(name).open('[');
    for (const auto id : list.orders) {
      if (exchange.order(list.account, id) != nullptr) { // the oldest are forgotten
        write(order_of(id));
      }
    }
    json.close(']');
  };
  const auto* const contingency = list.contingency == Contingency::OCO ? "OCO" : "OTO";
  const bool done = list.done && !started;
  json.open('{')("orderListId", list.id)("contingencyType", contingency)(
    "listStatusType", done ? "ALL_DONE" : "EXEC_STARTED")("listOrderStatus",
                                                          done ? "ALL_DONE" : "EXECUTING")(
    "listClientOrderId", list.client_id)("transactionTime", list.time)("symbol", symbol);
  each("orders", [&](const engine::Order& order) {
    json.open('{')("symbol", symbol)("orderId", order.id)("clientOrderId", order.client_id)
      .close('}');
  });
  if (reports) {
    each("orderReports", [&](const engine::Order& order) {
      cancel_id.empty() ? write_placed(json, exchange, order, ResponseKind::RESULT)
                        : write_canceled(json, exchange, order, cancel_id);
    });
  }
  json.close('}');
}

void place_oco(CallContext& context, const Parameters& parameters, const Reply& reply) {
  const auto above = read_order(context, leg_of(parameters, "above", ""), fresh_id(context, 1));
  const auto below = read_order(context, leg_of(parameters, "below", ""), fresh_id(context, 2));
  check_pair_kind(above.order, "aboveType");
  check_pair_kind(below.order, "belowType");
  // The venue lists the order below first.
  place(context, parameters, Contingency::OCO, {below.order, above.order}, reply);
}

void place_old_oco(CallContext& context, const Parameters& parameters, const Reply& reply) {
  const auto legs = old_form(parameters);
  const auto limit = read_order(context, legs[0], fresh_id(context, 1));
  const auto stop = read_order(context, legs[1], fresh_id(context, 2));
  place(context, parameters, Contingency::OCO, {stop.order, limit.order}, reply);
}

void place_oto(CallContext& context, const Parameters& parameters, const Reply& reply) {
  const auto working =
    read_order(context, leg_of(parameters, "working", "working"), fresh_id(context, 1));
  const auto pending =
    read_order(context, leg_of(parameters, "pending", "pending"), fresh_id(context, 2));
  forbid_kind(working.order.kind != OrderKind::LIMIT
                && working.order.kind != OrderKind::LIMIT_MAKER,
              "workingType");
  place(context, parameters, Contingency::OTO, {working.order, pending.order}, reply);
}

void place_otoco(CallContext& context, const Parameters& parameters, const Reply& reply) {
  const auto working =
    read_order(context, leg_of(parameters, "working", "working"), fresh_id(context, 1));
  const auto above =
    read_order(context, leg_of(parameters, "pendingAbove", "pending"), fresh_id(context, 2));
  const auto below =
    read_order(context, leg_of(parameters, "pendingBelow", "pending"), fresh_id(context, 3));
  forbid_kind(working.order.kind != OrderKind::LIMIT
                && working.order.kind != OrderKind::LIMIT_MAKER,
              "workingType");
  check_pair_kind(above.order, "pendingAboveType");
  check_pair_kind(below.order, "pendingBelowType");
  place(context, parameters, Contingency::OTO, {working.order, below.order, above.order}, reply);
}

void query_list(CallContext& context, const Parameters& parameters, const Reply& reply) {
  JsonWriter json{context.unit};
  write_list(json, context.exchange, list_named(context, parameters, "origClientOrderId"), false,
             false, {});
  reply(json.take());
}

void all_lists(CallContext& context, const Parameters& parameters, const Reply& reply) {
  const auto from = parameters.integer("fromId").value_or(0);
  const auto start = parameters.time("startTime").value_or(core::Timestamp{});
  const auto end = parameters.end_time("endTime").value_or(core::Timestamp{INT64_MAX});
  reply_lists(
    context, parameters.limit(500, 1'000),
    [&](const engine::OrderList& list) {
      return static_cast<std::int64_t>(list.id) >= from && list.time >= start && list.time <= end;
    },
    reply);
}

void open_lists(CallContext& context, const Parameters&, const Reply& reply) {
  reply_lists(
    context, SIZE_MAX, [](const engine::OrderList& list) { return !list.done; }, reply);
}

void cancel_list(CallContext& context, const Parameters& parameters, const Reply& reply) {
  const auto market = market_of(context, parameters);
  const auto id = parameters.integer("orderListId");
  const auto client = parameters.find("listClientOrderId");
  if (!id && (!client || client->empty())) {
    throw ApiError{400, -1102,
                   "Param 'listClientOrderId' or 'orderListId' must be sent, but both were "
                   "empty/null!"};
  }
  const auto* const list =
    id ? context.exchange.list(context.account, static_cast<std::uint64_t>(*id))
       : context.exchange.list_by_client(context.account, *client);
  if (list == nullptr || list->market != market || list->done) {
    throw cancel_rejected();
  }
  const auto cancel_id = cancel_id_of(context, parameters, "newClientOrderId");
  context.users.cancel_id = cancel_id;
  (void)context.exchange.cancel_list(context.account, list->id);
  context.users.cancel_id.clear();
  JsonWriter json{context.unit};
  write_list(json, context.exchange, *list, false, true, cancel_id);
  reply(json.take());
}

} // namespace troupe::venues::binance::server
