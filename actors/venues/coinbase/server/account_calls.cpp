#include "actors/venues/coinbase/server/calls.hpp"

#include <algorithm>
#include <set>

namespace troupe::venues::coinbase::server {

namespace {

std::vector<std::string> currencies_held(const CallContext& context) {
  std::set<std::string> known{context.exchange.settings().quote_asset};
  for (std::size_t i = 0; i < context.exchange.markets(); ++i) {
    known.insert(context.exchange.market(i).base());
  }
  for (const auto& [currency, balance] : context.exchange.ledger(context.account).balances()) {
    known.insert(currency);
  }
  return {known.begin(), known.end()};
}

void write_account(JsonWriter& json, const CallContext& context, const std::string& currency) {
  const auto balance = context.exchange.ledger(context.account).balance(currency);
  json
    .open('{')("id", account_uuid(context.account, currency))("currency", currency)(
      "balance", fixed(balance.total, 16))("hold", fixed(balance.held, 16))(
      "available", fixed(balance.available(), 16))("profile_id", profile_uuid(context.account))(
      "trading_enabled", true)("pending_deposit", "0.0000000000000000")("display_name", currency)
    .close('}');
}

/// The currency whose account {id} names; throws 404.
std::string currency_named(const CallContext& context) {
  for (const auto& currency : currencies_held(context)) {
    if (account_uuid(context.account, currency) == context.parameter) {
      return currency;
    }
  }
  throw ApiError{404, "NotFound"};
}

void write_profile(JsonWriter& json, const CallContext& context) {
  json
    .open('{')("id", profile_uuid(context.account))("user_id", uuid_of("user", context.account))(
      "name", "default")("active", true)("is_default", true)("has_margin", false)(
      "created_at", time_text(context.exchange.started()))
    .close('}');
}

} // namespace

void accounts(CallContext& context, const Reply& reply) {
  JsonWriter json;
  json.open('[');
  for (const auto& currency : currencies_held(context)) {
    write_account(json, context, currency);
  }
  json.close(']');
  reply({json.take()});
}

void account(CallContext& context, const Reply& reply) {
  JsonWriter json;
  write_account(json, context, currency_named(context));
  reply({json.take()});
}

void account_ledger(CallContext& context, const Reply& reply) {
  const auto currency = currency_named(context);
  const auto& kept = context.exchange.ledger(context.account).entries();
  std::vector<const engine::Entry*> entries;
  for (auto at = kept.rbegin(); at != kept.rend(); ++at) {
    if (at->asset == currency) {
      entries.push_back(&*at);
    }
  }
  Answer answer;
  const auto id_of = [](const engine::Entry* entry) { return entry->id; };
  JsonWriter json;
  json.open('[');
  for (const auto* const entry : page_of(context, std::move(entries), id_of, answer)) {
    const bool deposit = entry->kind == engine::EntryKind::DEPOSIT;
    json.open('{')("id", std::to_string(entry->id))("amount", fixed(entry->amount, 16))(
      "balance", fixed(entry->balance, 16))("created_at", time_text(entry->time))(
      "type", deposit                                 ? "transfer"
              : entry->kind == engine::EntryKind::FEE ? "fee"
                                                      : "match");
    json.key("details").open('{');
    if (!deposit) {
      json("order_id", order_uuid(entry->order_id))("trade_id", std::to_string(entry->trade_id))(
        "product_id", product_of(context.exchange.market(entry->market)));
    }
    json.close('}').close('}');
  }
  json.close(']');
  answer.json = json.take();
  reply(std::move(answer));
}

void account_holds(CallContext& context, const Reply& reply) {
  const auto currency = currency_named(context);
  JsonWriter json;
  json.open('[');
  for (const auto* const order : context.exchange.open_orders(context.account)) {
    const auto& market = context.exchange.market(order->market);
    const auto& pays =
      order->side == trading::Side::BUY ? context.exchange.settings().quote_asset : market.base();
    if (pays == currency && !order->held.is_zero()) {
      json
        .open('{')("id", uuid_of("hold", order->id))("created_at", time_text(order->created))(
          "updated_at", time_text(order->updated))("amount", fixed(order->held, 16))(
          "type", "order")("ref", order_uuid(order->id))
        .close('}');
    }
  }
  json.close(']');
  reply({json.take()});
}

void fills(CallContext& context, const Reply& reply) {
  const auto product = context.request.parameter("product_id");
  const auto order = context.request.parameter("order_id");
  if (!product && !order) {
    throw ApiError{400, "Must provide either an order_id or product_id"};
  }
  const auto all = context.exchange.markets();
  const auto market = product ? market_of(context, *product) : all;
  const auto known = order ? context.orders.find(std::string(*order)) : context.orders.end();
  std::vector<const engine::Execution*> found;
  const auto& kept = context.exchange.executions(context.account);
  for (auto at = kept.rbegin(); at != kept.rend(); ++at) {
    const bool wanted =
      (market == all || at->market == market)
      && (!order || (known != context.orders.end() && at->order_id == known->second));
    if (wanted) {
      found.push_back(&*at);
    }
  }
  Answer answer;
  const auto id_of = [](const engine::Execution* fill) { return fill->trade_id; };
  JsonWriter json;
  json.open('[');
  for (const auto* const fill : page_of(context, std::move(found), id_of, answer)) {
    write_fill(json, context.exchange, *fill);
  }
  json.close(']');
  answer.json = json.take();
  reply(std::move(answer));
}

void fees(CallContext& context, const Reply& reply) {
  trading::Money volume;
  for (const auto& fill : context.exchange.executions(context.account)) {
    volume += fill.quote;
  }
  JsonWriter json;
  json
    .open('{')("taker_fee_rate", rate_text(context.exchange.taker_fee_ppm()))(
      "maker_fee_rate", rate_text(context.exchange.maker_fee_ppm()))("usd_volume", fixed(volume, 2))
    .close('}');
  reply({json.take()});
}

void profiles(CallContext& context, const Reply& reply) {
  JsonWriter json;
  json.open('[');
  write_profile(json, context);
  json.close(']');
  reply({json.take()});
}

void profile(CallContext& context, const Reply& reply) {
  if (context.parameter != profile_uuid(context.account)) {
    throw ApiError{404, "NotFound"};
  }
  JsonWriter json;
  write_profile(json, context);
  reply({json.take()});
}

/// Nothing can be transferred here, so that nothing limits it.
void exchange_limits(CallContext& context, const Reply& reply) {
  JsonWriter json;
  json.open('{')("limit_currency", context.exchange.settings().quote_asset);
  json.key("transfer_limits").raw("{}").close('}');
  reply({json.take()});
}

/// What was traded in 30 days, by the account and by all, of each product.
void trailing_volume(CallContext& context, const Reply& reply) {
  constexpr std::chrono::hours days_30{30 * 24};
  std::vector<std::int64_t> own(context.exchange.markets());
  for (const auto& fill : context.exchange.executions(context.account)) {
    if (context.exchange.now() - fill.time < days_30) {
      own[fill.market] += fill.lots;
    }
  }
  JsonWriter json;
  json.open('[');
  for (std::size_t i = 0; i < own.size(); ++i) {
    const auto& market = context.exchange.market(i);
    const auto all = std::max(own[i], context.month_lots[i]);
    json
      .open('{')("product_id", product_of(market))("exchange_volume", size_text(market, all))(
        "volume", size_text(market, own[i]))("recorded_at", time_text(context.time))
      .close('}');
  }
  json.close(']');
  reply({json.take()});
}

void verify(CallContext& context, const Reply& reply) {
  JsonWriter json;
  json.open('{')("id", uuid_of("user", context.account)).close('}');
  reply({json.take()});
}

void nothing_listed(CallContext&, const Reply& reply) {
  reply({"[]"});
}

} // namespace troupe::venues::coinbase::server
