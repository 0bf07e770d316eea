#include "actors/venues/binance/server/calls.hpp"
#include "actors/venues/binance/server/render.hpp"

#include <algorithm>

namespace troupe::venues::binance::server {

namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;

void write_rate_limits(JsonWriter& json, const Limits& limits) {
  const auto limit = [&](const char* type, const char* interval, int count, std::int64_t most) {
    json.open('{')("rateLimitType", type)("interval", interval)("intervalNum", count)("limit", most)
      .close('}');
  };
  json.open('[');
  const auto window = interval_of(limits.weight_window);
  limit("REQUEST_WEIGHT", window.unit, window.count, limits.weight_per_minute);
  limit("ORDERS", "SECOND", 10, limits.orders_per_10_seconds);
  limit("ORDERS", "DAY", 1, limits.orders_per_day);
  limit("RAW_REQUESTS", "MINUTE", 5, limits.raw_requests_per_5_minutes);
  json.close(']');
}

/// The markets that symbol, symbols or permissions choose; all of them where none is sent.
std::vector<std::size_t> chosen_markets(const CallContext& context, const Parameters& parameters) {
  std::vector<std::size_t> out;
  if (parameters.has("symbol") && parameters.has("symbols")) {
    throw ApiError{400, -1128, "Combination of optional parameters invalid."};
  }
  for (const auto& symbol : parameters.list(parameters.has("symbol") ? "symbol" : "symbols")) {
    out.push_back(market_named(context, symbol));
  }
  if (!out.empty()) {
    return out;
  }
  const auto permissions = parameters.list("permissions");
  const auto status = parameters.find("symbolStatus").value_or("TRADING");
  const bool spot =
    permissions.empty()
    || std::find(permissions.begin(), permissions.end(), "SPOT") != permissions.end();
  for (std::size_t i = 0; spot && status == "TRADING" && i < context.exchange.markets(); ++i) {
    out.push_back(i);
  }
  return out;
}

/// So many candles back there is one with a trade, whose close the quiet ones after it repeat.
std::int64_t quiet_candles(const engine::CandleInterval& interval) {
  return interval.text == "1s" ? 120 : interval.text == "1m" ? 5 : 0;
}

/// "0", "8", "-1:00", "05:45": hours and minutes ahead of UTC, -12:00 to +14:00.
std::int64_t zone_of(const Parameters& parameters) {
  const auto text = parameters.find("timeZone").value_or("0");
  const auto refuse = [] {
    return ApiError{400, -1130, "Data sent for parameter 'timeZone' is not valid."};
  };
  Parameters parts;
  const auto colon = std::min(text.find(':'), text.size());
  const bool negative = text.starts_with('-');
  const auto from = negative || text.starts_with('+') ? std::size_t{1} : std::size_t{0};
  parts.add("hours", std::string(text.substr(from, colon - from)));
  parts.add("minutes", std::string(colon < text.size() ? text.substr(colon + 1) : "0"));
  const auto hours = parts.integer("hours");
  const auto minutes = parts.integer("minutes");
  if (!hours || !minutes || *hours < 0 || *minutes < 0 || *minutes > 59) {
    throw refuse();
  }
  const auto zone = (negative ? -1 : 1) * (*hours * 60 + *minutes);
  if (zone < -12 * 60 || zone > 14 * 60) {
    throw refuse();
  }
  return zone * 60'000 * ns_per_ms;
}

/// The candles in UTC of which those of a zone are made.
const engine::CandleInterval* source_of(const engine::CandleInterval& wanted, std::int64_t zone) {
  constexpr std::int64_t minute_ns = 60'000 * ns_per_ms;
  if (wanted.step_ns != 0 && zone % wanted.step_ns == 0) {
    return engine::find_candle_interval(wanted.text);
  }
  const auto step = wanted.step_ns == 0 ? 60 * minute_ns : wanted.step_ns;
  const auto whole = [&](std::int64_t minutes) {
    return zone % (minutes * minute_ns) == 0 && step % (minutes * minute_ns) == 0;
  };
  return engine::find_candle_interval(zone == 0   ? wanted.text
                                      : whole(60) ? "1h"
                                      : whole(15) ? "15m"
                                                  : "1m");
}

void write_trades(JsonWriter& json,
                  const engine::Market& market,
                  const std::vector<engine::PublicTrade>& trades) {
  json.open('[');
  for (const auto& trade : trades) {
    json
      .open('{')("id", trade.id)("price", price_text(market, trade.tick))(
        "qty", quantity_text(market, trade.lots))(
        "quoteQty", fixed(market.notional(trade.tick, trade.lots), digits))("time", trade.time)(
        "isBuyerMaker", trade.aggressor == trading::Side::SELL)("isBestMatch", true)
      .close('}');
  }
  json.close(']');
}

} // namespace

std::size_t market_named(const CallContext& context, std::string_view symbol) {
  const auto plain = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  };
  if (!std::all_of(symbol.begin(), symbol.end(), plain) || symbol.size() > 20) {
    throw ApiError{400, -1100,
                   "Illegal characters found in parameter 'symbol'; legal range is "
                   "'^[A-Z0-9-_.]{1,20}$'."};
  }
  const auto market = find_symbol(context.exchange, symbol);
  if (!market) {
    throw invalid_symbol();
  }
  return *market;
}

std::size_t market_of(const CallContext& context, const Parameters& parameters) {
  return market_named(context, parameters.need("symbol"));
}

void exchange_info(CallContext& context, const Parameters& parameters, const Reply& reply) {
  JsonWriter json{context.unit};
  json.open('{')("timezone", "UTC")("serverTime", context.time);
  json.key("rateLimits");
  write_rate_limits(json, context.limits);
  json.key("exchangeFilters").raw("[]").key("symbols").open('[');
  for (const auto index : chosen_markets(context, parameters)) {
    write_symbol(json, context.exchange.market(index));
  }
  json.close(']').close('}');
  reply(json.take());
}

void depth(CallContext& context, const Parameters& parameters, const Reply& reply) {
  const auto& market = context.exchange.market(market_of(context, parameters));
  JsonWriter json{context.unit};
  write_partial_book(json, market, parameters.limit(100, 5'000));
  reply(json.take());
}

void trades(CallContext& context, const Parameters& parameters, const Reply& reply) {
  auto& market = context.exchange.market(market_of(context, parameters));
  JsonWriter json{context.unit};
  write_trades(json, market, market.trades_newest(parameters.limit(500, 1'000)));
  reply(json.take());
}

void historical_trades(CallContext& context, const Parameters& parameters, const Reply& reply) {
  auto& market = context.exchange.market(market_of(context, parameters));
  const auto limit = parameters.limit(500, 1'000);
  const auto from = parameters.integer("fromId");
  JsonWriter json{context.unit};
  write_trades(
    json, market,
    from ? market.trades_from(static_cast<std::uint64_t>(std::max<std::int64_t>(*from, 0)), limit)
         : market.trades_newest(limit));
  reply(json.take());
}

void aggregate_trades(CallContext& context, const Parameters& parameters, const Reply& reply) {
  auto& market = context.exchange.market(market_of(context, parameters));
  const auto limit = parameters.limit(500, 1'000);
  const auto from_id = parameters.integer("fromId");
  const auto start = parameters.time("startTime");
  const auto end = parameters.end_time("endTime");
  if (from_id && (start || end)) {
    throw ApiError{400, -1128, "Combination of optional parameters invalid."};
  }
  std::vector<engine::PublicTrade> found;
  if (from_id) {
    found =
      market.trades_from(static_cast<std::uint64_t>(std::max<std::int64_t>(*from_id, 0)), limit);
  } else if (start) {
    found = market.trades_between(start->ns, end ? end->ns + 1 : INT64_MAX, limit);
  } else if (end) {
    const auto from = *end - std::chrono::hours{1};
    found = market.trades_between(from.ns, end->ns + 1, 1'000'000);
    found.erase(found.begin(),
                found.end() - static_cast<std::ptrdiff_t>(std::min(limit, found.size())));
  } else {
    found = market.trades_newest(limit);
  }
  JsonWriter json{context.unit};
  json.open('[');
  for (const auto& trade : found) {
    json
      .open('{')("a", trade.id)("p", price_text(market, trade.tick))(
        "q", quantity_text(market, trade.lots))("f", trade.id)("l", trade.id)("T", trade.time)(
        "m", trade.aggressor == trading::Side::SELL)("M", true)
      .close('}');
  }
  json.close(']');
  reply(json.take());
}

void klines(CallContext& context, const Parameters& parameters, const Reply& reply) {
  const auto index = market_of(context, parameters);
  const auto* const named = engine::find_candle_interval(parameters.need("interval"));
  if (named == nullptr) {
    throw ApiError{400, -1120, "Invalid interval."};
  }
  auto zoned = *named;
  zoned.zone_ns = zone_of(parameters);
  const auto* const interval = &zoned;
  const auto* const source = source_of(*named, zoned.zone_ns);
  const auto limit = static_cast<std::int64_t>(parameters.limit(500, 1'000));
  const auto start = parameters.time("startTime");
  const auto end = parameters.end_time("endTime");
  const auto now_ns = context.exchange.now().ns;
  auto to_ns = now_ns + 1;
  if (end && end->ns < now_ns) {
    to_ns = end->ns + 1;
  }
  const auto last = interval->open_of(to_ns - 1); // candles that open by the end
  auto first = interval->shift(last, 1 - limit);
  auto stop = std::min(interval->shift(last, 1), now_ns + 1);
  if (start) {
    const auto listed = context.exchange.history().listed().ns;
    const auto start_ns = std::min(std::max(start->ns, listed), now_ns + 1);
    first = interval->open_of(start_ns);
    first = first < start_ns ? interval->shift(first, 1) : first;
    stop = std::min(stop, interval->shift(first, limit));
  }
  if (first >= stop) {
    reply("[]");
    return;
  }
  context.exchange.candles(
    {index, source, interval->shift(first, -quiet_candles(*interval)), stop}, context.candles,
    [&exchange = context.exchange, index, zoned, rolled = source != named, first, stop,
     unit = context.unit, reply](std::vector<engine::Candle> found) {
      std::vector<engine::Candle> candles;
      rolled ? engine::roll_up(candles, found, zoned) : candles.swap(found);
      JsonWriter json{unit};
      json.open('[');
      for (const auto& candle : engine::fill_gaps(std::move(candles), zoned, stop)) {
        if (candle.open_ns >= first) {
          write_kline(json, exchange.market(index), zoned, candle);
        }
      }
      json.close(']');
      reply(json.take());
    });
}

/// There are none here.
void block_trades(CallContext& context, const Parameters& parameters, const Reply& reply) {
  (void)market_of(context, parameters);
  (void)parameters.need_integer("fromId");
  reply("[]");
}

/// No symbol here has one.
void reference_price(CallContext& context, const Parameters& parameters, const Reply&) {
  (void)market_of(context, parameters);
  throw ApiError{400, -2043, "This symbol doesn't have a reference price."};
}

void average_price(CallContext& context, const Parameters& parameters, const Reply& reply) {
  const auto& market = context.exchange.market(market_of(context, parameters));
  constexpr std::int64_t minutes = 5;
  JsonWriter json{context.unit};
  json
    .open('{')("mins", minutes)(
      "price", mean_price(market, market.last_minutes(context.exchange.now(), minutes)))(
      "closeTime", context.time)
    .close('}');
  reply(json.take());
}

} // namespace troupe::venues::binance::server
