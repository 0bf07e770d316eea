#include "core/decimal.hpp"

#include <doctest/doctest.h>

#include <rapidcheck.h>

using namespace troupe::core;
using D = Decimal<struct TestTag, 10>;

TEST_CASE("decimal: text round trips exactly") {
  CHECK(rc::check([](std::int64_t high, std::int64_t low) {
    const auto value = D::from_raw(int128{high} * 1'000'000'007 + low);
    RC_ASSERT(*D::from_text(value.to_text()) == value);
  }));
}

TEST_CASE("decimal: known texts") {
  CHECK(D::from_text("61837.63000000")->to_text() == "61837.63");
  CHECK(D::from_text("1e-10")->raw() == 1);
  CHECK(D::from_text("-0.5")->to_text() == "-0.5");
  CHECK(D::from_text("0")->to_text() == "0");
  CHECK(D::from_text("-0.0000000000")->to_text() == "0");
  CHECK(D::from_text("1000000000000")->to_text() == "1000000000000");
  CHECK(D::from_text("1.5E3")->to_text() == "1500");
  CHECK(D::from_text("0.10000000000000000000")->to_text() == "0.1");
}

TEST_CASE("decimal: what is no exact number is refused") {
  for (const char* text : {"", "-", ".", "abc", "1.2.3", "1e", "1e+", "0x10", " 1", "1 ", "+1",
                           "nan", "inf", "0.00000000001", "1e39", "1e999", "1e9999"}) {
    CAPTURE(text);
    CHECK_FALSE(D::from_text(text).has_value());
  }
}

TEST_CASE("decimal: overflow throws") {
  const auto big = D::from_raw(int128{1} << 126);
  CHECK_THROWS_AS(big + big, ErrorException);
  CHECK_THROWS_AS(-big - big - big, ErrorException);
  CHECK_THROWS_AS(big * 4, ErrorException);
}

TEST_CASE("decimal: from a double rounds to the nearest") {
  CHECK(D::round_from(0.1)->to_text() == "0.1");
  CHECK(D::round_from(-2.5e-10)->to_text() == "-0.0000000003");
  CHECK_FALSE(D::round_from(1e300).has_value());
  CHECK_FALSE(D::round_from(0.0 / 0.0).has_value());
  CHECK(D::from_text("61837.63")->to_double() == 61837.63);
}
