#include "core/duration.hpp"
#include "core/time.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <rapidcheck.h>

using namespace troupe::core;

TEST_CASE("time: RFC 3339 round trips to the nanosecond") {
  CHECK(Timestamp{0}.to_text() == "1970-01-01T00:00:00.000000000Z");
  CHECK(Timestamp{-1}.to_text() == "1969-12-31T23:59:59.999999999Z");
  CHECK(rc::check([](std::int64_t ns) {
    RC_PRE(ns > -9'200'000'000'000'000'000 && ns < 9'180'000'000'000'000'000);
    RC_ASSERT(Timestamp::from_text(Timestamp{ns}.to_text())->ns == ns);
  }));
}

TEST_CASE("time: the ends of what 64 bits of nanoseconds hold have a text") {
  CHECK(Timestamp{std::numeric_limits<std::int64_t>::min()}.to_text()
        == "1677-09-21T00:12:43.145224192Z");
  CHECK(Timestamp{std::numeric_limits<std::int64_t>::max()}.to_text()
        == "2262-04-11T23:47:16.854775807Z");
  CHECK(Timestamp{-1}.to_text() == "1969-12-31T23:59:59.999999999Z");
}

TEST_CASE("time: offsets and fractions") {
  CHECK(Timestamp::from_text("2024-08-08T23:54:14.5+02:00")->to_text()
        == "2024-08-08T21:54:14.500000000Z");
  CHECK(Timestamp::from_text("2024-02-29T00:00:00z").has_value());
}

TEST_CASE("time: what is no time is refused") {
  for (const char* text :
       {"", "2024", "2024-08-08", "2024-08-08T23:54:14", "2024-02-30T00:00:00Z",
        "2024-08-08 23:54:14Z", "2024-08-08T24:00:00Z", "2024-08-08T23:54:14.Z",
        "2024-08-08T23:54:14.1234567890Z", "2024-08-08T23:54:14Zjunk", "0001-01-01T00:00:00Z"}) {
    CAPTURE(text);
    CHECK_FALSE(Timestamp::from_text(text).has_value());
  }
}

TEST_CASE("duration: texts") {
  using namespace std::chrono_literals;
  CHECK(Duration{60s}.to_text() == "1m");
  CHECK(Duration{90s}.to_text() == "90s");
  CHECK(*Duration::from_text("250ms") == Duration{250ms});
  for (const char* text : {"", "5", "ms", "-5s", "1.5s", "5 s", "5x", "99999999999999d"}) {
    CAPTURE(text);
    CHECK_FALSE(Duration::from_text(text).has_value());
  }
}
