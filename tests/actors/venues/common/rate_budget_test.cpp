#include "actors/venues/common/fair_queue.hpp"
#include "actors/venues/common/rate_budget.hpp"
#include "actors/venues/common/usage.hpp"

#include <doctest/doctest.h>

#include <map>
#include <rapidcheck.h>

namespace {

using namespace troupe::venues;
using namespace std::chrono_literals;
using troupe::core::Timestamp;

constexpr std::int64_t second = 1'000'000'000;
Timestamp at_second(double seconds) {
  return Timestamp{static_cast<std::int64_t>(seconds * 1e9)};
}
RateBudget weights(std::uint64_t limit, BudgetSettings settings = {}) {
  return RateBudget{{{"W", 60s, limit, 0}}, settings};
}
const CallCost one_unit{{"W", 1}};

TEST_CASE("budget: units of an aligned window, back with the next one") {
  auto budget = weights(10, {.reserve = 0.0, .guard = 0ns});
  for (int i = 0; i < 10; ++i) {
    CHECK_FALSE(budget.take(one_unit, CallClass::MARKET_DATA, at_second(30 + i)));
  }
  CHECK(budget.take(one_unit, CallClass::MARKET_DATA, at_second(59)) == at_second(60));
  CHECK(budget.used("W", at_second(59)) == 10);
  CHECK_FALSE(budget.take(one_unit, CallClass::MARKET_DATA, at_second(60)));
  CHECK(budget.used("W", at_second(60)) == 1);
}

TEST_CASE("budget: near a boundary a call counts in both windows") {
  auto budget = weights(10, {.reserve = 0.0, .guard = 1s});
  CHECK_FALSE(budget.take({{"W", 6}}, CallClass::MARKET_DATA, at_second(59.5)));
  CHECK(budget.take({{"W", 6}}, CallClass::MARKET_DATA, at_second(60.5))
        == at_second(121)); // may be one window
  CHECK_FALSE(budget.take({{"W", 4}}, CallClass::MARKET_DATA, at_second(60.5)));
}

TEST_CASE("budget: whatever the venue's clock within the guard, no window of its is exceeded") {
  CHECK(rc::check("skewed clock", [] {
    const auto skew = static_cast<double>(*rc::gen::inRange(-900, 901)) / 1000.0;
    auto budget = weights(20, {.reserve = 0.0, .guard = 1s});
    std::map<std::int64_t, std::uint64_t> counted; ///< by window of the venue
    double now = 50.0;
    for (int i = 0; i < 400; ++i) {
      now += static_cast<double>(*rc::gen::inRange(0, 400)) / 1000.0;
      const auto units = static_cast<std::uint64_t>(*rc::gen::inRange(1, 6));
      if (!budget.take({{"W", units}}, CallClass::MARKET_DATA, at_second(now))) {
        counted[at_second(now + skew).ns / (60 * second)] += units;
      }
    }
    for (const auto& [window, units] : counted) {
      RC_ASSERT(units <= 20U);
    }
  }));
}

TEST_CASE("budget: what matters more may use what the rest leaves") {
  auto budget = weights(10, {.reserve = 0.2, .guard = 0ns});
  CHECK_FALSE(budget.take({{"W", 8}}, CallClass::MARKET_DATA, at_second(1)));
  CHECK(budget.take(one_unit, CallClass::MARKET_DATA, at_second(1)));
  CHECK_FALSE(budget.take(one_unit, CallClass::ORDER, at_second(1)));
  CHECK(budget.take(one_unit, CallClass::ORDER, at_second(1)));
  CHECK_FALSE(budget.take(one_unit, CallClass::CANCEL, at_second(1)));
  CHECK(budget.take(one_unit, CallClass::CANCEL, at_second(1)) == at_second(60));
  CHECK(budget.can_ever_take({{"W", 8}}, CallClass::MARKET_DATA));
  CHECK_FALSE(budget.can_ever_take({{"W", 9}}, CallClass::MARKET_DATA));
}

TEST_CASE("budget: the venue's own count wins, and what is on its way comes on top") {
  auto budget = weights(100, {.reserve = 0.0, .guard = 1s});
  CHECK_FALSE(budget.take({{"W", 5}}, CallClass::MARKET_DATA, at_second(10)));
  budget.learn_used("W", 60s, 90, at_second(10)); // others use the key too
  CHECK(budget.used("W", at_second(10)) == 95);
  CHECK(budget.take({{"W", 6}}, CallClass::MARKET_DATA, at_second(11)));
  budget.finish({{"W", 5}});
  budget.learn_used("W", 60s, 40, at_second(12)); // never less than what we know of
  CHECK(budget.used("W", at_second(12)) == 95);
  budget.learn_used("W", 60s, 99, at_second(60.5)); // may be about the window before
  CHECK(budget.used("W", at_second(60.5)) == 0);
  budget.learn_limits({{"W", 60s, 200, 0}, {"NEW", 10s, 1, 0}}, at_second(13));
  CHECK_FALSE(budget.take({{"W", 6}}, CallClass::MARKET_DATA, at_second(13)));
  CHECK_FALSE(budget.take({{"NEW", 1}}, CallClass::MARKET_DATA, at_second(13)));
  CHECK(budget.take({{"NEW", 1}}, CallClass::MARKET_DATA, at_second(13)) == at_second(21));
  budget.learn_limits({{"W", 10s, 3, 0}},
                      at_second(13));            // told by another window than was assumed
  CHECK(budget.used("W", at_second(13)) == 101); // what was spent before still counts
  CHECK(budget.used("W", at_second(33)) == 0);
  CHECK_FALSE(budget.take({{"W", 3}}, CallClass::MARKET_DATA, at_second(33)));
  CHECK(budget.take(one_unit, CallClass::MARKET_DATA, at_second(33)) == at_second(41));
}

TEST_CASE("budget: what another one of the same key has spent counts") {
  auto budget = weights(100, {.reserve = 0.0, .guard = 1s});
  auto other = weights(100, {.reserve = 0.0, .guard = 1s});
  CHECK_FALSE(other.take({{"W", 20}}, CallClass::MARKET_DATA, at_second(10)));
  CHECK_FALSE(other.take({{"W", 5}}, CallClass::MARKET_DATA, at_second(70)));
  budget.count(other, at_second(70));
  CHECK(budget.used("W", at_second(70)) == 5);
  budget.count(other, at_second(60)); // by the venue's clock it may still be the minute before
  CHECK(budget.used("W", at_second(59)) == 20);
  CHECK(budget.used("W", at_second(60)) == 20);
}

TEST_CASE("budget: 429 and 418 stop everything for as long as the venue says, or ever longer") {
  auto budget = weights(100, {.reserve = 0.0, .guard = 0ns, .blocked_min = 1s});
  budget.block(std::chrono::nanoseconds{30s}, at_second(5));
  CHECK(budget.take(one_unit, CallClass::CANCEL, at_second(6)) == at_second(35));
  CHECK_FALSE(budget.take(one_unit, CallClass::MARKET_DATA, at_second(35)));
  budget.unblock();
  budget.block(std::nullopt, at_second(40));
  CHECK(budget.blocked_until() == at_second(41));
  budget.block(std::nullopt, at_second(41));
  CHECK(budget.blocked_until() == at_second(43));
  budget.block(std::nullopt, at_second(43));
  CHECK(budget.blocked_until() == at_second(47));
}

TEST_CASE(
  "budget: a bucket fills at its rate, and what is left by the venue's word is taken over") {
  RateBudget budget{{{"P", 1s, 10, 15}}, {.reserve = 0.2}};
  // What others may have taken before is not there: only the reserve is.
  CHECK(budget.take({{"P", 1}}, CallClass::MARKET_DATA, at_second(98)).has_value());
  for (int i = 0; i < 3; ++i) {
    CHECK_FALSE(budget.take({{"P", 1}}, CallClass::CANCEL, at_second(98)));
  }
  CHECK(budget.take({{"P", 1}}, CallClass::CANCEL, at_second(98)).has_value());
  for (int i = 0; i < 12; ++i) { // 15 less what is kept
    CHECK_FALSE(budget.take({{"P", 1}}, CallClass::MARKET_DATA, at_second(100)));
  }
  const auto wait = budget.take({{"P", 1}}, CallClass::MARKET_DATA, at_second(100));
  REQUIRE(wait.has_value());
  CHECK(*wait - at_second(100) > 99ms);
  CHECK(*wait - at_second(100) < 101ms);
  CHECK_FALSE(budget.take({{"P", 1}}, CallClass::CANCEL, at_second(100)));
  CHECK_FALSE(budget.take({{"P", 1}}, CallClass::MARKET_DATA, at_second(100.3)));
  budget.learn_remaining("P", 0, at_second(105));
  CHECK(budget.take({{"P", 1}}, CallClass::CANCEL, at_second(101)) == at_second(105));
}

TEST_CASE("budget: the parts of an owner and of those cut off never exceed the whole") {
  const BudgetSettings settings{.reserve = 0.2, .guard = 0ns};
  auto owner = weights(100, settings);
  owner.set_share(0.8);
  auto apart = weights(100, settings);
  apart.set_share(0.2);
  std::uint64_t spent = 0;
  for (auto* const budget : {&owner, &apart}) {
    while (!budget->take(one_unit, CallClass::CANCEL, at_second(1))) {
      ++spent;
    }
  }
  CHECK(spent == 100);
  auto successor = weights(100, settings);
  successor.assume_spent(at_second(1));
  CHECK(successor.take(one_unit, CallClass::MARKET_DATA, at_second(1)) == at_second(60));
  CHECK_FALSE(
    successor.take(one_unit, CallClass::CANCEL, at_second(1))); // cancels always have their part
}

TEST_CASE(
  "budget: a successor takes windows of up to a minute for spent, by any clock within the guard") {
  RateBudget budget{{{"W", 60s, 10, 0}, {"LONG", 300s, 10, 0}, {"P", 1s, 10, 15}},
                    {.reserve = 0.0, .guard = 1s}};
  const CallCost bucket{{"P", 1}};
  CHECK(budget.take(bucket, CallClass::MARKET_DATA,
                    at_second(10))); // it begins with the reserve: nothing
  CHECK_FALSE(budget.take(bucket, CallClass::MARKET_DATA, at_second(50.0)));
  budget.assume_spent(at_second(59.5));
  CHECK(budget.take(one_unit, CallClass::MARKET_DATA, at_second(59.6))
        == at_second(121)); // and the next, by theirs
  CHECK_FALSE(budget.take({{"LONG", 1}}, CallClass::MARKET_DATA, at_second(59.6)));
  const auto wait = budget.take(bucket, CallClass::MARKET_DATA, at_second(59.5));
  REQUIRE(wait.has_value());
  CHECK(*wait - at_second(59.5) > 99ms);
  CHECK(*wait - at_second(59.5) < 101ms);
}

TEST_CASE("budget: what is told as the earliest time is no later than that, whatever the share") {
  for (const double share : {0.2, 0.5, 0.8, 1.0}) {
    CAPTURE(share);
    RateBudget budget{{{"P", 1s, 10, 15}}, {.reserve = 0.2, .share = share}};
    const CallCost bucket{{"P", 1}};
    Timestamp now = at_second(100);
    for (int i = 0; i < 40; ++i) {
      const auto next = budget.earliest(bucket, CallClass::MARKET_DATA, now);
      if (next) {
        CHECK(budget.take(bucket, CallClass::MARKET_DATA, *next - 1ms));
        now = *next + 1us;
      }
      CHECK_FALSE(budget.take(bucket, CallClass::MARKET_DATA, now));
    }
    const auto seconds = static_cast<double>((now - at_second(100)).count()) / 1e9;
    CHECK(seconds > (40 - 15) / (10 * share));
    CHECK(seconds < (40 + 15) / (10 * share));
  }
}

TEST_CASE("budget: when a cost can be spent is told without spending it") {
  auto budget = weights(10, {.reserve = 0.0, .guard = 0ns});
  for (int i = 0; i < 3; ++i) {
    CHECK_FALSE(budget.earliest({{"W", 10}}, CallClass::MARKET_DATA, at_second(1)));
  }
  CHECK_FALSE(budget.take({{"W", 10}}, CallClass::MARKET_DATA, at_second(1)));
  CHECK(budget.earliest(one_unit, CallClass::MARKET_DATA, at_second(2)) == at_second(60));
}

TEST_CASE("budget: calls of which nothing is heard any more do not count for ever") {
  auto budget = weights(100, {.reserve = 0.0, .guard = 0ns});
  for (int i = 0; i < 30; ++i) {
    CHECK_FALSE(budget.take(one_unit, CallClass::MARKET_DATA, at_second(1)));
  }
  budget.finish({{"W", 10}});
  budget.learn_used("W", 60s, 5, at_second(61));
  CHECK(budget.used("W", at_second(61)) == 25); // and those on their way
  budget.learn_used("W", 60s, 5, at_second(130));
  CHECK(budget.used("W", at_second(130)) == 5);
  CHECK_FALSE(budget.take({{"W", 7}}, CallClass::MARKET_DATA, at_second(185)));
  budget.finish({{"W", 7}});
  budget.learn_used("W", 60s, 50, at_second(190));
  CHECK(budget.used("W", at_second(190)) == 50);
}

TEST_CASE("fair queue: callers take turns, what matters more comes first") {
  FairQueue<int> queue;
  for (int i = 0; i < 3; ++i) {
    queue.push(0, "greedy", i);
  }
  queue.push(0, "modest", 100);
  queue.push(2, "cancels", 200);
  queue.push(0, "greedy", 3);
  std::vector<int> order;
  CHECK(queue.front() == 200);
  queue.remove([](int item) { return item == 1; }, [&](int item) { CHECK(item == 1); });
  while (!queue.empty()) {
    order.push_back(queue.pop());
  }
  CHECK(order == std::vector<int>{200, 0, 100, 2, 3});
}

TEST_CASE("usage: what the headers of both venues say") {
  troupe::net::ClientResponse response;
  response.status = 429;
  response.headers.add("X-MBX-USED-WEIGHT-1M", "1234");
  response.headers.add("x-mbx-used-weight", "1234");
  response.headers.add("X-MBX-ORDER-COUNT-10S", "7");
  response.headers.add("Retry-After", "35");
  response.headers.add("x-ratelimit-remaining", "0");
  response.headers.add("x-ratelimit-reset", "3");
  const auto usage = read_usage("V", one_unit, response, "P", at_second(10));
  CHECK(usage.refused);
  CHECK(usage.retry_after == troupe::core::Duration{35s});
  REQUIRE(usage.notes.size() == 3);
  CHECK(usage.notes[0].limit == "REQUEST_WEIGHT");
  CHECK(usage.notes[0].window == troupe::core::Duration{60s});
  CHECK(usage.notes[0].used == 1234U);
  CHECK(usage.notes[1].limit == "ORDERS");
  CHECK(usage.notes[1].window == troupe::core::Duration{10s});
  CHECK(usage.notes[2].remaining == 0U);
  CHECK(usage.notes[2].reset == at_second(13));
  response.status = 200;
  CHECK_FALSE(read_usage("V", one_unit, response, "", at_second(10)).refused);
}

} // namespace
