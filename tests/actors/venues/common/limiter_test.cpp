#include "core/retry_after.hpp"
#include "limiter_nodes.hpp"

#include <doctest/doctest.h>

namespace {

using namespace limiter_test;

constexpr std::uint64_t minute_limit = 60; ///< a minute
const CallCost one{{"W", 1}};

/// The first of two nodes keeps the budget.
struct Pair : Cluster {
  Pair() : Cluster({{"W", 60s, minute_limit, 0}}) {
    add("far");
    add("near");
    see("far", "far", {"far", "near"});
    see("near", "far", {"far", "near"});
  }
};

TEST_CASE("limiter: two nodes at twenty times the limit never exceed it, and share alike") {
  Pair nodes;
  nodes.demand("near", {.name = "one", .cost = one});
  nodes.demand("far", {.name = "two", .cost = one});
  nodes.world.advance(4min);
  const auto& venue = *nodes.venue;
  CHECK(venue.most() <= minute_limit);
  CHECK(venue.most() >= minute_limit / 2); // it is not idle either
  CHECK(venue.denied > 100);
  CHECK(venue.last_error.find("RATE_LIMITED") != std::string::npos);
  CHECK(venue.last_error.find("retry_after_ms=") != std::string::npos);
  const auto near = venue.by_caller.at("one");
  const auto far = venue.by_caller.at("two");
  CHECK(near + far > 60);
  CHECK(near * 2 > far);
  CHECK(far * 2 > near);
}

TEST_CASE("limiter: a node that cannot reach the owner spends what the owner leaves, no more") {
  Pair nodes;
  nodes.nodes.at("near").seen->gateways.clear();
  nodes.demand("near", {.name = "apart", .cost = one});
  nodes.demand("near", {.name = "cancels", .cost = one, .what = CallClass::CANCEL});
  nodes.demand("far", {.name = "two", .cost = one});
  nodes.demand("far", {.name = "cancels of two", .cost = one, .what = CallClass::CANCEL});
  nodes.world.advance(3min);
  CHECK(nodes.venue->most() <= minute_limit);
  CHECK(nodes.venue->by_caller.at("cancels") > 0);
  CHECK(nodes.venue->by_caller.at("two") > 0);
}

TEST_CASE("limiter: what the venue asks for is obeyed, by cancels too") {
  Pair nodes;
  messages::ReportUsage banned{
    .venue = "V", .cost = {}, .refused = true, .retry_after = core::Duration{30s}, .notes = {}};
  caf::anon_send(nodes.nodes.at("far").local->runtime().registry.find("v/limiter").actor,
                 venues::ForwardedUsage{banned});
  nodes.world.run();
  nodes.demand("far", {.name = "cancels", .cost = one, .what = CallClass::CANCEL});
  nodes.world.advance(10s);
  CHECK(nodes.venue->by_caller.empty());
  CHECK(nodes.venue->last_error.find("the venue asked for a pause") != std::string::npos);
  nodes.world.advance(30s);
  CHECK(nodes.venue->by_caller.at("cancels") > 0);
}

TEST_CASE("limiter: what would wait in vain is told so at once, and when to come again") {
  Cluster nodes{{{"W", 60s, 10, 0}}};
  nodes.add("alone");
  const auto into = nodes.world.clock.now().ns % 60'000'000'000;
  nodes.world.advance(std::chrono::nanoseconds{60'000'000'000 - into} + 5s); // past the guard
  nodes.demand("alone", {.name = "eager", .cost = one});
  nodes.world.advance(1050ms);
  CHECK(nodes.venue->by_caller.at("eager") == 6); // what those cut off and the reserve leave
  REQUIRE(nodes.venue->denied == 4);
  const auto after = core::retry_after({core::Errc::RATE_LIMITED, nodes.venue->last_error});
  REQUIRE(after.has_value());
  CHECK(*after > 54s); // the end of the minute and the guard
  CHECK(*after < 56s);
}

/// The limits of both kinds of venue, at ten times of which each node calls.
struct Crowd : Cluster {
  Crowd() : Cluster({{"W", 10s, 60, 0}, {"P", 1s, 10, 15}}) {}
  void crowd(const std::string& node) {
    demand(node, {.name = node + " W", .cost = {{"W", 1}}, .every = 17ms, .wait = 3s});
    demand(node, {.name = node + " P", .cost = {{"P", 1}}, .every = 11ms, .wait = 3s});
  }
  /// What was called since the last time.
  std::uint64_t called(const std::string& what) {
    const auto now = venue->by_limit[what];
    const auto before = std::exchange(counted[what], now);
    return now - before;
  }
  std::map<std::string, std::uint64_t> counted;
};

TEST_CASE("limiter: who takes over from a dead owner, and who joins as one, exceed no limit") {
  for (const auto offset : {0ms, 1'300ms, 2'900ms, 4'700ms, 7'100ms, 9'400ms}) {
    CAPTURE(offset.count());
    Crowd nodes;
    nodes.add("one");
    nodes.add("two");
    for (const auto* const node : {"one", "two"}) {
      nodes.see(node, "one", {"one", "two"});
      nodes.crowd(node);
    }
    nodes.world.advance(22s + offset);
    CHECK(nodes.called("W") > 60);
    CHECK(nodes.called("P") > 90);
    nodes.kill("one");
    nodes.world.advance(700ms); // until it is declared down
    nodes.see("two", "two", {"two"});
    nodes.world.advance(25s);
    CHECK(nodes.called("W") > 60);
    CHECK(nodes.called("P") > 100);
    CHECK(nodes.venue->refused == 0);
    // It has seeds, and believes itself alone at first.
    nodes.add("three", true);
    nodes.crowd("three");
    nodes.world.advance(4'500ms);
    CHECK(nodes.venue->by_caller.count("three P") == 0);
    nodes.see("two", "three", {"three", "two"});
    nodes.world.advance(50ms);
    nodes.see("three", "three", {"three", "two"});
    nodes.world.advance(25s);
    CHECK(nodes.called("W") > 60);
    CHECK(nodes.called("P") > 150);
    CHECK(nodes.venue->by_caller["two P"] > 0);
    CHECK(nodes.venue->by_caller["three P"] > 0);
    CHECK(nodes.venue->refused == 0);
  }
}

TEST_CASE("limiter: a node whose seeds do not answer waits for five seconds, then it is alone") {
  Crowd nodes;
  nodes.add("alone", true);
  nodes.crowd("alone");
  nodes.world.advance(4'900ms);
  CHECK(nodes.called("P") == 0);
  CHECK(nodes.venue->denied > 0);
  nodes.world.advance(2s);
  (void)nodes.called("P");
  nodes.world.advance(10s);
  CHECK(nodes.called("P") > 50);
  CHECK(nodes.venue->refused == 0);
}

TEST_CASE("limiter: until the venue has told its limits no more than a small part is spent") {
  Cluster nodes{{{"W", 10s, 1'000, 0}}};
  nodes.add("far", false, true);
  nodes.add("near", false, true);
  nodes.see("far", "far", {"far", "near"});
  nodes.see("near", "far", {"far", "near"});
  const std::chrono::nanoseconds window = 10s;
  const auto into = [&] {
    return std::chrono::nanoseconds{nodes.world.clock.now().ns % window.count()};
  };
  nodes.world.advance(window - into() + 1'500ms);
  nodes.demand("near", {.name = "near", .cost = {{"W", 5}}, .every = 20ms});
  nodes.demand("far", {.name = "far", .cost = {{"W", 5}}, .every = 20ms});
  nodes.world.advance(5s);
  auto& calls = nodes.venue->by_caller;
  CHECK(calls["near"] == 32); // 1000 * 0.2 less the reserve
  CHECK(calls["far"] == 32);
  for (const auto* const name : {"near", "far"}) {
    const auto limiter = nodes.nodes.at(name).local->runtime().registry.find("v/limiter").actor;
    caf::anon_send(limiter, venues::LimitsLearned{{{"W", 10s, 60, 0}}}); // not as documented
  }
  nodes.world.advance(window - into());
  CHECK(calls["near"] == 32);
  CHECK(calls["far"] == 32);
  nodes.venue->limits = {{"W", 10s, 60, 0}};
  nodes.world.advance(3 * window);
  CHECK(nodes.venue->refused == 0);
  CHECK(calls["near"] > 40);
  CHECK(calls["far"] > 40);
}

TEST_CASE("limiter: one that joins spends at once what nobody has spent before it came") {
  Cluster nodes{{{"W", 10s, 100, 0}}};
  nodes.add("alone");
  nodes.world.advance(std::chrono::nanoseconds{10s} + 1'500ms
                      - std::chrono::nanoseconds{nodes.world.clock.now().ns % 10'000'000'000});
  nodes.demand("alone", {.name = "alone", .cost = one, .every = 10ms});
  nodes.world.advance(3s);
  CHECK(nodes.venue->most() == 64); // all that market data may spend
  // It is to keep the budget, and must ask the venue first what that is.
  nodes.add("new", true, true);
  nodes.see("new", "new", {"alone", "new"});
  nodes.see("alone", "new", {"alone", "new"});
  nodes.demand("new", {.name = "new", .cost = one, .every = 10ms});
  nodes.demand("new", {.name = "cancels", .cost = one, .what = CallClass::CANCEL, .every = 10ms});
  nodes.world.advance(3s);
  CHECK(nodes.venue->by_caller["new"] > 0);
  CHECK(nodes.venue->refused == 0);
}

TEST_CASE("limiter: what was spent to learn the limits counts when they are known") {
  Cluster nodes{{{"W", 60s, 1'000, 0}}};
  nodes.add("alone", false, true);
  nodes.world.advance(std::chrono::nanoseconds{60s} + 1'500ms
                      - std::chrono::nanoseconds{nodes.world.clock.now().ns % 60'000'000'000});
  nodes.demand("alone", {.name = "first", .cost = {{"W", 20}}, .every = 100ms});
  nodes.world.advance(150ms);
  REQUIRE(nodes.venue->by_limit["W"] == 20);
  nodes.venue->limits = {{"W", 10s, 100, 0}}; // not as documented
  const auto limiter = nodes.nodes.at("alone").local->runtime().registry.find("v/limiter").actor;
  caf::anon_send(limiter, venues::LimitsLearned{nodes.venue->limits});
  nodes.world.run();
  nodes.demand("alone", {.name = "small", .cost = one, .every = 10ms});
  nodes.world.advance(5s);
  CHECK(nodes.venue->by_limit["W"] == 64); // 100 less a fifth for those cut off and the reserve
}

TEST_CASE("limiter: one that was restarted takes its window for spent") {
  Cluster nodes{{{"W", 60s, minute_limit, 0}}};
  auto& alone = nodes.add("alone");
  const auto into = nodes.world.clock.now().ns % 60'000'000'000;
  nodes.world.advance(std::chrono::nanoseconds{60'000'000'000 - into} + 2s);
  nodes.demand("alone", {.name = "eager", .cost = one, .every = 20ms});
  nodes.world.advance(2s);
  CHECK(nodes.venue->by_caller["eager"] == 38);
  caf::anon_send_exit(alone.local->runtime().registry.find("v/limiter").actor,
                      caf::exit_reason::kill);
  nodes.world.advance(50s);
  CHECK(nodes.venue->by_caller["eager"] == 38);
  nodes.world.advance(10s);
  CHECK(nodes.venue->by_caller["eager"] == 76);
  CHECK(nodes.venue->refused == 0);
}

} // namespace
