#include "actors/venues/binance/rest.hpp"

#include "actors/venues/common/wire.hpp"

#include <algorithm>

namespace troupe::venues::binance {

namespace rest_text {

using trading::Instrument;
using trading::InstrumentStatus;
using trading::Price;
using trading::Quantity;
using wire::Object;
using wire::Value;

trading::Bar read_kline_row(wire::Array row) {
  trading::Bar bar;
  std::size_t i = 0;
  for (Value item : row) {
    const auto token = wire::token_of(item);
    switch (i++) {
      case 0:
        bar.ts_open = wire::milliseconds_in(wire::integer_of(item, "open time"), "open time");
        break;
      case 1: bar.open = wire::decimal_of<Price>(token, "open"); break;
      case 2: bar.high = wire::decimal_of<Price>(token, "high"); break;
      case 3: bar.low = wire::decimal_of<Price>(token, "low"); break;
      case 4: bar.close = wire::decimal_of<Price>(token, "close"); break;
      case 5: bar.volume = wire::decimal_of<Quantity>(token, "volume"); break;
      case 6:
        bar.ts_close = wire::milliseconds_in(wire::integer_of(item, "close time"), "close time")
                       + std::chrono::milliseconds{1};
        break;
      case 8: bar.trades = static_cast<std::uint64_t>(wire::integer_of(item, "trades")); break;
      default: break;
    }
  }
  constexpr std::size_t needed = 9;
  if (i < needed) {
    wire::malformed("kline", "9 values or more");
  }
  return bar;
}

std::chrono::nanoseconds window_of(std::string_view unit, std::int64_t count) {
  const auto one = unit == "SECOND"   ? std::chrono::nanoseconds{std::chrono::seconds{1}}
                   : unit == "MINUTE" ? std::chrono::nanoseconds{std::chrono::minutes{1}}
                   : unit == "HOUR"   ? std::chrono::nanoseconds{std::chrono::hours{1}}
                   : unit == "DAY"    ? std::chrono::nanoseconds{std::chrono::hours{24}}
                                      : std::chrono::nanoseconds{0};
  return one * count;
}

void read_filter(Object& filter, Instrument& instrument) {
  const auto type = wire::text_at(filter, "filterType");
  if (type == "PRICE_FILTER") {
    instrument.tick = wire::decimal_at<Price>(filter, "tickSize");
  } else if (type == "LOT_SIZE") {
    instrument.lot = wire::decimal_at<Quantity>(filter, "stepSize");
  } else if (type == "MIN_NOTIONAL" || type == "NOTIONAL") {
    instrument.min_notional = wire::decimal_at<trading::Money>(filter, "minNotional");
  }
}

InstrumentStatus status_of(std::string_view text) {
  return text == "TRADING" ? InstrumentStatus::TRADING : InstrumentStatus::HALTED;
}

std::optional<Instrument> read_symbol(Object& symbol, const std::string& venue) {
  Instrument instrument;
  instrument.venue = venue;
  instrument.venue_symbol = wire::text_at(symbol, "symbol");
  instrument.status = status_of(wire::text_at(symbol, "status"));
  instrument.base = wire::text_at(symbol, "baseAsset");
  instrument.quote = wire::text_at(symbol, "quoteAsset");
  instrument.settlement = instrument.quote;
  instrument.multiplier = Quantity::from_integer(1);
  wire::Array filters = symbol.find_field_unordered("filters").get_array();
  for (Value item : filters) {
    Object filter = item.get_object();
    read_filter(filter, instrument);
  }
  const auto id = trading::InstrumentId::from_text(instrument.base + "-" + instrument.quote);
  if (!id || instrument.tick.sign() <= 0 || instrument.lot.sign() <= 0) {
    return std::nullopt; // names beyond ASCII, and symbols without steps
  }
  instrument.instrument = {id->symbol, venue};
  return instrument;
}

void read_limit(Object& limit, ExchangeInfo& info) {
  RateLimit read;
  read.type = wire::text_at(limit, "rateLimitType");
  const auto unit = wire::text_at(limit, "interval");
  read.window = window_of(unit, wire::integer_at(limit, "intervalNum"));
  read.limit = wire::count_at(limit, "limit");
  if (read.window.count() > 0) {
    info.rate_limits.push_back(std::move(read));
  }
}

} // namespace rest_text

core::Result<DepthSnapshot> read_depth(const std::string& body) {
  return wire::read_body<DepthSnapshot>(body, [](auto& document, DepthSnapshot& out) {
    wire::Object object = document.get_object();
    out.last_id = wire::count_at(object, "lastUpdateId");
    wire::read_levels(object, "bids", out.bids);
    wire::read_levels(object, "asks", out.asks);
  });
}

core::Result<std::vector<trading::Bar>> read_klines(const std::string& body) {
  return wire::read_body<std::vector<trading::Bar>>(body, [](auto& document, auto& out) {
    wire::Array rows = document.get_array();
    for (wire::Value row : rows) {
      out.push_back(rest_text::read_kline_row(row.get_array()));
    }
  });
}

core::Result<std::vector<TradePrint>> read_trades(const std::string& body) {
  return wire::read_body<std::vector<TradePrint>>(body, [](auto& document, auto& out) {
    wire::Array rows = document.get_array();
    for (wire::Value row : rows) {
      wire::Object object = row.get_object();
      TradePrint trade;
      const bool aggregated = wire::find(object, "a").has_value();
      trade.id = wire::count_at(object, aggregated ? "a" : "id");
      trade.price = wire::decimal_at<trading::Price>(object, aggregated ? "p" : "price");
      trade.quantity = wire::decimal_at<trading::Quantity>(object, aggregated ? "q" : "qty");
      trade.time = wire::milliseconds_at(object, aggregated ? "T" : "time");
      const auto buyer_is_maker = wire::text_at(object, aggregated ? "m" : "isBuyerMaker");
      trade.aggressor = buyer_is_maker == "true" ? trading::Side::SELL : trading::Side::BUY;
      out.push_back(trade);
    }
  });
}

core::Result<TickerStats> read_ticker_24h(const std::string& body) {
  using trading::Price;
  using trading::Quantity;
  return wire::read_body<TickerStats>(body, [](auto& document, TickerStats& out) {
    wire::Object object = document.get_object();
    out.change = wire::decimal_at<Price>(object, "priceChange");
    out.change_percent = wire::text_at(object, "priceChangePercent");
    out.vwap = wire::decimal_at<Price>(object, "weightedAvgPrice");
    out.previous_close = wire::decimal_at<Price>(object, "prevClosePrice");
    out.last = wire::decimal_at<Price>(object, "lastPrice");
    out.last_quantity = wire::decimal_at<Quantity>(object, "lastQty");
    out.bid = wire::optional_decimal<Price>(object, "bidPrice");
    out.bid_quantity = wire::optional_decimal<Quantity>(object, "bidQty");
    out.ask = wire::optional_decimal<Price>(object, "askPrice");
    out.ask_quantity = wire::optional_decimal<Quantity>(object, "askQty");
    out.open = wire::decimal_at<Price>(object, "openPrice");
    out.high = wire::decimal_at<Price>(object, "highPrice");
    out.low = wire::decimal_at<Price>(object, "lowPrice");
    out.base_volume = wire::decimal_at<Quantity>(object, "volume");
    out.quote_volume = wire::decimal_at<trading::Money>(object, "quoteVolume");
    out.close_time = wire::milliseconds_at(object, "closeTime");
  });
}

core::Result<BookTickerEvent> read_book_ticker(const std::string& body) {
  return wire::read_body<BookTickerEvent>(body, [](auto& document, BookTickerEvent& out) {
    wire::Object object = document.get_object();
    out.bid.price = wire::decimal_at<trading::Price>(object, "bidPrice");
    out.bid.quantity = wire::decimal_at<trading::Quantity>(object, "bidQty");
    out.ask.price = wire::decimal_at<trading::Price>(object, "askPrice");
    out.ask.quantity = wire::decimal_at<trading::Quantity>(object, "askQty");
  });
}

core::Result<core::Timestamp> read_time(const std::string& body) {
  return wire::read_body<core::Timestamp>(body, [](auto& document, core::Timestamp& out) {
    wire::Object object = document.get_object();
    out = wire::milliseconds_at(object, "serverTime");
  });
}

core::Result<ExchangeInfo> read_exchange_info(const std::string& body, const std::string& venue) {
  return wire::read_body<ExchangeInfo>(body, [&venue](auto& document, ExchangeInfo& out) {
    wire::Object object = document.get_object();
    wire::Array limits = object.find_field_unordered("rateLimits").get_array();
    for (wire::Value item : limits) {
      wire::Object limit = item.get_object();
      rest_text::read_limit(limit, out);
    }
    wire::Array symbols = object.find_field_unordered("symbols").get_array();
    for (wire::Value item : symbols) {
      wire::Object symbol = item.get_object();
      if (auto instrument = rest_text::read_symbol(symbol, venue)) {
        out.instruments.push_back(std::move(*instrument));
      } else {
        ++out.skipped;
      }
    }
  });
}

ApiError read_error(const std::string& body) {
  auto read = wire::read_body<ApiError>(body, [](auto& document, ApiError& out) {
    wire::Object object = document.get_object();
    out.code = wire::integer_at(object, "code");
    out.message = wire::text_at(object, "msg");
  });
  constexpr std::size_t excerpt_max = 200;
  return read ? std::move(*read) : ApiError{0, body.substr(0, excerpt_max)};
}

std::optional<core::Timestamp> banned_until(std::string_view message) {
  constexpr std::string_view before = "banned until ";
  const auto at = message.find(before);
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  std::int64_t ms = 0;
  std::size_t digits = 0;
  for (const char c : message.substr(at + before.size())) {
    if (c < '0' || c > '9' || ++digits > 15) { // what no time has
      break;
    }
    ms = ms * 10 + (c - '0');
  }
  constexpr std::int64_t latest_ms = INT64_MAX / 1'000'000;
  return digits == 0 || ms > latest_ms ? std::nullopt : std::optional{core::Timestamp::from_ms(ms)};
}

} // namespace troupe::venues::binance
