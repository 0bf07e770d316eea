#include "actors/market_data/requests.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

namespace troupe::market_data {

using core::Errc;
using core::Error;
using core::Result;
using core::Timestamp;
using trading::BarSpec;

namespace {

constexpr std::size_t number_digits = 16;
constexpr std::size_t check_digits = 8;

Error invalid(const std::string& field, const std::string& expected, const std::string& found) {
  return {Errc::INVALID_ARGUMENT, field + ": expected " + expected + ", found " + found};
}

std::string hex(std::uint64_t value, std::size_t digits) {
  std::string text(digits, '0');
  for (std::size_t i = digits; i > 0; --i, value >>= 4U) {
    text[i - 1] = "0123456789abcdef"[value & 15U];
  }
  return text;
}

/// FNV-1a: finds cursors of another list and mistyped ones; it is no protection against forgery,
/// and none is needed, for a forged cursor is just another start.
std::uint32_t check_of(std::string_view symbol, const BarSpec& spec, std::string_view place) {
  std::uint32_t hash = 2166136261U;
  const auto mix = [&](std::string_view text) {
    for (const char c : text) {
      hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
    }
    hash = (hash ^ 0xffU) * 16777619U;
  };
  mix(symbol);
  mix(spec.to_text());
  mix(place);
  return hash;
}

Result<std::uint32_t> in_range(const std::string& field,
                               std::optional<std::uint32_t> value,
                               std::uint32_t by_default,
                               std::uint32_t max) {
  const auto number = value.value_or(by_default);
  if (number == 0 || number > max) {
    return invalid(field, "1 to " + std::to_string(max), std::to_string(number));
  }
  return number;
}

std::string list_of(std::span<const BarSpec> specs) {
  std::string text;
  for (const auto& spec : specs) {
    text += (text.empty() ? "" : ", ") + spec.to_text();
  }
  return text;
}

} // namespace

std::string
make_cursor(const std::string& symbol, const BarSpec& spec, const HistoryCursor& cursor) {
  auto place = hex(static_cast<std::uint64_t>(cursor.ts_open.ns), number_digits);
  if (!spec.is_time()) {
    place += hex(cursor.first_trade_id, number_digits);
  }
  return place + hex(check_of(symbol, spec, place), check_digits);
}

Result<HistoryCursor>
read_cursor(const std::string& symbol, const BarSpec& spec, const std::string& text) {
  const std::size_t numbers = spec.is_time() ? 1 : 2;
  std::array<std::uint64_t, 2> read{};
  bool whole = text.size() == numbers * number_digits + check_digits;
  for (std::size_t i = 0; whole && i < numbers; ++i) {
    const auto* const begin = text.data() + i * number_digits;
    const auto [at, error] = std::from_chars(begin, begin + number_digits, read.at(i), 16);
    whole = error == std::errc{} && at == begin + number_digits;
  }
  const HistoryCursor cursor{{static_cast<std::int64_t>(read[0])}, read[1]};
  if (whole && make_cursor(symbol, spec, cursor) == text) {
    return cursor;
  }
  return invalid("cursor", "the next_cursor of a page of " + symbol + " " + spec.to_text(),
                 "\"" + text.substr(0, 64) + "\"");
}

Result<HistoryQuery> read_query(const messages::GetHistorical& request,
                                std::span<const BarSpec> configured) {
  HistoryQuery query{.instrument = request.symbol,
                     .spec = request.interval.value_or(trading::intervals::m1),
                     .start = request.start,
                     .end = request.end.value_or(Timestamp{INT64_MAX})};
  if (std::find(configured.begin(), configured.end(), query.spec) == configured.end()) {
    return invalid("interval", "one of " + list_of(configured), query.spec.to_text());
  }
  const auto limit = in_range("limit", request.limit, limit_default, limit_max);
  if (!limit) {
    return limit.error();
  }
  query.limit = *limit;
  if (request.cursor) {
    const auto from = read_cursor(request.symbol.to_text(), query.spec, *request.cursor);
    if (!from) {
      return from.error();
    }
    if (query.start && from->ts_open < *query.start) {
      return invalid("cursor", "one of a list that begins at " + query.start->to_text(),
                     "one of " + from->ts_open.to_text());
    }
    query.start = from->ts_open;
    query.from_trade = from->first_trade_id;
  }
  if (query.start && *query.start >= query.end) {
    return invalid("start", "a time before the end, " + query.end.to_text(),
                   query.start->to_text());
  }
  return query;
}

Result<std::uint32_t> read_depth(const messages::GetOrderBook& request) {
  return in_range("depth", request.depth, depth_default, depth_max);
}

namespace {

/// @param cursor_of  where a list goes on at a bar
template <class Item, class CursorOf>
HistoryPage cut_page(const HistoryQuery& query,
                     const std::string& symbol,
                     const std::vector<Item>& items,
                     CursorOf cursor_of) {
  HistoryPage page;
  auto first = items.begin();
  auto last = items.end();
  const auto limit = static_cast<std::ptrdiff_t>(query.limit);
  if (items.size() > query.limit) {
    if (query.start) {
      last = first + limit;
      page.has_more = true;
      page.next_cursor = make_cursor(symbol, query.spec, cursor_of(*last));
    } else {
      first = last - limit;
    }
  }
  for (; first != last; ++first) {
    if constexpr (std::is_same_v<Item, trading::ActivityBar>) {
      page.bars.push_back(first->bar);
    } else {
      page.bars.push_back(*first);
    }
  }
  return page;
}

} // namespace

HistoryPage make_page(const HistoryQuery& query,
                      const std::string& symbol,
                      const std::vector<trading::Bar>& bars) {
  return cut_page(query, symbol, bars, [](const trading::Bar& bar) {
    return HistoryCursor{bar.ts_open, 0};
  });
}

HistoryPage make_page(const HistoryQuery& query,
                      const std::string& symbol,
                      const std::vector<trading::ActivityBar>& bars) {
  return cut_page(query, symbol, bars, [](const trading::ActivityBar& item) {
    return HistoryCursor{item.bar.ts_open, item.first_trade_id};
  });
}

} // namespace troupe::market_data
