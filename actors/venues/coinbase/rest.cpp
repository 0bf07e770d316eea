#include "actors/venues/coinbase/rest.hpp"

#include "actors/venues/coinbase/text.hpp"

#include <algorithm>

namespace troupe::venues::coinbase {

namespace rest_text {

using trading::Instrument;
using trading::InstrumentStatus;
using trading::Price;
using trading::Quantity;
using wire::Object;
using wire::Value;

bool is_set(Object& object, std::string_view field) {
  return wire::optional_text(object, field) == "true";
}

InstrumentStatus status_of(Object& product) {
  const auto status = wire::optional_text(product, "status");
  if (status == "delisted") {
    return InstrumentStatus::DELISTED;
  }
  if (is_set(product, "trading_disabled") || is_set(product, "is_disabled")
      || is_set(product, "view_only") || (!status.empty() && status != "online")) {
    return InstrumentStatus::HALTED;
  }
  return is_set(product, "cancel_only") ? InstrumentStatus::CANCEL_ONLY : InstrumentStatus::TRADING;
}

/// The names of an instrument's fields in the two APIs.
struct ProductFields {
  std::string_view id;
  std::string_view base;
  std::string_view quote;
  std::string_view tick;
  std::string_view minimum;
};
constexpr ProductFields exchange_fields{"id", "base_currency", "quote_currency", "quote_increment",
                                        "min_market_funds"};
constexpr ProductFields advanced_fields{"product_id", "base_currency_id", "quote_currency_id",
                                        "price_increment", "quote_min_size"};

/// @returns nothing for what is no spot pair, or a name that cannot be one of ours
std::optional<Instrument>
read_product(Object& product, const ProductFields& fields, const std::string& venue) {
  Instrument instrument;
  instrument.venue = venue;
  instrument.venue_symbol = wire::text_at(product, fields.id);
  const auto type = wire::optional_text(product, "product_type");
  const auto id = trading::InstrumentId::from_text(instrument.venue_symbol);
  if (!id || (!type.empty() && type != "SPOT")) {
    return std::nullopt;
  }
  instrument.instrument = {id->symbol, venue};
  instrument.base = wire::text_at(product, fields.base);
  instrument.quote = wire::text_at(product, fields.quote);
  instrument.settlement = instrument.quote;
  instrument.tick = wire::optional_decimal<Price>(product, fields.tick).value_or(Price{});
  instrument.lot = wire::optional_decimal<Quantity>(product, "base_increment").value_or(Quantity{});
  instrument.min_notional =
    wire::optional_decimal<trading::Money>(product, fields.minimum).value_or(trading::Money{});
  instrument.multiplier = Quantity::from_integer(1);
  instrument.status = status_of(product);
  if (instrument.tick.sign() <= 0 || instrument.lot.sign() <= 0) {
    return std::nullopt;
  }
  return instrument;
}

void read_all_products(wire::Array products,
                       const ProductFields& fields,
                       const std::string& venue,
                       std::vector<Instrument>& out) {
  for (Value item : products) {
    Object product = item.get_object();
    if (auto instrument = read_product(product, fields, venue)) {
      out.push_back(std::move(*instrument));
    }
  }
}

template <class D>
D number(Value value, std::string_view field) {
  D out;
  if (!read_decimal_rounded(wire::token_of(value), out)) {
    wire::malformed(field, "a decimal number");
  }
  return out;
}

/// [time, low, high, open, close, volume].
trading::Bar read_row(wire::Array row, std::chrono::seconds granularity) {
  trading::Bar bar;
  std::size_t i = 0;
  for (Value item : row) {
    switch (i++) {
      case 0: bar.ts_open = {wire::integer_of(item, "time") * 1'000'000'000}; break;
      case 1: bar.low = number<Price>(item, "low"); break;
      case 2: bar.high = number<Price>(item, "high"); break;
      case 3: bar.open = number<Price>(item, "open"); break;
      case 4: bar.close = number<Price>(item, "close"); break;
      case 5: bar.volume = number<Quantity>(item, "volume"); break;
      default: break;
    }
  }
  constexpr std::size_t needed = 6;
  if (i < needed) {
    wire::malformed("candle", "6 values");
  }
  bar.ts_close = bar.ts_open + granularity;
  return bar;
}

void sort_by_time(std::vector<trading::Bar>& bars) {
  std::sort(bars.begin(), bars.end(),
            [](const auto& a, const auto& b) { return a.ts_open < b.ts_open; });
}

void sort_by_id(std::vector<TradePrint>& trades) {
  std::sort(trades.begin(), trades.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
}

/// Both APIs name a trade's fields alike, and `side` is the maker's in both.
TradePrint read_trade(Object& object) {
  TradePrint trade;
  trade.id = wire::count_at(object, "trade_id");
  trade.price = wire::decimal_at<Price>(object, "price");
  trade.quantity = wire::decimal_at<Quantity>(object, "size");
  trade.time = wire::time_at(object, "time");
  const auto side = wire::optional_text(object, "side");
  if (!side.empty()) {
    trade.aggressor = trading::opposite(text::side_of(side));
  }
  return trade;
}

void read_trade_list(wire::Array list, std::vector<TradePrint>& out) {
  for (Value item : list) {
    Object trade = item.get_object();
    out.push_back(read_trade(trade));
  }
  sort_by_id(out);
}

void read_named_levels(Object& book, std::string_view side, std::vector<trading::Level>& out) {
  wire::Array levels = book.find_field_unordered(side).get_array();
  for (Value item : levels) {
    Object level = item.get_object();
    trading::Level read;
    read.price = wire::decimal_at<Price>(level, "price");
    read.quantity = wire::decimal_at<Quantity>(level, "size");
    out.push_back(read);
  }
}

} // namespace rest_text

using Bars = std::vector<trading::Bar>;
using Instruments = std::vector<trading::Instrument>;
using Trades = std::vector<TradePrint>;

core::Result<Instruments> read_products(const std::string& body, const std::string& venue) {
  return wire::read_body<Instruments>(body, [&venue](auto& document, Instruments& out) {
    rest_text::read_all_products(document.get_array(), rest_text::exchange_fields, venue, out);
  });
}

core::Result<Bars> read_candles(const std::string& body, std::chrono::seconds granularity) {
  return wire::read_body<Bars>(body, [granularity](auto& document, Bars& out) {
    wire::Array rows = document.get_array();
    for (wire::Value row : rows) {
      out.push_back(rest_text::read_row(row.get_array(), granularity));
    }
    rest_text::sort_by_time(out);
  });
}

core::Result<RestBook> read_book(const std::string& body) {
  return wire::read_body<RestBook>(body, [](auto& document, RestBook& out) {
    wire::Object object = document.get_object();
    wire::read_levels(object, "bids", out.bids);
    wire::read_levels(object, "asks", out.asks);
    out.sequence = wire::count_at(object, "sequence");
    const auto time = wire::optional_text(object, "time");
    out.time = time.empty() ? core::Timestamp{} : wire::time_of(time, "time");
  });
}

core::Result<Trades> read_trades(const std::string& body) {
  return wire::read_body<Trades>(body, [](auto& document, Trades& out) {
    rest_text::read_trade_list(document.get_array(), out);
  });
}

core::Result<RestTicker> read_ticker(const std::string& body) {
  return wire::read_body<RestTicker>(body, [](auto& document, RestTicker& out) {
    wire::Object object = document.get_object();
    out.bid = wire::optional_decimal<trading::Price>(object, "bid");
    out.ask = wire::optional_decimal<trading::Price>(object, "ask");
    out.volume_24h = wire::optional_decimal<trading::Quantity>(object, "volume");
    out.last = rest_text::read_trade(object);
  });
}

core::Result<core::Timestamp> read_time(const std::string& body) {
  return wire::read_body<core::Timestamp>(body, [](auto& document, core::Timestamp& out) {
    wire::Object object = document.get_object();
    out = wire::time_at(object, "iso");
  });
}

std::string read_error(const std::string& body) {
  auto message = wire::read_body<std::string>(body, [](auto& document, std::string& out) {
    wire::Object object = document.get_object();
    if (const auto errors = wire::find(object, "errors")) {
      for (wire::Value item : wire::Value{*errors}.get_array()) {
        wire::Object error = item.get_object();
        out = wire::text_at(error, "message");
        return;
      }
    }
    out = wire::text_at(object, "message");
  });
  constexpr std::size_t excerpt_max = 200;
  return message ? std::move(*message) : body.substr(0, excerpt_max);
}

core::Result<Instruments> read_advanced_products(const std::string& body,
                                                 const std::string& venue) {
  return wire::read_body<Instruments>(body, [&venue](auto& document, Instruments& out) {
    wire::Object object = document.get_object();
    rest_text::read_all_products(object.find_field_unordered("products").get_array(),
                                 rest_text::advanced_fields, venue, out);
  });
}

core::Result<Bars> read_advanced_candles(const std::string& body,
                                         std::chrono::seconds granularity) {
  return wire::read_body<Bars>(body, [granularity](auto& document, Bars& out) {
    wire::Object object = document.get_object();
    wire::Array candles = object.find_field_unordered("candles").get_array();
    for (wire::Value item : candles) {
      wire::Object candle = item.get_object();
      trading::Bar bar;
      bar.ts_open = {wire::integer_at(candle, "start") * 1'000'000'000};
      bar.ts_close = bar.ts_open + granularity;
      bar.low = wire::decimal_at<trading::Price>(candle, "low");
      bar.high = wire::decimal_at<trading::Price>(candle, "high");
      bar.open = wire::decimal_at<trading::Price>(candle, "open");
      bar.close = wire::decimal_at<trading::Price>(candle, "close");
      bar.volume = rest_text::number<trading::Quantity>(*wire::find(candle, "volume"), "volume");
      out.push_back(bar);
    }
    rest_text::sort_by_time(out);
  });
}

core::Result<RestBook> read_advanced_book(const std::string& body) {
  return wire::read_body<RestBook>(body, [](auto& document, RestBook& out) {
    wire::Object object = document.get_object();
    wire::Object book = object.find_field_unordered("pricebook").get_object();
    rest_text::read_named_levels(book, "bids", out.bids);
    rest_text::read_named_levels(book, "asks", out.asks);
    const auto time = wire::optional_text(book, "time");
    out.time = time.empty() ? core::Timestamp{} : wire::time_of(time, "time");
  });
}

core::Result<RestTicker> read_advanced_ticker(const std::string& body) {
  return wire::read_body<RestTicker>(body, [](auto& document, RestTicker& out) {
    wire::Object object = document.get_object();
    Trades trades;
    rest_text::read_trade_list(object.find_field_unordered("trades").get_array(), trades);
    if (!trades.empty()) {
      out.last = trades.back();
    }
    out.bid = wire::optional_decimal<trading::Price>(object, "best_bid");
    out.ask = wire::optional_decimal<trading::Price>(object, "best_ask");
  });
}

core::Result<Trades> read_advanced_trades(const std::string& body) {
  return wire::read_body<Trades>(body, [](auto& document, Trades& out) {
    wire::Object object = document.get_object();
    rest_text::read_trade_list(object.find_field_unordered("trades").get_array(), out);
  });
}

} // namespace troupe::venues::coinbase
