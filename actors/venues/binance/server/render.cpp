#include "actors/venues/binance/server/render.hpp"

#include "core/random.hpp"

#include <cmath>

namespace troupe::venues::binance::server {

std::string_view kind_text(engine::OrderKind kind) {
  return boost::describe::enum_to_string(kind, "LIMIT");
}

std::string_view status_text(engine::OrderStatus status) {
  return boost::describe::enum_to_string(status, "NEW");
}

std::string_view tif_text(trading::TimeInForce tif) {
  return boost::describe::enum_to_string(tif, "GTC");
}

std::string_view self_trade_text(engine::SelfTradeMode mode) {
  return boost::describe::enum_to_string(mode, "NONE");
}

void write_time(JsonWriter& json, std::string_view name, std::optional<core::Timestamp> time) {
  json.key(name);
  time ? void(json.value(*time)) : void(json.value(-1));
}

std::string make_id(std::uint64_t number, std::size_t length) {
  constexpr std::string_view letters =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string out;
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < length; ++i) {
    if (i % 8 == 0) {
      bits = core::mix(number, i + 1);
    }
    out += letters[bits % letters.size()];
    bits /= letters.size();
  }
  return out;
}

void write_kline(JsonWriter& json,
                 const engine::Market& market,
                 const engine::CandleInterval& interval,
                 const engine::Candle& candle) {
  json.open('[')
    .value(core::Timestamp{candle.open_ns})
    .value(price_text(market, candle.open))
    .value(price_text(market, candle.high))
    .value(price_text(market, candle.low))
    .value(price_text(market, candle.close))
    .value(quantity_text(market, candle.lots))
    .before({interval.shift(candle.open_ns, 1)})
    .value(fixed(market.notional(candle.tick_lots), digits))
    .value(candle.trades)
    .value(quantity_text(market, candle.lots_bought))
    .value(fixed(market.notional(candle.tick_lots_bought), digits))
    .value("0")
    .close(']');
}

std::string mean_price(const engine::Market& market, const engine::Candle& candle) {
  if (candle.lots == 0) {
    return price_text(market, market.last_tick());
  }
  const auto raw = market.notional(candle.tick_lots).raw() / market.quantity(candle.lots).raw();
  return fixed(trading::Price::from_raw(raw), digits); // 18 - 8 digits are a price's 10
}

TickerFigures
ticker_figures(const engine::Market& market, const engine::DayStats& stats, core::Timestamp now) {
  TickerFigures out;
  auto sum = stats.sum;
  if (sum.trades == 0) {
    sum.open = sum.high = sum.low = sum.close = market.last_tick();
  }
  const auto change = sum.close - sum.open;
  out.change = fixed(market.price(change), digits);
  // Thousandths of a percent, rounded to the nearest.
  const auto scaled =
    sum.open == 0 ? 0
                  : std::llround(static_cast<double>(change) / static_cast<double>(sum.open) * 1e5);
  out.change_percent = fixed(core::Decimal<struct PercentTag, 3>::from_raw(scaled), 3);
  out.average = mean_price(market, sum);
  out.open = price_text(market, sum.open);
  out.high = price_text(market, sum.high);
  out.low = price_text(market, sum.low);
  out.last = price_text(market, sum.close);
  out.volume = quantity_text(market, sum.lots);
  out.quote_volume = fixed(market.notional(sum.tick_lots), digits);
  out.close_before = price_text(market, stats.close_before != 0 ? stats.close_before : sum.open);
  out.last_quantity =
    quantity_text(market, market.trades().empty() ? 0 : market.trades().back().lots);
  out.from = {stats.open_ns};
  out.until = now;
  out.first_id = sum.first_id;
  out.last_id = sum.last_id;
  out.count = sum.trades;
  return out;
}

namespace {

/// Those that only some orders have.
void write_rarer_members(JsonWriter& json,
                         const engine::Market& market,
                         const engine::Order& order) {
  if (order.trailing_bips != 0) {
    json("trailingDelta", order.trailing_bips);
    write_time(json, "trailingTime", trailing_since(order));
  }
  if (order.prevented_match != 0) {
    json("preventedMatchId", order.prevented_match)("preventedQuantity",
                                                    quantity_text(market, order.lots_prevented));
  }
}

/// [["price","qty"],...] of one side, best first.
template <class Levels>
void write_levels(JsonWriter& json,
                  const engine::Market& market,
                  const Levels& levels,
                  std::size_t limit) {
  json.open('[');
  for (const auto& [tick, lots] : levels) {
    if (limit-- == 0) {
      break;
    }
    json.open('[').value(price_text(market, tick)).value(quantity_text(market, lots)).close(']');
  }
  json.close(']');
}

} // namespace

void write_partial_book(JsonWriter& json, const engine::Market& market, std::size_t limit) {
  json.open('{')("lastUpdateId", market.update_id());
  json.key("bids");
  write_levels(json, market, market.bids(), limit);
  json.key("asks");
  write_levels(json, market, market.asks(), limit);
  json.close('}');
}

void write_order_members(JsonWriter& json,
                         const engine::Exchange& exchange,
                         const engine::Order& order) {
  const auto& market = exchange.market(order.market);
  json("price", price_text(market, order.tick))("origQty", quantity_text(market, order.lots))(
    "executedQty", quantity_text(market, order.lots_filled))(
    "origQuoteOrderQty", fixed(order.funds.value_or(trading::Money{}), digits))(
    "cummulativeQuoteQty", fixed(order.quote_filled, digits))("status", status_text(order.status))(
    "timeInForce", tif_text(order.tif))("type", kind_text(order.kind))("side",
                                                                       side_text(order.side));
  if (engine::is_stop(order.kind)) {
    json("stopPrice", price_text(market, order.stop_tick));
  }
  if (order.iceberg_lots != 0) {
    json("icebergQty", quantity_text(market, order.iceberg_lots));
  }
  write_rarer_members(json, market, order);
}

void write_order(JsonWriter& json, const engine::Exchange& exchange, const engine::Order& order) {
  const auto& market = exchange.market(order.market);
  json.open('{')("symbol", symbol_of(market))("orderId", order.id)("orderListId", list_id(order))(
    "clientOrderId", order.client_id)("price", price_text(market, order.tick))(
    "origQty", quantity_text(market, order.lots))("executedQty",
                                                  quantity_text(market, order.lots_filled))(
    "cummulativeQuoteQty", fixed(order.quote_filled, digits))("status", status_text(order.status))(
    "timeInForce", tif_text(order.tif))("type", kind_text(order.kind))(
    "side", side_text(order.side))("stopPrice", price_text(market, order.stop_tick))(
    "icebergQty", quantity_text(market, order.iceberg_lots))("time", order.created)(
    "updateTime", order.updated)("isWorking", !order.waiting());
  write_time(json, "workingTime", order.waiting() ? std::nullopt : std::optional{order.working});
  json("origQuoteOrderQty", fixed(order.funds.value_or(trading::Money{}), digits))(
    "selfTradePreventionMode", self_trade_text(order.self_trade));
  write_rarer_members(json, market, order);
  json.close('}');
}

void write_canceled(JsonWriter& json,
                    const engine::Exchange& exchange,
                    const engine::Order& order,
                    std::string_view cancel_id) {
  json.open('{')("symbol", symbol_of(exchange.market(order.market)))(
    "origClientOrderId", order.client_id)("orderId", order.id)("orderListId", list_id(order))(
    "clientOrderId", cancel_id)("transactTime", order.updated);
  write_order_members(json, exchange, order);
  json("selfTradePreventionMode", self_trade_text(order.self_trade)).close('}');
}

} // namespace troupe::venues::binance::server
