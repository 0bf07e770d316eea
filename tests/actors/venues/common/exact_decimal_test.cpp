#include "actors/venues/common/exact_decimal.hpp"
#include "actors/venues/common/wire.hpp"

#include <doctest/doctest.h>

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
