#include "actors/venues/common/exact_decimal.hpp"
#include "actors/venues/common/wire.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <rapidcheck.h>

namespace {

using namespace troupe::venues;
using troupe::trading::Level;
using troupe::trading::Price;
using troupe::trading::Quantity;

template <class D>
D exactly(const char* text) {
  return *D::from_text(text);
}

TEST_CASE("read_decimal: equal to the plain definition for any text") {
  CHECK(rc::check("random decimals", [] {
    const auto whole = *rc::gen::inRange<std::uint64_t>(0, 2'000'000'000'000);
    const auto places = *rc::gen::inRange(0, 13);
    std::string text = std::to_string(whole);
    if (places > 0) {
      text += '.';
      for (int i = 0; i < places; ++i) {
        text += static_cast<char>('0' + *rc::gen::inRange(0, 10));
      }
    }
    Price read;
    const auto expected = Price::from_text(text);
    RC_ASSERT(read_decimal(text, read) == expected.has_value());
    RC_ASSERT((!expected || read == *expected));
  }));
}

TEST_CASE("read_decimal_token: equal to read_decimal, whatever follows the token") {
  CHECK(rc::check([] {
    std::string token;
    for (int i = *rc::gen::inRange(0, 20); i > 0; --i) {
      token += *rc::gen::elementOf(std::string{"0123456789012345678901234567890123456789...-e"});
    }
    const auto text =
      wire::padded(token + *rc::gen::element<std::string>("\",\"q\":\"1.5\"}", "}", ",1"));
    const std::string_view in_text{text.data(), token.size()};
    Quantity read;
    Quantity expected;
    const bool is_one = read_decimal(token, expected);
    RC_ASSERT(read_decimal_token(in_text, read) == is_one);
    RC_ASSERT((!is_one || read == expected));
  }));
}

TEST_CASE("read_whole: whole numbers up to 2^63") {
  CHECK(rc::check([](std::uint64_t number) {
    std::int64_t read = 0;
    RC_ASSERT(exact::read_whole(std::to_string(number), read) == (number >> 63U == 0));
    RC_ASSERT((number >> 63U != 0 || read == static_cast<std::int64_t>(number)));
  }));
  CHECK(rc::check([] {
    const auto small = *rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000'000);
    std::int64_t read = 0;
    RC_ASSERT(exact::read_whole(std::to_string(small), read));
    RC_ASSERT(read == small);
    auto text = std::to_string(small);
    text[*rc::gen::inRange<std::size_t>(0, text.size())] =
      *rc::gen::element('x', ' ', '/', ':', '.', '-', '\xb5');
    RC_ASSERT(!exact::read_whole(text, read));
  }));
  std::int64_t read = 0;
  CHECK(exact::read_whole("9223372036854775807", read));
  CHECK(read == std::numeric_limits<std::int64_t>::max());
  for (const auto* const text : {"", "9223372036854775808", "10000000000000000000", "-1", "+1"}) {
    CHECK_FALSE(exact::read_whole(text, read));
  }
}

TEST_CASE("read_decimal: the widths that venues print, and what is no decimal") {
  for (const auto* const text :
       {"61837.63000000", "0.00000000", "0", "0.00", "83420.2", "83420.20", "0.00000638", "1",
        "450.0", "0.0000000001", "1000000000000", "123456789012345678.5", "1e-5", "2.5E3",
        "0.24000910", "-3.5", "1.00000000000000"}) {
    CAPTURE(text);
    Price read;
    REQUIRE(read_decimal(text, read));
    CHECK(read == exactly<Price>(text));
  }
  for (const auto* const text :
       {"", ".", "-", "1.2.3", "abc", "1,5", "0x10", " 1", "1 ", "NaN", "0.00000000001", "\"1\""}) {
    CAPTURE(text);
    Price read;
    CHECK_FALSE(read_decimal(text, read));
  }
}

TEST_CASE("read_decimal_rounded: what is finer than the value is rounded, away from zero") {
  Quantity read;
  REQUIRE(read_decimal_rounded("1.567944065", read));
  CHECK(read == exactly<Quantity>("1.56794407"));
  REQUIRE(read_decimal_rounded("1.567944064999", read));
  CHECK(read == exactly<Quantity>("1.56794406"));
  REQUIRE(read_decimal_rounded("-1.567944065", read));
  CHECK(read == exactly<Quantity>("-1.56794407"));
  REQUIRE(read_decimal_rounded("2.5", read));
  CHECK(read == exactly<Quantity>("2.5"));
  CHECK_FALSE(read_decimal_rounded("1.5679440x65", read));
  CHECK_FALSE(read_decimal_rounded("nothing", read));
}

TEST_CASE("scan_levels: compact texts, others are left to the parser") {
  std::vector<Level> levels;
  REQUIRE(scan_levels(R"([["61837.63000000","3.78826000"],["1.5","0",7],["-1","1e2"]])", levels));
  REQUIRE(levels.size() == 3);
  CHECK(levels[0] == Level{exactly<Price>("61837.63"), exactly<Quantity>("3.78826")});
  CHECK(levels[1] == Level{exactly<Price>("1.5"), Quantity{}});
  CHECK(levels[2] == Level{exactly<Price>("-1"), exactly<Quantity>("100")});
  levels.clear();
  REQUIRE(scan_levels(R"([["1","2","]]"],["3","4","[],",8]])", levels));
  CHECK(levels.size() == 2);
  CHECK_FALSE(scan_levels(R"([["1","2","\"]]"]])", levels));
  const std::string_view more = R"([["1","2"]],"a":[])";
  const char* at = more.data();
  CHECK(take_levels(at, more.data() + more.size(), levels));
  CHECK(std::string_view{at} == R"(,"a":[])");
  levels.clear();
  CHECK(scan_levels("[]", levels));
  CHECK(levels.empty());
  for (const auto* const text :
       {"", "[", "[[", R"([["1"]])", R"([["1","x"]])", R"([["1","2"])", R"([["1","2"],])",
        R"([["1", "2"]])", R"([[1,2]])", R"([["1","2",[]]])"}) {
    CAPTURE(text);
    CHECK_FALSE(scan_levels(text, levels));
  }
  std::vector<Level> bids;
  std::vector<Level> asks;
  REQUIRE(
    scan_sided_levels(R"([["buy","2","3"],["sell","4","0.00"],["buy","1","1"]])", bids, asks));
  CHECK(bids.size() == 2);
  CHECK(asks.size() == 1);
  CHECK_FALSE(scan_sided_levels(R"([["bid","2","3"]])", bids, asks));
}

TEST_CASE("read_levels: white space and numbers where strings are usual") {
  simdjson::ondemand::parser parser;
  std::vector<Level> levels;
  const auto text = wire::padded(R"({"b" : [ [ "1.5", "2" ], [1.4, 3, "x"] ], "c": 1})");
  const auto done = wire::guarded([&] {
    auto document = parser.iterate(text).value();
    wire::Object object = document.get_object();
    wire::read_levels(object, "b", levels);
    CHECK(wire::integer_at(object, "c") == 1);
  });
  REQUIRE(done.has_value());
  REQUIRE(levels.size() == 2);
  CHECK(levels[0] == Level{exactly<Price>("1.5"), exactly<Quantity>("2")});
  CHECK(levels[1] == Level{exactly<Price>("1.4"), exactly<Quantity>("3")});
}

} // namespace
