#include "actors/market_data/requests.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace troupe::market_data {

using core::Errc;
using core::Error;
using core::Result;
using core::Timestamp;
using trading::Interval;

namespace {

constexpr std::size_t cursor_digits = 16;
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
std::uint32_t check_of(std::string_view symbol, Interval interval, Timestamp t) {
  std::uint32_t hash = 2166136261U;
  const auto mix = [&](std::string_view text) {
    for (const char c : text) {
      hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
    }
    hash = (hash ^ 0xffU) * 16777619U;
  };
  mix(symbol);
  mix(interval.to_text());
  mix(std::to_string(t.ns));
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

std::string list_of(std::span<const Interval> intervals) {
  std::string text;
  for (const auto interval : intervals) {
    text += (text.empty() ? "" : ", ") + interval.to_text();
  }
  return text;
}

} // namespace

std::string make_cursor(const std::string& symbol, Interval interval, Timestamp ts_open) {
  return hex(static_cast<std::uint64_t>(ts_open.ns), cursor_digits)
         + hex(check_of(symbol, interval, ts_open), check_digits);
}

Result<Timestamp>
read_cursor(const std::string& symbol, Interval interval, const std::string& text) {
  std::uint64_t ns = 0;
  if (text.size() == cursor_digits + check_digits) {
    const auto* const end = text.data() + cursor_digits;
    const auto [at, error] = std::from_chars(text.data(), end, ns, 16);
    const Timestamp t{static_cast<std::int64_t>(ns)};
    if (error == std::errc{} && at == end && make_cursor(symbol, interval, t) == text) {
      return t;
    }
  }
  return invalid("cursor", "the next_cursor of a page of " + symbol + " " + interval.to_text(),
                 "\"" + text.substr(0, 64) + "\"");
}

Result<HistoryQuery> read_query(const messages::GetHistorical& request,
                                std::span<const Interval> configured) {
  HistoryQuery query{.instrument = request.symbol,
                     .interval = request.interval.value_or(trading::intervals::m1),
                     .start = request.start,
                     .end = request.end.value_or(Timestamp{INT64_MAX})};
  if (std::find(configured.begin(), configured.end(), query.interval) == configured.end()) {
    return invalid("interval", "one of " + list_of(configured), query.interval.to_text());
  }
  const auto limit = in_range("limit", request.limit, limit_default, limit_max);
  if (!limit) {
    return limit.error();
  }
  query.limit = *limit;
  if (request.cursor) {
    const auto from = read_cursor(request.symbol.to_text(), query.interval, *request.cursor);
    if (!from) {
      return from.error();
    }
    if (query.start && *from < *query.start) {
      return invalid("cursor", "one of a list that begins at " + query.start->to_text(),
                     "one of " + from->to_text());
    }
    query.start = *from;
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

HistoryPage
make_page(const HistoryQuery& query, const std::string& symbol, std::vector<trading::Bar> bars) {
  HistoryPage page;
  if (!query.start) {
    if (bars.size() > query.limit) {
      bars.erase(bars.begin(), bars.end() - static_cast<std::ptrdiff_t>(query.limit));
    }
    page.bars = std::move(bars);
    return page;
  }
  if (bars.size() > query.limit) {
    page.has_more = true;
    page.next_cursor = make_cursor(symbol, query.interval, bars[query.limit].ts_open);
    bars.resize(query.limit);
  }
  page.bars = std::move(bars);
  return page;
}

} // namespace troupe::market_data
