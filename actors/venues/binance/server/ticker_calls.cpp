#include "actors/venues/binance/server/calls.hpp"
#include "actors/venues/binance/server/render.hpp"

#include <charconv>

namespace troupe::venues::binance::server {

namespace {

/// Writes one ticker, or an array where several or all were asked for.
template <class WriteOne>
std::string tickers(const CallContext& context, const Parameters& parameters, WriteOne write) {
  if (parameters.has("symbol") && parameters.has("symbols")) {
    throw ApiError{400, -1128, "Combination of optional parameters invalid."};
  }
  JsonWriter json{context.unit};
  if (parameters.has("symbol")) {
    write(json, context.exchange.market(market_of(context, parameters)));
    return json.take();
  }
  json.open('[');
  const auto symbols = parameters.list("symbols");
  for (const auto& symbol : symbols) {
    write(json, context.exchange.market(market_named(context, symbol)));
  }
  for (std::size_t i = 0; symbols.empty() && i < context.exchange.markets(); ++i) {
    write(json, context.exchange.market(i));
  }
  json.close(']');
  return json.take();
}

void write_best(JsonWriter& json, const engine::Market& market) {
  const auto best = [&](const char* price, const char* quantity, const auto& levels) {
    const bool any = !levels.empty();
    json(price, price_text(market, any ? levels.begin()->first : 0))(
      quantity, quantity_text(market, any ? levels.begin()->second : 0));
  };
  best("bidPrice", "bidQty", market.bids());
  best("askPrice", "askQty", market.asks());
}

bool wants_mini(const Parameters& parameters) {
  const auto type = parameters.find("type").value_or("FULL");
  if (type != "FULL" && type != "MINI") {
    throw ApiError{400, -1130, "Data sent for parameter 'type' is not valid."};
  }
  return type == "MINI";
}

void write_window(JsonWriter& json, const TickerFigures& is, bool mini, bool is_day) {
  if (!mini) {
    json("priceChange", is.change)("priceChangePercent", is.change_percent)("weightedAvgPrice",
                                                                            is.average);
  }
  if (!is_day || mini) {
    json("openPrice", is.open)("highPrice", is.high)("lowPrice", is.low)("lastPrice", is.last)(
      "volume", is.volume)("quoteVolume", is.quote_volume);
  }
}

void write_ends(JsonWriter& json, const TickerFigures& is) {
  json("openTime", is.from)("closeTime", is.until)("firstId", is.first_id)("lastId", is.last_id)(
    "count", is.count);
}

/// "7d", "90m": minutes; throws where it is none of the venue's.
std::int64_t window_minutes(std::string_view text) {
  std::int64_t count = 0;
  const auto* const end = text.data() + text.size();
  const auto [unit, error] = std::from_chars(text.data(), end, count);
  const auto within = [&](std::int64_t most) {
    return error == std::errc{} && unit + 1 == end && count >= 1 && count <= most;
  };
  constexpr std::int64_t hour = 60;
  if (within(59) && *unit == 'm') {
    return count;
  }
  if (within(23) && *unit == 'h') {
    return count * hour;
  }
  if (within(7) && *unit == 'd') {
    return count * hour * 24;
  }
  throw ApiError{400, -1130, "Data sent for parameter 'windowSize' is not valid."};
}

/// Longer windows than a day reach back into the tape.
engine::DayStats window_of(CallContext& context, std::size_t index, std::int64_t minutes) {
  auto& market = context.exchange.market(index);
  const auto now = context.exchange.now();
  auto stats = market.stats(now, minutes);
  constexpr std::int64_t minute_ns = 60'000'000'000;
  const auto from = core::floor(now, std::chrono::minutes{1}).ns - minutes * minute_ns;
  const auto have = market.minutes().empty() ? now.ns : market.minutes().front().open_ns;
  if (from < have) {
    const auto past =
      context.exchange.history().candles(index, *engine::find_candle_interval("1h"), from, have);
    std::vector<engine::Candle> all;
    for (const auto& hour : past) {
      all.empty() ? void(all.push_back(hour)) : all.front().add(hour);
    }
    if (!all.empty()) {
      if (stats.sum.trades != 0) {
        all.front().add(stats.sum);
      }
      stats.sum = all.front();
    }
  }
  return stats;
}

} // namespace

void ticker_day(CallContext& context, const Parameters& parameters, const Reply& reply) {
  const bool mini = wants_mini(parameters);
  reply(tickers(context, parameters, [&](JsonWriter& json, const engine::Market& market) {
    const auto is = ticker_figures(market, market.day_stats(context.exchange.now()), context.time);
    json.open('{')("symbol", symbol_of(market));
    write_window(json, is, mini, true);
    if (!mini) {
      json("prevClosePrice", is.close_before)("lastPrice", is.last)("lastQty", is.last_quantity);
      write_best(json, market);
      json("openPrice", is.open)("highPrice", is.high)("lowPrice", is.low)("volume", is.volume)(
        "quoteVolume", is.quote_volume);
    }
    write_ends(json, is);
    json.close('}');
  }));
}

namespace {

void reply_window(CallContext& context,
                  const Parameters& parameters,
                  std::int64_t minutes,
                  const Reply& reply) {
  const bool mini = wants_mini(parameters);
  if (!parameters.has("symbol") && !parameters.has("symbols")) {
    throw ApiError{400, -1102,
                   "Param 'symbol' or 'symbols' must be sent, but both were empty/null!"};
  }
  reply(tickers(context, parameters, [&](JsonWriter& json, const engine::Market& market) {
    const auto index = *find_symbol(context.exchange, symbol_of(market));
    const auto is = ticker_figures(market, window_of(context, index, minutes), context.time);
    json.open('{')("symbol", symbol_of(market));
    write_window(json, is, mini, false);
    write_ends(json, is);
    json.close('}');
  }));
}

} // namespace

void ticker_window(CallContext& context, const Parameters& parameters, const Reply& reply) {
  reply_window(context, parameters, window_minutes(parameters.find("windowSize").value_or("1d")),
               reply);
}

/// Since midnight in UTC.
void ticker_trading_day(CallContext& context, const Parameters& parameters, const Reply& reply) {
  const auto now = context.exchange.now();
  const auto since = now - core::floor(now, std::chrono::hours{24});
  reply_window(context, parameters, std::chrono::floor<std::chrono::minutes>(since).count(), reply);
}

void ticker_price(CallContext& context, const Parameters& parameters, const Reply& reply) {
  reply(tickers(context, parameters, [](JsonWriter& json, const engine::Market& market) {
    json.open('{')("symbol", symbol_of(market))("price", price_text(market, market.last_tick()))
      .close('}');
  }));
}

void ticker_book(CallContext& context, const Parameters& parameters, const Reply& reply) {
  reply(tickers(context, parameters, [](JsonWriter& json, const engine::Market& market) {
    json.open('{')("symbol", symbol_of(market));
    write_best(json, market);
    json.close('}');
  }));
}

} // namespace troupe::venues::binance::server
