#include "actors/venues/binance/printed_form.hpp"

#include "actors/venues/common/exact_decimal.hpp"

#include <bit>
#include <cstring>

namespace troupe::venues::binance {

namespace printed {

using trading::Side;

/// Of eight bytes those that are not plain text: quotes, backslashes, controls and what is not
/// ASCII. The lowest bit that is set tells the first of them.
std::uint64_t not_plain(std::uint64_t bytes) {
  constexpr std::uint64_t ones = 0x0101010101010101U;
  constexpr std::uint64_t high = 0x8080808080808080U;
  const auto quotes = bytes ^ (ones * '"');
  const auto slashes = bytes ^ (ones * '\\');
  return (((quotes - ones) & ~quotes) | ((slashes - ones) & ~slashes)
          | ((bytes - ones * ' ') & ~bytes) | bytes)
         & high;
}

/// A position in a padded text. It may run into the padding, but then never comes to stand on the
/// text's end.
struct Cursor {
  const char* at;
  const char* end;

  /// These characters.
  template <std::size_t size>
  [[nodiscard, gnu::always_inline]] bool take(const char (&word)[size]) {
    static_assert(size <= 32, "the padding is not as long");
    if (at > end || std::memcmp(at, word, size - 1) != 0) {
      return false;
    }
    at += size - 1;
    return true;
  }
  /// Plain text up to a quote, and that quote.
  [[nodiscard]] bool take_name(std::string_view& out) {
    const char* const first = at;
    while (at <= end) {
      const auto other = not_plain(exact::eight_at(at));
      if (other == 0) {
        at += 8;
        continue;
      }
      at += std::countr_zero(other) / 8;
      out = {first, static_cast<std::size_t>(at - first)};
      return *at++ == '"';
    }
    return false;
  }
  /// Up to 16 digits.
  [[nodiscard, gnu::always_inline]] bool take_count(std::uint64_t& out) {
    const auto bytes = exact::eight_at(at);
    const auto digits = exact::leading_digits(bytes);
    if (at > end || digits == 0) {
      return false;
    }
    out = exact::value_of(bytes, digits);
    at += digits;
    if (digits < 8) {
      return true;
    }
    const auto rest = exact::eight_at(at);
    const auto more = exact::leading_digits(rest);
    if (more != 0) {
      out = out * exact::powers[more] + exact::value_of(rest, more);
      at += more;
    }
    return !exact::is_digit(*at);
  }
  [[nodiscard, gnu::always_inline]] bool take_time(core::Timestamp& out) {
    constexpr std::uint64_t latest_ms = INT64_MAX / 1'000'000 - 1;
    std::uint64_t count = 0;
    if (!take_count(count) || count > latest_ms) {
      return false;
    }
    out = core::Timestamp::from_ms(static_cast<std::int64_t>(count));
    return true;
  }
  /// A decimal, and the quote behind it.
  template <class D>
  [[nodiscard, gnu::always_inline]] bool take_decimal(D& out) {
    constexpr std::ptrdiff_t room = 16; // of the padding
    const char* const behind = at > end ? nullptr : exact::scan(at, end + room, out);
    if (behind == nullptr || *behind != '"') {
      return false;
    }
    at = behind + 1;
    return true;
  }
  [[nodiscard]] bool take_truth(bool& out) {
    out = *at == 't';
    return out ? take("true") : take("false");
  }
};

/// Behind {"e":"trade", or {"e":"aggTrade",
bool read_trade(Cursor& in, Frame& frame) {
  auto& trade = frame.trade;
  bool buyer_is_maker = false;
  bool ignored = false;
  const bool read = in.take_count(trade.id) && in.take(R"(,"p":")") && in.take_decimal(trade.price)
                    && in.take(R"(,"q":")") && in.take_decimal(trade.quantity);
  if (!read) {
    return false;
  }
  std::uint64_t first = 0;
  if (frame.kind == FrameKind::AGG_TRADE
      && !(in.take(R"(,"f":)") && in.take_count(first) && in.take(R"(,"l":)")
           && in.take_count(first))) {
    return false;
  }
  if (!in.take(R"(,"T":)") || !in.take_time(trade.time) || !in.take(R"(,"m":)")
      || !in.take_truth(buyer_is_maker) || !in.take(R"(,"M":)") || !in.take_truth(ignored)) {
    return false;
  }
  trade.aggressor = buyer_is_maker ? Side::SELL : Side::BUY;
  return true;
}

/// Behind {"e":"depthUpdate",
bool read_diff(Cursor& in, Frame& frame) {
  auto& diff = frame.diff;
  diff.event = frame.event;
  diff.bids.clear();
  diff.asks.clear();
  return in.take_count(diff.first_id) && in.take(R"(,"u":)") && in.take_count(diff.last_id)
         && in.take(R"(,"b":)") && take_levels(in.at, in.end, diff.bids) && in.take(R"(,"a":)")
         && take_levels(in.at, in.end, diff.asks);
}

/// Event time and symbol, which all events with a type begin with, and the name of the next field.
template <std::size_t size>
bool read_head(Cursor& in, Frame& frame, const char (&next)[size]) {
  return in.take(R"("E":)") && in.take_time(frame.event) && in.take(R"(,"s":")")
         && in.take_name(frame.symbol) && in.take(next);
}

/// Behind {"u":
bool read_ticker(Cursor& in, Frame& frame) {
  auto& ticker = frame.book_ticker;
  frame.event = {};
  return in.take_count(ticker.update_id) && in.take(R"(,"s":")") && in.take_name(frame.symbol)
         && in.take(R"(,"b":")") && in.take_decimal(ticker.bid.price) && in.take(R"(,"B":")")
         && in.take_decimal(ticker.bid.quantity) && in.take(R"(,"a":")")
         && in.take_decimal(ticker.ask.price) && in.take(R"(,"A":")")
         && in.take_decimal(ticker.ask.quantity);
}

bool read_payload(Cursor& in, Frame& frame) {
  if (in.take(R"({"e":"trade",)")) {
    frame.kind = FrameKind::TRADE;
    return read_head(in, frame, R"(,"t":)") && read_trade(in, frame);
  }
  if (in.take(R"({"e":"depthUpdate",)")) {
    frame.kind = FrameKind::DEPTH_UPDATE;
    return read_head(in, frame, R"(,"U":)") && read_diff(in, frame);
  }
  if (in.take(R"({"u":)")) {
    frame.kind = FrameKind::BOOK_TICKER;
    return read_ticker(in, frame);
  }
  if (in.take(R"({"e":"aggTrade",)")) {
    frame.kind = FrameKind::AGG_TRADE;
    return read_head(in, frame, R"(,"a":)") && read_trade(in, frame);
  }
  return false;
}

} // namespace printed

bool read_printed_form(const std::string& text, Frame& frame) {
  printed::Cursor in{text.data(), text.data() + text.size()};
  frame.stream = {};
  const bool is_wrapped = in.take(R"({"stream":")");
  if (is_wrapped && !(in.take_name(frame.stream) && in.take(R"(,"data":)"))) {
    return false;
  }
  return printed::read_payload(in, frame) && in.take("}") && (!is_wrapped || in.take("}"))
         && in.at == in.end;
}

} // namespace troupe::venues::binance
