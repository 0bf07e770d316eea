#include "core/retry_after.hpp"

#include <doctest/doctest.h>

namespace {

using namespace std::chrono_literals;
using troupe::core::Errc;
using troupe::core::retry_after;
using troupe::core::retry_after_text;

TEST_CASE("retry after: what was written is read out of any text, rounded up") {
  CHECK(retry_after_text(1'500ms) == "retry_after_ms=1500");
  CHECK(retry_after_text(1ns) == "retry_after_ms=1");
  CHECK(retry_after_text(0ns) == "retry_after_ms=1");
  CHECK(retry_after({Errc::RATE_LIMITED, "later; " + retry_after_text(2'000'001ns) + ", please"})
        == 3ms);
}

TEST_CASE("retry after: texts that do not say it, and what nobody would wait for") {
  CHECK_FALSE(retry_after({Errc::RATE_LIMITED, "later"}));
  CHECK_FALSE(retry_after({Errc::RATE_LIMITED, "retry_after_ms="}));
  CHECK_FALSE(retry_after({Errc::RATE_LIMITED, "retry_after_ms=0"}));
  CHECK_FALSE(retry_after({Errc::RATE_LIMITED, "retry_after_ms=-5"}));
  CHECK_FALSE(retry_after({Errc::RATE_LIMITED, "retry_after_ms=99999999999999999999"}));
  CHECK(retry_after({Errc::RATE_LIMITED, "retry_after_ms=9999999999999999"}) == 31 * 24h);
}

} // namespace
