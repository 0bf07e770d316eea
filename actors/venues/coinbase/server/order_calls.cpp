#include "actors/venues/coinbase/server/calls.hpp"
#include "core/json.hpp"

#include <algorithm>

namespace troupe::venues::coinbase::server {

namespace {

using engine::OrderKind;
using engine::Refusal;
using trading::Money;
using trading::Price;
using trading::Quantity;

/// The body of a new order.
class Form {
public:
  explicit Form(core::json::View body) : body_(body) {}

  /// A string, or a number as its text; nullopt where it is absent, null or empty.
  [[nodiscard]] std::optional<std::string> text(const char* name) const {
    const auto value = body_.find(name);
    if (!value || value->is_null()) {
      return std::nullopt;
    }
    const auto string = value->string();
    auto out = string ? std::string(*string) : value->dump();
    return out.empty() ? std::nullopt : std::optional{std::move(out)};
  }
  [[nodiscard]] std::string need(const char* name) const {
    auto value = text(name);
    if (!value) {
      throw ApiError{400, std::string(name) + " is required"};
    }
    return *value;
  }
  [[nodiscard]] bool flag(const char* name) const {
    const auto value = text(name);
    return value && (*value == "true" || *value == "1");
  }
  /// A positive multiple of `step`.
  template <class Value>
  [[nodiscard]] Value amount(const char* name, Value step) const {
    const auto value = Value::from_text(need(name));
    const auto too_accurate = [&] {
      return ApiError{400,
                      std::string(name) + " is too accurate. Smallest unit is " + fixed(step, 8)};
    };
    if (!value) {
      const auto wide = Money::from_text(need(name));
      throw wide ? too_accurate() : ApiError{400, std::string("Invalid ") + name};
    }
    if (value->sign() <= 0) {
      throw ApiError{400, std::string("Invalid ") + name};
    }
    if (!value->is_multiple_of(step)) {
      throw too_accurate();
    }
    return *value;
  }

private:
  core::json::View body_;
};

trading::Side side_of(const Form& form) {
  const auto side = form.need("side");
  if (side != "buy" && side != "sell") {
    throw ApiError{400, "Invalid side"};
  }
  return side == "buy" ? trading::Side::BUY : trading::Side::SELL;
}

engine::SelfTradeMode self_trade_of(const Form& form) {
  const auto stp = form.text("stp").value_or("dc");
  if (stp == "dc") {
    return engine::SelfTradeMode::DECREMENT;
  }
  if (stp == "co") {
    return engine::SelfTradeMode::EXPIRE_MAKER;
  }
  if (stp == "cn") {
    return engine::SelfTradeMode::EXPIRE_TAKER;
  }
  if (stp == "cb") {
    return engine::SelfTradeMode::EXPIRE_BOTH;
  }
  throw ApiError{400, "Invalid stp"};
}

void read_tif(const CallContext& context, const Form& form, engine::PlaceOrder& order) {
  const auto tif = form.text("time_in_force").value_or("GTC");
  const bool post_only = form.flag("post_only");
  if (tif == "GTC") {
    order.tif = trading::TimeInForce::GTC;
  } else if (tif == "IOC" || tif == "FOK") {
    order.tif = tif == "IOC" ? trading::TimeInForce::IOC : trading::TimeInForce::FOK;
    if (post_only) {
      throw ApiError{400, "post_only is not allowed with time_in_force " + tif};
    }
  } else if (tif == "GTT") {
    order.tif = trading::TimeInForce::GTD;
    const auto after = form.text("cancel_after").value_or("");
    const std::chrono::minutes wait{after == "min"    ? 1
                                    : after == "hour" ? 60
                                    : after == "day"  ? 1'440
                                                      : 0};
    if (wait.count() == 0) {
      throw ApiError{400, "Invalid cancel_after"};
    }
    order.expires = context.exchange.now() + wait;
  } else {
    throw ApiError{400, "Invalid time_in_force"};
  }
  if (post_only) {
    order.kind = OrderKind::LIMIT_MAKER;
  }
}

/// A loss triggers at the stop price or below, an entry at it or above.
void read_stop(const Form& form, Price tick, engine::PlaceOrder& order) {
  auto stop = form.text("stop");
  if (!stop && !form.text("stop_price")) {
    return;
  }
  if (!stop) { // clients leave it out: what protects the side is meant
    stop = order.side == trading::Side::SELL ? "loss" : "entry";
  }
  if (*stop != "loss" && *stop != "entry") {
    throw ApiError{400, "Invalid stop"};
  }
  order.stop_tick = static_cast<std::int64_t>(form.amount("stop_price", tick).multiple_of(tick));
  const bool with_side = (*stop == "loss") == (order.side == trading::Side::SELL);
  const bool market = order.kind == OrderKind::MARKET;
  order.kind = with_side ? (market ? OrderKind::STOP_LOSS : OrderKind::STOP_LOSS_LIMIT)
                         : (market ? OrderKind::TAKE_PROFIT : OrderKind::TAKE_PROFIT_LIMIT);
}

void read_amounts(const CallContext& context, const Form& form, engine::PlaceOrder& order) {
  const auto& item = context.exchange.market(order.market).instrument();
  const auto size = [&] {
    const auto wanted = form.amount("size", item.lot);
    order.lots = static_cast<std::int64_t>(wanted.multiple_of(item.lot));
  };
  const auto type = form.text("type").value_or("limit");
  if (type == "market") {
    order.kind = OrderKind::MARKET;
    if (form.text("funds")) {
      if (form.text("size")) {
        throw ApiError{400, "size and funds cannot both be set"};
      }
      order.funds = form.amount("funds", Money::from_raw(Money::unit / 100'000'000));
      if (*order.funds < item.min_notional) {
        throw ApiError{400, "funds is too small. Minimum size is " + fixed(item.min_notional, 8)};
      }
    } else if (form.text("size")) {
      size();
    } else {
      throw ApiError{400, "size or funds is required"};
    }
    return;
  }
  if (type != "limit" && type != "stop") {
    throw ApiError{400, "Invalid type"};
  }
  order.kind = OrderKind::LIMIT;
  order.tick = static_cast<std::int64_t>(form.amount("price", item.tick).multiple_of(item.tick));
  size();
  const auto notional = (item.tick * order.tick) * (item.lot * order.lots);
  if (notional < item.min_notional) {
    throw ApiError{
      400,
      "size is too small. Minimum size is "
        + fixed(Quantity::from_raw(item.min_notional.raw() / (item.tick * order.tick).raw()), 8)};
  }
}

ApiError refusal_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::INSUFFICIENT_BALANCE: return {400, "Insufficient funds"};
    case Refusal::STOP_WOULD_TRIGGER: return {400, "stop price would trigger immediately"};
    case Refusal::DUPLICATE_CLIENT_ID: return {400, "Duplicate client_oid"};
    case Refusal::TOO_MANY_ORDERS: return {400, "Exceeded maximum number of open orders: 500"};
    case Refusal::NO_LIQUIDITY: return {400, "Market order has no liquidity to fill against"};
    case Refusal::INVALID_PRICE: return {400, "Invalid Price"};
    case Refusal::INVALID_QUANTITY: return {400, "size is too small"};
    default: return {400, "Order rejected"};
  }
}

/// A post-only order that would have taken: answered as an order that was rejected.
std::string rejected_json(const CallContext& context, const engine::PlaceOrder& order) {
  const auto& market = context.exchange.market(order.market);
  JsonWriter json;
  json.open('{')("id", uuid_of("rejected", static_cast<std::uint64_t>(context.exchange.now().ns)))(
    "price", price_text(market, order.tick))("size", size_text(market, order.lots))(
    "product_id", product_of(market))("profile_id", profile_uuid(order.account))(
    "side", side_text(order.side))("type", "limit")("time_in_force", "GTC")("post_only", true)(
    "created_at", time_text(context.exchange.now()))("reject_reason", "post only")(
    "fill_fees", fixed(Money{}, 16))("filled_size", size_text(market, 0))(
    "executed_value", fixed(Money{}, 16))("market_type", "spot")("status", "rejected")("settled",
                                                                                       false);
  if (!order.client_id.empty()) {
    json("client_oid", order.client_id);
  }
  json.close('}');
  return json.take();
}

/// The order that {id} names, its own id or client:OID; null where the account has none.
const engine::Order* find_order(const CallContext& context) {
  constexpr std::string_view client = "client:";
  if (context.parameter.starts_with(client)) {
    return context.exchange.order_by_client(context.account,
                                            context.parameter.substr(client.size()));
  }
  const auto at = context.orders.find(context.parameter);
  return at == context.orders.end() ? nullptr : context.exchange.order(context.account, at->second);
}

std::string_view status_of(const engine::Order& order) {
  return !engine::is_open(order.status) ? "done" : order.waiting() ? "active" : "open";
}

} // namespace

void place_order(CallContext& context, const Reply& reply) {
  const auto document = core::json::Document::parse(context.request.body);
  if (!document || !document->view().is_object()) {
    throw ApiError{400, "Invalid JSON"};
  }
  const Form form{document->view()};
  engine::PlaceOrder order;
  order.account = context.account;
  const auto market = find_product(context.exchange, form.need("product_id"));
  if (!market) {
    throw ApiError{404, "Product not found"};
  }
  order.market = *market;
  order.side = side_of(form);
  order.self_trade = self_trade_of(form);
  read_amounts(context, form, order);
  if (order.kind != OrderKind::MARKET) {
    read_tif(context, form, order);
  }
  read_stop(form, context.exchange.market(*market).instrument().tick, order);
  order.client_id = form.text("client_oid").value_or("");
  if (!order.client_id.empty() && !is_client_id(order.client_id)) {
    throw ApiError{400, "client_oid must be a valid UUID"};
  }
  const auto placed = context.exchange.place(order);
  if (placed.refusal == Refusal::WOULD_TAKE) {
    reply({rejected_json(context, order)});
    return;
  }
  if (placed.refusal != Refusal::NONE) {
    throw refusal_of(placed.refusal);
  }
  JsonWriter json;
  write_order(json, context.exchange, *context.exchange.order(context.account, placed.order_id),
              true);
  reply({json.take()});
}

void list_orders(CallContext& context, const Reply& reply) {
  auto statuses = context.request.parameters("status");
  const auto has = [&](std::string_view status) {
    return std::find(statuses.begin(), statuses.end(), status) != statuses.end();
  };
  const bool all = has("all");
  if (statuses.empty()) {
    statuses = {"open", "pending", "active"};
  }
  const auto product = context.request.parameter("product_id");
  const auto every = context.exchange.markets();
  const auto market = product ? market_of(context, *product) : every;
  std::vector<const engine::Order*> found;
  const auto& kept = context.exchange.orders();
  for (auto at = kept.rbegin(); at != kept.rend(); ++at) {
    const auto& order = at->second;
    if (order.account == context.account && (market == every || order.market == market)
        && (all || has(status_of(order)))) {
      found.push_back(&order);
    }
  }
  Answer answer;
  const auto id_of = [](const engine::Order* order) { return order->id; };
  JsonWriter json;
  json.open('[');
  for (const auto* const order : page_of(context, std::move(found), id_of, answer)) {
    write_order(json, context.exchange, *order);
  }
  json.close(']');
  answer.json = json.take();
  reply(std::move(answer));
}

void get_order(CallContext& context, const Reply& reply) {
  const auto* const order = find_order(context);
  if (order == nullptr) {
    throw ApiError{404, "NotFound"};
  }
  JsonWriter json;
  write_order(json, context.exchange, *order);
  reply({json.take()});
}

void cancel_order(CallContext& context, const Reply& reply) {
  const auto* const order = find_order(context);
  if (order == nullptr) {
    throw ApiError{404, "order not found"};
  }
  if (!engine::is_open(order->status)) {
    throw ApiError{400, "Order already done"};
  }
  const auto id = order->id;
  const auto named = context.parameter.starts_with("client:") ? order->client_id : order_uuid(id);
  (void)context.exchange.cancel(context.account, id);
  reply({'"' + named + '"'});
}

void cancel_orders(CallContext& context, const Reply& reply) {
  const auto product = context.request.parameter("product_id");
  const auto every = context.exchange.markets();
  const auto market = product ? market_of(context, *product) : every;
  JsonWriter json;
  json.open('[');
  for (const auto* const order : context.exchange.open_orders(context.account)) {
    if (market == every || order->market == market) {
      const auto id = order->id;
      (void)context.exchange.cancel(context.account, id);
      json.value(order_uuid(id));
    }
  }
  json.close(']');
  reply({json.take()});
}

} // namespace troupe::venues::coinbase::server
