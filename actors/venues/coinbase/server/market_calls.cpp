#include "actors/venues/coinbase/server/calls.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace troupe::venues::coinbase::server {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::size_t candles_max = 300;

struct Granularity {
  std::string_view seconds;
  std::string_view interval;
};
constexpr std::array<Granularity, 6> granularities{
  {{"60", "1m"}, {"300", "5m"}, {"900", "15m"}, {"3600", "1h"}, {"21600", "6h"}, {"86400", "1d"}}};

/// ISO 8601 or seconds since 1970.
std::int64_t time_of(std::string_view text, const char* name) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  constexpr std::int64_t seconds_max = 4'000'000'000;
  if (error == std::errc{} && end == text.data() + text.size() && seconds >= 0
      && seconds < seconds_max) {
    return seconds * second_ns;
  }
  auto full = std::string(text);
  if (full.size() == 10) {
    full += "T00:00:00"; // a day alone
  }
  const auto zone = full.find_first_of("Z+-", std::min<std::size_t>(full.size(), 11));
  const auto time = core::Timestamp::from_text(zone == std::string::npos ? full + "Z" : full);
  if (!time) {
    throw ApiError{400, std::string("Invalid ") + name};
  }
  return time->ns;
}

std::string number_text(const engine::Market& market, std::int64_t tick) {
  return market.price(tick).to_text(); // a JSON number: candles have no strings
}

/// [time in seconds, low, high, open, close; the bracket stays open.
void write_candle_start(JsonWriter& json,
                        const engine::Market& market,
                        const engine::Candle& candle) {
  json.open('[').value(candle.open_ns / second_ns);
  for (const auto tick : {candle.low, candle.high, candle.open, candle.close}) {
    json.raw(number_text(market, tick));
  }
}

template <class Levels>
void write_levels(JsonWriter& json, const engine::Market& market, const Levels& levels, int level) {
  json.open('[');
  for (const auto& [tick, entries] : levels) {
    if (level == 3) {
      for (const auto& entry : entries) {
        json.open('[')
          .value(price_text(market, tick))
          .value(size_text(market, entry.lots))
          .value(order_uuid(entry.order))
          .close(']');
      }
      continue;
    }
    std::int64_t lots = 0;
    for (const auto& entry : entries) {
      lots += entry.lots;
    }
    json.open('[')
      .value(price_text(market, tick))
      .value(size_text(market, lots))
      .value(entries.size())
      .close(']');
    if (level == 1) {
      break;
    }
  }
  json.close(']');
}

std::set<std::string> currencies_of(const engine::Exchange& exchange) {
  std::set<std::string> out{exchange.settings().quote_asset};
  for (std::size_t i = 0; i < exchange.markets(); ++i) {
    out.insert(exchange.market(i).base());
  }
  return out;
}

} // namespace

std::size_t market_of(const CallContext& context, std::string_view product) {
  const auto market = find_product(context.exchange, product);
  if (!market) {
    throw ApiError{404, "NotFound"};
  }
  return *market;
}

std::size_t page_limit(const CallContext& context, std::size_t preset) {
  const auto text = context.request.parameter("limit");
  if (!text) {
    return preset;
  }
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size() || value < 1) {
    throw ApiError{400, "Invalid limit"};
  }
  return std::min<std::size_t>(value, 1'000);
}

std::optional<std::uint64_t> cursor(const CallContext& context, const char* name) {
  const auto text = context.request.parameter(name);
  if (!text || text->empty()) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size()) {
    throw ApiError{400, std::string("invalid cursor ") + name};
  }
  return value;
}

void server_time(CallContext& context, const Reply& reply) {
  const auto us = context.time.ns / 1'000;
  auto iso = time_text(context.time);
  iso.erase(iso.size() - 4, 3); // milliseconds here
  const auto epoch = core::Decimal<struct EpochTag, 6>::from_raw(us);
  reply({R"({"iso":")" + iso + R"(","epoch":)" + fixed(epoch, 3) + '}'});
}

void products(CallContext& context, const Reply& reply) {
  JsonWriter json;
  json.open('[');
  for (std::size_t i = 0; i < context.exchange.markets(); ++i) {
    write_product(json, context.exchange.market(i));
  }
  json.close(']');
  reply({json.take()});
}

void product(CallContext& context, const Reply& reply) {
  JsonWriter json;
  write_product(json, context.exchange.market(market_of(context, context.parameter)));
  reply({json.take()});
}

void ticker(CallContext& context, const Reply& reply) {
  auto& market = context.exchange.market(market_of(context, context.parameter));
  const auto newest = market.trades_newest(1);
  const auto day = market.day_stats(context.exchange.now());
  JsonWriter json;
  json.open('{')("ask",
                 price_text(market, market.asks().empty() ? 0 : market.asks().begin()->first))(
    "bid", price_text(market, market.bids().empty() ? 0 : market.bids().begin()->first))(
    "volume", size_text(market, day.sum.lots));
  if (!newest.empty()) {
    json("trade_id", newest.front().id)("price", price_text(market, newest.front().tick))(
      "size", size_text(market, newest.front().lots))("time", time_text(newest.front().time));
  }
  json("rfq_volume", "0").close('}');
  reply({json.take()});
}

void stats(CallContext& context, const Reply& reply) {
  const auto index = market_of(context, context.parameter);
  const auto& market = context.exchange.market(index);
  const auto day = market.day_stats(context.exchange.now()).sum;
  const auto flat = day.trades == 0 ? market.last_tick() : 0;
  JsonWriter json;
  json
    .open('{')("open", price_text(market, day.open + flat))(
      "high", price_text(market, day.high + flat))("low", price_text(market, day.low + flat))(
      "last", price_text(market, market.last_tick()))("volume", size_text(market, day.lots))(
      "volume_30day", size_text(market, std::max(day.lots, context.month_lots[index])))(
      "rfq_volume_24hour", "0")("rfq_volume_30day", "0")("conversions_volume_24hour",
                                                         "0")("conversions_volume_30day", "0")
    .close('}');
  reply({json.take()});
}

/// Of all products: a day's and 30 days' volume.
void volume_summary(CallContext& context, const Reply& reply) {
  JsonWriter json;
  json.open('[');
  for (std::size_t i = 0; i < context.exchange.markets(); ++i) {
    const auto& market = context.exchange.market(i);
    const auto day = market.day_stats(context.exchange.now()).sum.lots;
    json.open('{')("id", product_of(market))("base_currency", market.base())(
      "quote_currency", context.exchange.settings().quote_asset)("display_name",
                                                                 product_of(market));
    json.key("market_types").raw(R"(["spot"])");
    json("spot_volume_24hour", size_text(market, day))(
      "spot_volume_30day", size_text(market, std::max(day, context.month_lots[i])))(
      "rfq_volume_24hour", "0")("rfq_volume_30day", "0")("conversion_volume_24hour",
                                                         "0")("conversion_volume_30day", "0")
      .close('}');
  }
  json.close(']');
  reply({json.take()});
}

void candles(CallContext& context, const Reply& reply) {
  const auto index = market_of(context, context.parameter);
  const auto wanted = context.request.parameter("granularity").value_or("60");
  const auto* const row =
    std::find_if(granularities.begin(), granularities.end(),
                 [&](const Granularity& one) { return one.seconds == wanted; });
  if (row == granularities.end()) {
    throw ApiError{400, "Unsupported granularity"};
  }
  const auto* const interval = engine::find_candle_interval(row->interval);
  const auto start = context.request.parameter("start");
  const auto end = context.request.parameter("end");
  const auto now = context.exchange.now().ns;
  auto last = interval->open_of(end ? time_of(*end, "end") : now);
  auto first = interval->shift(last, 1 - static_cast<std::int64_t>(candles_max));
  if (start) {
    first = interval->open_of(time_of(*start, "start") + interval->step_ns - 1);
    if (!end) {
      last = std::min(last, interval->shift(first, static_cast<std::int64_t>(candles_max) - 1));
    }
  }
  if (last < first) {
    if (start && end && time_of(*end, "end") < time_of(*start, "start")) {
      throw ApiError{400, "start must be before end"};
    }
    reply({"[]"});
    return;
  }
  if ((last - first) / interval->step_ns > static_cast<std::int64_t>(candles_max)) {
    throw ApiError{400, "granularity too small for the requested time range. Count of "
                        "aggregations requested exceeds 300"};
  }
  const auto stop = std::min(interval->shift(last, 1), now + 1);
  context.exchange.candles(
    {index, interval, first, stop}, context.candles,
    [&exchange = context.exchange, index, reply](const std::vector<engine::Candle>& found) {
      const auto& market = exchange.market(index);
      JsonWriter json;
      json.open('[');
      for (auto at = found.rbegin(); at != found.rend(); ++at) {
        write_candle_start(json, market, *at);
        json.raw(market.quantity(at->lots).to_text()).close(']');
      }
      json.close(']');
      reply({json.take()});
    });
}

void book(CallContext& context, const Reply& reply) {
  const auto index = market_of(context, context.parameter);
  const auto text = context.request.parameter("level").value_or("1");
  if (text != "1" && text != "2" && text != "3") {
    throw ApiError{400, "Invalid level"};
  }
  const int level = text.front() - '0';
  const auto& market = context.exchange.market(index);
  const auto& orders = context.books[index];
  JsonWriter json;
  json.open('{').key("bids");
  write_levels(json, market, orders.bids(), level);
  json.key("asks");
  write_levels(json, market, orders.asks(), level);
  json("sequence", market.sequence())("auction_mode", false).key("auction").null();
  json("time", time_text(context.time)).close('}');
  reply({json.take()});
}

void trades(CallContext& context, const Reply& reply) {
  auto& market = context.exchange.market(market_of(context, context.parameter));
  const auto limit = page_limit(context, 1'000);
  const auto after = cursor(context, "after");
  const auto before = cursor(context, "before");
  std::vector<engine::PublicTrade> found;
  if (after) {
    found = market.trades_from(*after > limit ? *after - limit : 1, limit);
    std::erase_if(found, [&](const auto& trade) { return trade.id >= *after; });
  } else {
    found = market.trades_newest(limit);
    std::erase_if(found, [&](const auto& trade) { return before && trade.id <= *before; });
  }
  Answer answer;
  if (!found.empty()) {
    answer.before = found.back().id;
    answer.after = found.front().id;
  }
  JsonWriter json;
  json.open('[');
  for (auto at = found.rbegin(); at != found.rend(); ++at) {
    json
      .open('{')("trade_id", at->id)("side", side_text(trading::opposite(at->aggressor)))(
        "size", size_text(market, at->lots))("price", fixed(market.price(at->tick), 8))(
        "time", time_text(at->time))
      .close('}');
  }
  json.close(']');
  answer.json = json.take();
  reply(std::move(answer));
}

/// Hourly candles of the last day without their volume, newest first, by product.
void spark_lines(CallContext& context, const Reply& reply) {
  constexpr std::int64_t hour_s = 3'600;
  const auto day_ago = context.exchange.now().ns - 24 * hour_s * second_ns;
  JsonWriter json;
  json.open('{');
  for (std::size_t i = 0; i < context.exchange.markets(); ++i) {
    const auto& market = context.exchange.market(i);
    json.key(product_of(market)).open('[');
    std::vector<engine::Candle> hours;
    engine::roll_up(hours, market.minutes(), *engine::find_candle_interval("1h"));
    for (auto at = hours.rbegin(); at != hours.rend() && at->open_ns >= day_ago; ++at) {
      write_candle_start(json, market, *at);
      json.close(']');
    }
    json.close(']');
  }
  json.close('}');
  reply({json.take()});
}

void currencies(CallContext& context, const Reply& reply) {
  JsonWriter json;
  json.open('[');
  for (const auto& one : currencies_of(context.exchange)) {
    write_currency(json, one, one == context.exchange.settings().quote_asset);
  }
  json.close(']');
  reply({json.take()});
}

void currency(CallContext& context, const Reply& reply) {
  if (!currencies_of(context.exchange).contains(context.parameter)) {
    throw ApiError{404, "NotFound"};
  }
  JsonWriter json;
  write_currency(json, context.parameter,
                 context.parameter == context.exchange.settings().quote_asset);
  reply({json.take()});
}

} // namespace troupe::venues::coinbase::server
