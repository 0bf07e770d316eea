#include "supervision/circuit_breaker.hpp"
#include "support.hpp"

using namespace test;
using sup::BreakerState;
using sup::CircuitBreaker;
using Time = std::chrono::nanoseconds;

namespace {

/// A breaker with a clock that is moved by hand.
struct BreakerBench {
  CircuitBreaker breaker{{.jitter = 0.0}, 1};
  Time now = 100s;

  bool call(bool ok, Time took = 1ms) {
    if (!breaker.allow(now).allowed) {
      return false;
    }
    ok ? breaker.on_success(now, took) : breaker.on_failure(now, took);
    return true;
  }
  void open() {
    while (breaker.state() != BreakerState::OPEN) {
      REQUIRE(call(false));
    }
  }
};

} // namespace

TEST_CASE("breaker: five failures in a row open it and a success between them does not") {
  BreakerBench b;
  for (int i = 0; i < 4; ++i) {
    b.call(false);
  }
  b.call(true);
  for (int i = 0; i < 4; ++i) {
    b.call(false);
  }
  CHECK(b.breaker.state() == BreakerState::CLOSED);
  b.call(false);
  CHECK(b.breaker.state() == BreakerState::OPEN);
}

TEST_CASE("breaker: half of twenty calls failed opens it and of nineteen does not") {
  BreakerBench b;
  for (int i = 0; i < 19; ++i) {
    b.call(i % 2 == 0);
  }
  CHECK(b.breaker.failures(b.now) == 9);
  CHECK(b.breaker.state() == BreakerState::CLOSED);
  b.call(false);
  CHECK(b.breaker.state() == BreakerState::OPEN);
}

TEST_CASE("breaker: eighty percent of slow calls open it") {
  BreakerBench b;
  for (int i = 0; i < 20; ++i) {
    b.call(true, i < 4 ? Time{999ms} : Time{1s});
  }
  CHECK(b.breaker.state() == BreakerState::OPEN);
  BreakerBench c;
  for (int i = 0; i < 20; ++i) {
    c.call(true, i < 5 ? Time{999ms} : Time{1s});
  }
  CHECK(c.breaker.state() == BreakerState::CLOSED);
}

TEST_CASE("breaker: a call of another kind is slow by its own measure") {
  BreakerBench b;
  for (int i = 0; i < 40; ++i) {
    REQUIRE(b.breaker.allow(b.now).allowed);
    b.breaker.on_success(b.now, 5s, 10s);
  }
  CHECK(b.breaker.slow_calls(b.now) == 0);
  CHECK(b.breaker.state() == BreakerState::CLOSED);
  b.breaker.on_failure(b.now, 11s, 10s);
  CHECK(b.breaker.slow_calls(b.now) == 1);
  b.breaker.on_success(b.now, 5s);
  CHECK(b.breaker.slow_calls(b.now) == 2);
}

TEST_CASE("breaker: calls older than ten seconds leave the window") {
  BreakerBench b;
  for (int i = 0; i < 4; ++i) {
    b.call(false);
    b.call(true);
  }
  b.now += 9s;
  CHECK(b.breaker.calls(b.now) == 8);
  b.now += 1s;
  CHECK(b.breaker.calls(b.now) == 0);
}

TEST_CASE("breaker: open time doubles from one to thirty seconds") {
  BreakerBench b;
  b.open();
  const std::vector<Time> wanted{1s, 2s, 4s, 8s, 16s, 30s, 30s};
  for (const auto& open_time : wanted) {
    CHECK(b.breaker.retry_after(b.now) == open_time);
    b.now += open_time - 1ns;
    CHECK_FALSE(b.breaker.allow(b.now).allowed);
    b.now += 1ns;
    CHECK(b.call(false)); // the probe fails
    CHECK(b.breaker.state() == BreakerState::OPEN);
  }
}

TEST_CASE("breaker: half open lets three probes through and closes when they succeed") {
  BreakerBench b;
  b.open();
  b.now += 1s;
  for (int i = 0; i < 3; ++i) {
    CHECK(b.breaker.allow(b.now).allowed);
  }
  CHECK(b.breaker.state() == BreakerState::HALF_OPEN);
  const auto fourth = b.breaker.allow(b.now);
  CHECK_FALSE(fourth.allowed);
  CHECK(fourth.retry_after > 0ns);
  for (int i = 0; i < 3; ++i) {
    CHECK(b.breaker.state() == BreakerState::HALF_OPEN);
    b.breaker.on_success(b.now, 1ms);
  }
  CHECK(b.breaker.state() == BreakerState::CLOSED);
  CHECK(b.breaker.failures(b.now) == 0);
  b.open();
  CHECK(b.breaker.retry_after(b.now) == 1s);
}

TEST_CASE("breaker: probes that never report do not block it for ever") {
  BreakerBench b;
  b.open();
  b.now += 1s;
  for (int i = 0; i < 3; ++i) {
    CHECK(b.breaker.allow(b.now).allowed);
  }
  CHECK_FALSE(b.breaker.allow(b.now).allowed);
  b.now += 30s;
  CHECK(b.breaker.allow(b.now).allowed);
}

TEST_CASE("breaker: jitter stays within a fifth and repeats with its seed") {
  Time first{0};
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CircuitBreaker a{{}, seed};
    CircuitBreaker same{{}, seed};
    a.trip(5s);
    same.trip(5s);
    CHECK(a.retry_after(5s) == same.retry_after(5s));
    CHECK(a.retry_after(5s) >= 800ms);
    CHECK(a.retry_after(5s) <= 1200ms);
    first = seed == 0 ? a.retry_after(5s) : first;
    CHECK((seed == 0 || a.retry_after(5s) != first));
  }
}

TEST_CASE("breaker: forced open and disabled hold until reset") {
  BreakerBench b;
  b.breaker.force_open();
  b.now += 1h;
  CHECK_FALSE(b.call(true));
  b.breaker.disable();
  for (int i = 0; i < 50; ++i) {
    CHECK(b.call(false));
  }
  b.breaker.reset();
  CHECK(b.breaker.state() == BreakerState::CLOSED);
  CHECK(b.breaker.failures(b.now) == 0);
}

TEST_CASE("breakers: edges by name and a node that went down opens its own") {
  World world;
  auto& breakers = world.rt.breakers;
  const auto one = breakers.edge("api>risk@n1");
  const auto two = breakers.edge("api>risk@n2");
  CHECK(breakers.edge("api>risk@n1") == one);
  breakers.node_down("n1");
  const auto refused = one->allow();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == core::Errc::CIRCUIT_OPEN);
  CHECK(refused.error().message.find("retry_after_ms=") != std::string::npos);
  CHECK(two->allow());
  two->report(core::Errc::UNKNOWN_SYMBOL, 1ms);
  const auto all = breakers.snapshot();
  REQUIRE(all.size() == 2);
  CHECK(all[0].state == BreakerState::OPEN);
  CHECK(all[0].refused == 1);
  CHECK(all[1].calls == 1);
  CHECK(all[1].failures == 0);
  CHECK(breakers.reset("api>risk@n1"));
  CHECK(one->allow());
  CHECK(breakers.force_open("nothing").error().code == core::Errc::NOT_FOUND);
}
