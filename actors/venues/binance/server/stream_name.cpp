#include "actors/venues/binance/server/stream_name.hpp"

#include <algorithm>
#include <array>

namespace troupe::venues::binance::server {

namespace {

using Kind = StreamName::Kind;

struct Plain {
  std::string_view text;
  Kind kind;
};
constexpr std::array<Plain, 6> plain_names{{{"trade", Kind::TRADE},
                                            {"aggTrade", Kind::AGGREGATE_TRADE},
                                            {"miniTicker", Kind::MINI_TICKER},
                                            {"ticker", Kind::TICKER},
                                            {"bookTicker", Kind::BOOK_TICKER},
                                            {"avgPrice", Kind::AVERAGE_PRICE}}};

struct Window {
  std::string_view text;
  std::int64_t minutes;
};
constexpr std::array<Window, 3> windows{{{"1h", 60}, {"4h", 240}, {"1d", 1'440}}};

bool read_window(std::string_view text, StreamName& name) {
  for (const auto& window : windows) {
    if (window.text == text) {
      name.kind = Kind::TICKER;
      name.minutes = window.minutes;
      name.window = window.text;
      return true;
    }
  }
  return false;
}

bool read_depth(std::string_view rest, StreamName& name) {
  if (const auto at = rest.find('@'); at != std::string_view::npos) {
    const auto speed = rest.substr(at + 1);
    if (speed != "100ms" && speed != "1000ms") {
      return false;
    }
    name.fast = speed == "100ms";
    rest = rest.substr(0, at);
  }
  name.kind = rest.empty() ? Kind::DEPTH : Kind::PARTIAL_DEPTH;
  name.levels = rest == "5" ? 5 : rest == "10" ? 10 : rest == "20" ? 20 : 0;
  return rest.empty() || name.levels != 0;
}

/// 1h, or 1h@+08:00: the days of that zone.
bool read_candles(std::string_view text, StreamName& name) {
  constexpr std::string_view zone = "@+08:00";
  constexpr std::int64_t zone_ns = 8 * 3'600'000'000'000;
  const bool zoned = text.ends_with(zone);
  const auto* const interval =
    sim::exchange::find_candle_interval(text.substr(0, text.size() - (zoned ? zone.size() : 0)));
  if (interval == nullptr) {
    return false;
  }
  name.kind = Kind::KLINE;
  name.interval = *interval;
  name.interval->zone_ns = zoned ? zone_ns : 0;
  return true;
}

bool read_kind(std::string_view text, StreamName& name) {
  for (const auto& plain : plain_names) {
    if (plain.text == text) {
      name.kind = plain.kind;
      return true;
    }
  }
  if (text.starts_with("kline_")) {
    return read_candles(text.substr(6), name);
  }
  if (text.starts_with("ticker_")) {
    return read_window(text.substr(7), name);
  }
  return text.starts_with("depth") && read_depth(text.substr(5), name);
}

} // namespace

std::optional<StreamName> parse_stream_name(const std::string& text,
                                            const std::vector<std::string>& symbols) {
  StreamName name;
  name.text = text;
  if (text == "!bookTicker") {
    name.kind = Kind::BOOK_TICKER;
    return name;
  }
  if (text.starts_with('!')) {
    if (!text.ends_with("@arr")
        || !read_kind(std::string_view{text}.substr(1, text.size() - 5), name)
        || (name.kind != Kind::TICKER && name.kind != Kind::MINI_TICKER)) {
      return std::nullopt;
    }
    return name;
  }
  const auto at = text.find('@');
  const auto known = std::find(symbols.begin(), symbols.end(), text.substr(0, at));
  if (at == std::string::npos || known == symbols.end()
      || !read_kind(std::string_view{text}.substr(at + 1), name)) {
    return std::nullopt;
  }
  name.market = static_cast<std::size_t>(known - symbols.begin());
  return name;
}

} // namespace troupe::venues::binance::server
