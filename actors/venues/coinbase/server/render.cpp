#include "actors/venues/coinbase/server/render.hpp"

#include "core/fingerprint.hpp"
#include "core/random.hpp"

#include <algorithm>

namespace troupe::venues::coinbase::server {

namespace {

constexpr std::string_view hex = "0123456789abcdef";
constexpr std::size_t uuid_size = 36;

bool is_dash_place(std::size_t i) {
  return i == 8 || i == 13 || i == 18 || i == 23;
}

std::string_view order_type(const engine::Order& order) {
  return engine::is_market(order.kind) ? "market" : "limit";
}

std::string_view tif_text(const engine::Order& order) {
  switch (order.tif) {
    case trading::TimeInForce::IOC: return "IOC";
    case trading::TimeInForce::FOK: return "FOK";
    case trading::TimeInForce::GTD: return "GTT";
    default: return "GTC";
  }
}

std::string_view stp_text(engine::SelfTradeMode mode) {
  switch (mode) {
    case engine::SelfTradeMode::EXPIRE_MAKER: return "co";
    case engine::SelfTradeMode::EXPIRE_TAKER: return "cn";
    case engine::SelfTradeMode::EXPIRE_BOTH: return "cb";
    default: return "dc";
  }
}

/// As many digits as the tick has.
int digits_of(trading::Price tick) {
  int digits = 0;
  for (auto step = trading::Price::unit; step > 1 && tick.raw() % step != 0; step /= 10) {
    ++digits;
  }
  return digits;
}

} // namespace

std::string uuid_of(std::string_view what, std::uint64_t number) {
  const auto high = core::mix(core::fnv1a(what), number);
  const auto low = core::mix(high, number + 1);
  std::string out(uuid_size, '-');
  std::size_t nibble = 0;
  for (std::size_t i = 0; i < uuid_size; ++i) {
    if (!is_dash_place(i)) {
      const auto bits = nibble < 16 ? high >> (4 * nibble) : low >> (4 * (nibble - 16));
      out[i] = hex[bits & 15U];
      ++nibble;
    }
  }
  out[14] = '4';                                                   // version 4
  out[19] = hex[8U + (static_cast<std::size_t>(low >> 60U) & 3U)]; // RFC 4122's variant
  return out;
}

std::string account_uuid(std::size_t account, std::string_view currency) {
  return uuid_of("account/" + std::string(currency), account);
}

bool is_client_id(std::string_view text) {
  constexpr std::size_t length_max = 64;
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'
           || c == '_';
  };
  return !text.empty() && text.size() <= length_max && std::all_of(text.begin(), text.end(), plain);
}

std::string time_text(core::Timestamp t) {
  auto text = t.to_text(); // nine digits and a Z
  text.erase(text.size() - 4, 3);
  return text;
}

std::optional<std::size_t> find_product(const engine::Exchange& exchange, std::string_view id) {
  for (std::size_t i = 0; i < exchange.markets(); ++i) {
    if (product_of(exchange.market(i)) == id) {
      return i;
    }
  }
  return std::nullopt;
}

std::string price_text(const engine::Market& market, std::int64_t tick) {
  return fixed(market.price(tick), digits_of(market.instrument().tick));
}

std::string rate_text(std::int64_t ppm) {
  return core::Decimal<struct RateTag, 6>::from_raw(ppm).to_text();
}

void write_product(JsonWriter& json, const engine::Market& market) {
  const auto& item = market.instrument();
  const auto quote = item.symbol.substr(item.symbol.find('-') + 1);
  json
    .open('{')("id", item.symbol)("base_currency", market.base())("quote_currency", quote)(
      "quote_increment", item.tick.to_text())("base_increment", item.lot.to_text())(
      "display_name", item.symbol)("min_market_funds", item.min_notional.to_text())(
      "margin_enabled", false)("post_only", false)("limit_only", false)("cancel_only", false)(
      "status", "online")("status_message", "")("trading_disabled", false)("fx_stablecoin", false)(
      "max_slippage_percentage", "0.02000000")("auction_mode", false)("high_bid_limit_percentage",
                                                                      "")
    .close('}');
}

void write_currency(JsonWriter& json, std::string_view currency, bool fiat) {
  json.open('{')("id", currency)("name", currency)("min_size", fiat ? "0.01" : "0.00000001")(
    "status", "online")("message", "")("max_precision", fiat ? "0.01" : "0.00000001");
  json.key("convertible_to").raw("[]").key("details").open('{');
  json("type", fiat ? "fiat" : "crypto").key("symbol").null();
  json("network_confirmations", 0)("sort_order", 0)("crypto_address_link",
                                                    "")("crypto_transaction_link", "");
  json.key("push_payment_methods").raw("[]").key("group_types").raw("[]");
  json.key("display_name").null().key("processing_time_seconds").null();
  json("min_withdrawal_amount", 0)("max_withdrawal_amount", 0).close('}');
  json("default_network", "").key("supported_networks").raw("[]");
  json("display_name", currency).close('}');
}

void write_order(JsonWriter& json,
                 const engine::Exchange& exchange,
                 const engine::Order& order,
                 bool fresh) {
  const auto& market = exchange.market(order.market);
  const bool done = !engine::is_open(order.status);
  json.open('{')("id", order_uuid(order.id));
  if (!engine::is_market(order.kind)) {
    json("price", price_text(market, order.tick));
  }
  if (!order.funds || order.lots != 0) {
    json("size", size_text(market, order.lots));
  }
  json("product_id", product_of(market))("profile_id", profile_uuid(order.account))(
    "side", side_text(order.side));
  if (order.funds) {
    json("funds", fixed(*order.funds, 16))("specified_funds", fixed(*order.funds, 16));
  }
  json("type", order_type(order));
  if (!engine::is_market(order.kind)) {
    json("time_in_force", tif_text(order));
  }
  if (order.expires) {
    json("expire_time", time_text(*order.expires));
  }
  json("post_only", order.kind == engine::OrderKind::LIMIT_MAKER)("created_at",
                                                                  time_text(order.created));
  if (done && !fresh) {
    json("done_at", time_text(order.updated))(
      "done_reason", order.status == engine::OrderStatus::FILLED ? "filled" : "canceled");
  }
  json("fill_fees", fixed(order.fees, 16))("filled_size", size_text(market, order.lots_filled))(
    "executed_value", fixed(order.quote_filled, 16))("market_type", "spot")(
    "status", fresh             ? "pending"
              : done            ? "done"
              : order.waiting() ? "active"
                                : "open")("settled", done && !fresh);
  if (engine::is_stop(order.kind)) {
    const bool loss = (order.kind == engine::OrderKind::STOP_LOSS
                       || order.kind == engine::OrderKind::STOP_LOSS_LIMIT)
                      == (order.side == trading::Side::SELL);
    json("stop", loss ? "loss" : "entry")("stop_price", price_text(market, order.stop_tick));
  }
  if (!order.client_id.empty()) {
    json("client_oid", order.client_id);
  }
  json("stp", stp_text(order.self_trade)).close('}');
}

void write_fill(JsonWriter& json, const engine::Exchange& exchange, const engine::Execution& fill) {
  const auto& market = exchange.market(fill.market);
  json
    .open('{')("created_at", time_text(fill.time))("trade_id", fill.trade_id)(
      "product_id", product_of(market))("order_id", order_uuid(fill.order_id))(
      "user_id", uuid_of("user", fill.account))("profile_id", profile_uuid(fill.account))(
      "liquidity", fill.maker ? "M" : "T")("price", fixed(market.price(fill.tick), 8))(
      "size", size_text(market, fill.lots))("fee", fixed(fill.fee, 16))(
      "side", side_text(fill.side))("settled", true)("usd_volume",
                                                     fixed(fill.quote, 16))("market_type", "spot")
    .close('}');
}

} // namespace troupe::venues::coinbase::server
