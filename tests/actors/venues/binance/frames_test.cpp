#include "actors/venues/binance/printed_form.hpp"
#include "actors/venues/common/json_tokens.hpp"
#include "actors/venues/common/wire.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <rapidcheck.h>

/// An event is the same in whichever order, spacing and company its fields are written.
namespace {

using namespace troupe::venues::binance;
using namespace troupe::trading;
using troupe::core::Errc;
using troupe::venues::wire::padded;
using Fields = std::vector<std::pair<std::string, std::string>>; ///< name, JSON

std::string quoted(const std::string& text) {
  return '"' + text + '"';
}

std::string digits(int from, int to) {
  std::string out;
  for (int i = *rc::gen::inRange(from, to); i > 0; --i) {
    out += static_cast<char>('0' + *rc::gen::inRange(0, 10));
  }
  return out;
}

/// Of any width that a venue may print, the fast ones and those that take longer.
std::string decimal() {
  const auto whole = digits(1, 12);
  const auto part = digits(0, 9);
  return part.empty() ? whole : whole + '.' + part;
}

std::string whole_number() {
  return std::to_string(*rc::gen::inRange<std::int64_t>(0, 2'000'000'000'000));
}

std::string spaces() {
  return *rc::gen::element<std::string>("", "", "", " ", "\n  ", "\t");
}

std::string side(bool spaced) {
  const auto gap = [&] { return spaced ? spaces() : std::string{}; };
  std::string out = "[" + gap();
  for (int i = *rc::gen::inRange(0, 5); i > 0; --i) {
    out += "[" + gap() + quoted(decimal()) + gap() + "," + gap() + quoted(decimal())
           + *rc::gen::element<std::string>("", "", ",[]", ",7", R"(,"]")") + gap() + "]" + gap()
           + (i > 1 ? "," + gap() : "");
  }
  return out + "]";
}

/// Without what scan_levels leaves to the parser.
std::string plain_side() {
  std::string out = "[";
  for (int i = *rc::gen::inRange(0, 5); i > 0; --i) {
    out += "[" + quoted(decimal()) + "," + quoted(decimal()) + "]" + (i > 1 ? "," : "");
  }
  return out + "]";
}

Fields trade() {
  return {{"e", quoted("trade")},
          {"E", whole_number()},
          {"s", quoted("BTCUSDT")},
          {"t", whole_number()},
          {"p", quoted(decimal())},
          {"q", quoted(decimal())},
          {"T", whole_number()},
          {"m", *rc::gen::element<std::string>("true", "false")},
          {"M", "true"}};
}

Fields aggregate_trade() {
  auto fields = trade();
  fields[0].second = quoted("aggTrade");
  fields[3].first = "a";
  fields.insert(fields.begin() + 6, {{"f", whole_number()}, {"l", whole_number()}});
  return fields;
}

Fields depth() {
  const bool plain = *rc::gen::arbitrary<bool>();
  return {{"e", quoted("depthUpdate")},
          {"E", whole_number()},
          {"s", quoted("ETHUSDT")},
          {"U", whole_number()},
          {"u", whole_number()},
          {"b", plain ? plain_side() : side(true)},
          {"a", plain ? plain_side() : side(true)}};
}

Fields book_ticker() {
  return {{"u", whole_number()},    {"s", quoted("X")},       {"b", quoted(decimal())},
          {"B", quoted(decimal())}, {"a", quoted(decimal())}, {"A", quoted(decimal())}};
}

Fields kline() {
  return {{"e", quoted("kline")},
          {"E", whole_number()},
          {"s", quoted("X")},
          {"k", R"({"t":60000,"T":119999,"s":"X","i":"1m","o":")" + decimal() + R"(","c":")"
                  + decimal() + R"(","h":"3","l":"1","v":"10","n":7,"x":true,"B":"0"})"}};
}

/// What the venue may add one day: nothing here is to be looked at.
std::string unknown_value() {
  return *rc::gen::element<std::string>(R"({"e":"trade","b":[["1","2"]],"a":{}})",
                                        R"([1,{"E":2},"]"])", R"("a \"quoted\" }")", "null",
                                        R"("\\")", "-1.5e3", "[]", "{}", "false", R"("é")");
}

std::string written(const Fields& fields, bool spaced) {
  std::string out = "{";
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto gap = [&] { return spaced ? spaces() : std::string{}; };
    out += gap() + quoted(fields[i].first) + gap() + ":" + gap() + fields[i].second + gap()
           + (i + 1 < fields.size() ? "," : "");
  }
  return out + "}";
}

Fields shuffled(Fields fields) {
  for (std::size_t i = fields.size(); i > 1; --i) {
    std::swap(fields[i - 1], fields[*rc::gen::inRange<std::size_t>(0, i)]);
  }
  return fields;
}

void add_unknown(Fields& fields) {
  for (const auto* const name : {"new", "zz", "Z", "y", "", R"(q\u0041)", R"(\")"}) {
    if (*rc::gen::arbitrary<bool>()) {
      fields.emplace_back(name, unknown_value());
    }
  }
}

void check_same(const Frame& a, const Frame& b) {
  RC_ASSERT(a.kind == b.kind);
  RC_ASSERT(a.symbol == b.symbol);
  RC_ASSERT(a.event == b.event);
  switch (a.kind) {
    case FrameKind::TRADE:
    case FrameKind::AGG_TRADE:
      RC_ASSERT(a.trade.id == b.trade.id);
      RC_ASSERT(a.trade.price == b.trade.price);
      RC_ASSERT(a.trade.quantity == b.trade.quantity);
      RC_ASSERT(a.trade.time == b.trade.time);
      RC_ASSERT(a.trade.aggressor == b.trade.aggressor);
      break;
    case FrameKind::DEPTH_UPDATE:
      RC_ASSERT(a.diff.first_id == b.diff.first_id);
      RC_ASSERT(a.diff.last_id == b.diff.last_id);
      RC_ASSERT(a.diff.event == b.diff.event);
      RC_ASSERT(a.diff.bids == b.diff.bids);
      RC_ASSERT(a.diff.asks == b.diff.asks);
      break;
    case FrameKind::BOOK_TICKER:
      RC_ASSERT(a.book_ticker.update_id == b.book_ticker.update_id);
      RC_ASSERT(a.book_ticker.bid == b.book_ticker.bid);
      RC_ASSERT(a.book_ticker.ask == b.book_ticker.ask);
      break;
    case FrameKind::KLINE:
      RC_ASSERT(a.kline.bar == b.kline.bar);
      RC_ASSERT(a.kline.interval == b.kline.interval);
      break;
    default: RC_FAIL("an event that was not written");
  }
}

Fields any_event() {
  switch (*rc::gen::inRange(0, 5)) {
    case 0: return trade();
    case 1: return depth();
    case 2: return book_ticker();
    case 3: return aggregate_trade();
    default: return kline();
  }
}

/// Levels by way of the parser alone, as a reference.
std::vector<Level> levels_of(const std::string& json) {
  std::vector<Level> out;
  auto spaced = json; // which scan_levels does not take
  spaced.insert(1, " ");
  troupe::venues::wire::read_levels(std::string_view{spaced}, out);
  return out;
}

TEST_CASE("frames: an event is the same in any order, spacing and company") {
  CHECK(rc::check([] {
    const auto fields = any_event();
    const auto usual = padded(R"({"stream":"x@y","data":)" + written(fields, false) + "}");
    auto other = fields;
    add_unknown(other);
    other = shuffled(other);
    Fields wrapping = {{"stream", quoted("x@y")}, {"data", written(other, true)}};
    add_unknown(wrapping);
    const bool wrapped = *rc::gen::arbitrary<bool>();
    const auto unusual = padded(wrapped ? written(shuffled(wrapping), true) : written(other, true));
    FrameDecoder first;
    FrameDecoder second;
    const auto expected = first.decode(usual);
    RC_ASSERT(expected.has_value());
    const auto found = second.decode(unusual);
    RC_ASSERT(found.has_value());
    check_same(**expected, **found);
    RC_ASSERT((*found)->stream == (wrapped ? "x@y" : ""));
  }));
}

TEST_CASE("frames: what is read is what the text says") {
  CHECK(rc::check([] {
    FrameDecoder decoder;
    const auto print = trade();
    const auto text = padded(written(print, false));
    const auto& read = **decoder.decode(text);
    RC_ASSERT(std::to_string(read.trade.id) == print[3].second);
    const auto unquoted = [](const std::string& json) { return json.substr(1, json.size() - 2); };
    RC_ASSERT(read.trade.price == *Price::from_text(unquoted(print[4].second)));
    RC_ASSERT(read.trade.quantity == *Quantity::from_text(unquoted(print[5].second)));
    RC_ASSERT(std::to_string(read.trade.time.ns / 1'000'000) == print[6].second);
    RC_ASSERT((read.trade.aggressor == Side::SELL) == (print[7].second == "true"));
    const auto update = depth();
    const auto diff = padded(written(update, false));
    const auto& changed = **decoder.decode(diff);
    RC_ASSERT(changed.diff.bids == levels_of(update[5].second));
    RC_ASSERT(changed.diff.asks == levels_of(update[6].second));
  }));
}

TEST_CASE("frames: a message that is cut off or has more behind it is refused") {
  FrameDecoder decoder;
  for (
    const std::string whole :
    {R"({"stream":"b@t","data":{"e":"trade","E":1,"s":"X","t":1,"p":"1.5","q":"2","T":1,"m":true}})",
     R"({"stream":"b@d","data":{"e":"depthUpdate","E":1,"s":"X","U":1,"u":2,"b":[["1.50000000","2.00000000"]],"a":[["1.60000000","2.00000000"]]}})",
     R"({"e":"depthUpdate","E":1,"s":"X","U":1,"u":2,"b":[],"a":[["1.60000000","2.00000000"]]})"}) {
    REQUIRE(decoder.decode(padded(whole)).has_value());
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const auto cut = padded(whole.substr(0, size));
      CAPTURE(cut);
      CHECK_FALSE(decoder.decode(cut).has_value());
    }
    for (const auto* const more : {"}", "]", ",", "{}", "1", "\"x\""}) {
      CAPTURE(more);
      CHECK_FALSE(decoder.decode(padded(whole + more)).has_value());
    }
    CHECK(decoder.decode(padded(whole + " \n")).has_value());
  }
}

TEST_CASE("frames: what is not JSON between the fields is refused") {
  FrameDecoder decoder;
  for (const auto* const text :
       {R"({"e":"trade",})", R"({"e":})", R"({"e" "trade"})", R"({"e"})", R"({,"e":"x"})",
        R"({"e":"x" "E":1})", R"({"e":"x":"E"})", R"({e:"x"})", R"({"e":"x"]})",
        R"({"data":{"e":1})", R"({"e":[1,2})", R"({"e":"\xff"})", "{\"e\":\"\xff\"}",
        R"({"stream":"x"})", R"({"stream":"x","data":[]})", R"("e")", "{", "}"}) {
    CAPTURE(text);
    const auto read = decoder.decode(padded(text));
    // no type is known that has an escape in it, so nobody asks whether that is a right one
    CHECK(read.has_value() == (std::string_view{text} == R"({"e":"\xff"})"));
  }
}

TEST_CASE("frames: bytes changed at random never do harm") {
  CHECK(rc::check([] {
    auto text = written(any_event(), *rc::gen::arbitrary<bool>());
    for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
      text[*rc::gen::inRange<std::size_t>(0, text.size())] =
        static_cast<char>(*rc::gen::inRange(0, 256));
    }
    FrameDecoder decoder;
    const auto kept = padded(text);
    const auto read = decoder.decode(kept);
    RC_ASSERT((read || read.error().code == Errc::PROTOCOL_ERROR));
    const auto next = padded(written(trade(), false));
    RC_ASSERT((*decoder.decode(next))->kind == FrameKind::TRADE); // and goes on
  }));
}

/// Of the longest number, a point not counted.
std::size_t digits_in_a_row(const std::string& text) {
  std::size_t longest = 0;
  std::size_t now = 0;
  for (const char c : text) {
    now = c >= '0' && c <= '9' ? now + 1 : c == '.' ? now : 0;
    longest = std::max(longest, now);
  }
  return longest;
}

/// A space at the end is no part of the form that the venue prints.
std::string walked(const std::string& text) {
  return padded(text + ' ');
}

TEST_CASE("frames: the printed form is read as the walk over the tokens reads it") {
  CHECK(rc::check([] {
    auto fields = any_event();
    const bool is_depth = fields[0].second == quoted("depthUpdate");
    if (is_depth) {
      fields[5].second = plain_side();
      fields[6].second = plain_side();
    }
    const bool is_kline = fields[0].second == quoted("kline");
    auto text = written(fields, false);
    if (*rc::gen::arbitrary<bool>()) {
      text = R"({"stream":"btcusdt@something","data":)" + text + "}";
    }
    Frame frame;
    const bool is_fast = read_printed_form(padded(text), frame);
    // Levels have a slow way of their own for long numbers.
    RC_ASSERT(is_fast == (!is_kline && (is_depth || digits_in_a_row(text) <= 18U)));
    RC_ASSERT(!read_printed_form(walked(text), frame));
    FrameDecoder decoder;
    FrameDecoder walker;
    const auto in_form = padded(text);
    const auto out_of_form = walked(text);
    const auto& read = **decoder.decode(in_form);
    check_same(read, **walker.decode(out_of_form));
    RC_ASSERT(read.stream == (text[2] == 's' ? "btcusdt@something" : ""));
  }));
}

TEST_CASE("frames: whatever happens to the printed form, it is read as the walk reads it") {
  CHECK(rc::check([] {
    auto text = written(any_event(), false);
    if (*rc::gen::arbitrary<bool>()) {
      text = R"({"stream":"btcusdt@trade","data":)" + text + "}";
    }
    for (int i = *rc::gen::inRange(1, 3); i > 0; --i) {
      const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
      const auto other = *rc::gen::element<std::string>(
        "", "0", "9", ".", "\"", "\\", ",", ":", "{", "}", "[", "]", "-", "e", "A", "b", "true",
        "\"\"", "\xc3", "\x01", "00000000", "123456789012345678");
      const bool instead = *rc::gen::arbitrary<bool>();
      text.replace(at, instead ? 1 : 0, other);
    }
    FrameDecoder decoder;
    FrameDecoder walker;
    const auto in_form = padded(text);
    const auto out_of_form = walked(text);
    const auto read = decoder.decode(in_form);
    const auto found = walker.decode(out_of_form);
    RC_ASSERT(read.has_value() == found.has_value());
    if (read && (*read)->kind != FrameKind::UNKNOWN && (*read)->kind != FrameKind::REPLY) {
      check_same(**read, **found);
      RC_ASSERT((*read)->stream == (*found)->stream);
    }
  }));
}

TEST_CASE("frames: numbers and names that the printed form leaves to the walk") {
  const auto text_with = [](const std::string& time, const std::string& price) {
    return R"({"e":"trade","E":)" + time + R"(,"s":"BTCUSDT","t":1,"p":)" + price
           + R"(,"q":"2","T":1,"m":true,"M":true})";
  };
  Frame frame;
  CHECK(read_printed_form(padded(text_with("1723161255343", R"("1.5")")), frame));
  CHECK(read_printed_form(padded(text_with("1234567890123", R"("1234567890.12345678")")), frame));
  for (const auto* const time :
       {"17231612553431234", "9999999999999999", "-1", "\"1\"", "1.5", "1e3", ""}) {
    CAPTURE(time);
    CHECK_FALSE(read_printed_form(padded(text_with(time, R"("1.5")")), frame));
  }
  for (const auto* const price :
       {R"("12345678901.12345678")", R"("-1.5")", "1.5", R"("1e3")", R"("")", "null", R"("1.5)"}) {
    CAPTURE(price);
    CHECK_FALSE(read_printed_form(padded(text_with("1", price)), frame));
  }
  FrameDecoder decoder;
  const auto odd = padded(text_with("\"7\"", "1.5")); // which the walk takes
  const auto read = decoder.decode(odd);
  REQUIRE(read);
  CHECK((*read)->trade.price == *Price::from_text("1.5"));
  CHECK((*read)->event.ns == 7'000'000);
}

TEST_CASE("frames: a text without room behind it is refused") {
  std::string tight = R"({"e":"trade"})";
  tight.shrink_to_fit();
  FrameDecoder decoder;
  CHECK_FALSE(decoder.decode(tight).has_value());
}

} // namespace
