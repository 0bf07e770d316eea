#include "support.hpp"

#include <map>

using namespace test;
using core::Errc;

namespace {

/// Something to do on an actor's own thread.
struct Do {
  std::function<void()> what;
};

} // namespace

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(Do)

namespace {

/// A placement of two nodes whose state the test sets.
class TwoNodes final : public sup::Placement {
public:
  std::optional<sup::Owner> owner(std::string_view, std::string_view) const override {
    if (!carried) {
      return std::nullopt;
    }
    return sup::Owner{remote ? "other" : "test", !remote, view};
  }
  std::vector<std::string> carriers(std::string_view) const override { return {"other", "test"}; }
  std::uint64_t epoch() const override { return view; }
  caf::actor gateway(std::string_view) const override { return gateway_actor; }
  void watch(const caf::actor& watcher) override { watchers.push_back(watcher); }

  bool carried = true;
  bool remote = false;
  std::uint64_t view = 1;
  caf::actor gateway_actor;
  std::vector<caf::actor> watchers;
};

/// A tree with a front for the service "alpha", and an asker.
struct Bench {
  Bench() : placement(std::make_shared<TwoNodes>()), world(placement), log(make_log()) {
    world.tree({.name = "s", .children = {child("a", log)}});
    world.rt.registry.set_front("alpha", "s/a");
    handle = world.spawn({.path = "api/asker"}, [this](sup::Actor* self) -> caf::behavior {
      asker = self;
      return {[](const Do& job) { job.what(); }};
    });
  }
  ~Bench() {
    placement->watchers.clear();
    placement->gateway_actor = nullptr;
  }

  /// The asker alone runs: what it sends waits for world.run().
  template <class R>
  void ask(R request, sup::AskOptions options = {}) {
    caf::anon_send(handle, Do{[this, request, options] {
                     sup::ask(asker, world.rt, "alpha", "key", request, options,
                              std::function{[this](core::Result<typename R::Reply> reply) {
                                if (reply) {
                                  values.push_back(*reply);
                                } else {
                                  codes.push_back(reply.error().code);
                                  text = reply.error().message;
                                }
                              }});
                   }});
    REQUIRE(world.scheduler.prioritize(handle));
    world.scheduler.run_once();
  }
  sup::BreakerInfo breaker() {
    const auto all = world.rt.breakers.snapshot();
    REQUIRE(all.size() == 1);
    return all[0];
  }

  std::shared_ptr<TwoNodes> placement;
  World world;
  Log log;
  caf::actor handle;
  sup::Actor* asker = nullptr;
  std::vector<int> values;
  std::vector<Errc> codes;
  std::string text;
};

caf::behavior gateway(sup::Actor* self, caf::actor front, std::shared_ptr<int> moved) {
  return {[self, front, moved](sup::Routed& routed) -> caf::result<caf::message> {
    CHECK(routed.service == "alpha");
    CHECK(routed.key == "key");
    if (*moved > 0) {
      --*moved;
      return core::to_caf(Errc::MOVED, "epoch 1 is over");
    }
    auto promise = self->make_response_promise();
    promise.delegate(front, routed.payload.get_as<GetValue>(0));
    return caf::delegated<caf::message>{};
  }};
}

/// Takes requests and never answers.
caf::behavior silent(sup::Actor* self) {
  return {[self](const sup::Routed&) -> caf::result<caf::message> {
    return self->make_response_promise();
  }};
}

} // namespace

TEST_CASE("ask: the local front answers") {
  Bench b;
  b.ask(GetValue{2});
  b.world.run();
  CHECK(b.values == std::vector{42});
  CHECK(b.breaker().edge == "api>alpha@test");
  CHECK(b.breaker().calls == 1);
}

TEST_CASE("ask: times out at its deadline and ignores nothing it should not") {
  Bench b;
  b.ask(GetNothing{}, {.deadline = 300ms});
  b.ask(GetValue{1});
  b.world.advance(290ms);
  CHECK(b.codes.empty());
  CHECK(b.values == std::vector{41});
  b.world.advance(10ms);
  CHECK(b.codes == std::vector{Errc::TIMEOUT});
  CHECK(b.text == "the service alpha on test did not answer within 300 ms");
  CHECK(b.breaker().failures == 1);
  CHECK(b.asker->asks().pending() == 0);
}

TEST_CASE("ask: the death of the front fails what is pending at once") {
  Bench b;
  b.ask(GetNothing{});
  b.world.run();
  CHECK(b.codes.empty());
  CHECK(sup::kill_child(b.world.rt, "s/a"));
  b.world.run();
  CHECK(b.codes == std::vector{Errc::ACTOR_DOWN});
  for (int i = 0; i < 20; ++i) { // nobody is there: that says nothing about who comes next
    b.ask(GetValue{1});
    CHECK(b.codes.back() == Errc::ACTOR_DOWN);
  }
  CHECK(b.codes.size() == 21);
  CHECK(b.breaker().failures == 1);
  b.world.advance(100ms);
  b.ask(GetValue{1});
  b.world.run();
  CHECK(b.values == std::vector{41});
}

TEST_CASE("ask: a front that is replaced without a DOWN fails what is pending within 100 ms") {
  Bench b;
  b.ask(GetNothing{}, {.deadline = 5s});
  b.world.run();
  const auto entry = b.world.rt.registry.find("s/a");
  b.world.rt.registry.set("s/a", entry.actor, entry.epoch + 1);
  b.world.advance(100ms);
  CHECK(b.codes == std::vector{Errc::ACTOR_DOWN});
}

TEST_CASE("ask: no carrier and no front are told at once") {
  Bench b;
  b.placement->carried = false;
  b.ask(GetValue{});
  CHECK(b.codes == std::vector{Errc::UNAVAILABLE});
  CHECK(b.text == "no live node carries the service alpha");
  b.placement->carried = true;
  b.placement->remote = true;
  b.ask(GetValue{});
  CHECK(b.codes.back() == Errc::NODE_DOWN);
}

TEST_CASE("ask: goes through the gateway of a remote owner and retries MOVED once") {
  Bench b;
  const auto moved = std::make_shared<int>(0);
  b.placement->gateway_actor =
    b.world.spawn({.path = "net/gateway"}, gateway, b.world.rt.registry.find("s/a").actor, moved);
  b.placement->remote = true;
  b.ask(GetValue{3});
  b.world.run();
  CHECK(b.values == std::vector{43});
  *moved = 1;
  b.ask(GetValue{4});
  b.world.run();
  CHECK(b.values == std::vector{43, 44});
  *moved = 2;
  b.ask(GetValue{5});
  b.world.run();
  CHECK(b.codes == std::vector{Errc::MOVED});
  CHECK(b.breaker().failures == 0);
  CHECK(b.placement->watchers.size() == 1);
}

TEST_CASE("ask: a node that is declared down fails what is pending at once and opens the edge") {
  Bench b;
  b.placement->gateway_actor = b.world.spawn({.path = "net/gateway"}, silent);
  b.placement->remote = true;
  b.ask(GetValue{3}, {.deadline = 60s});
  b.world.advance(1s);
  CHECK(b.codes.empty());
  caf::anon_send(b.placement->watchers.at(0), sup::ViewChanged{2, {"other"}});
  b.world.run();
  CHECK(b.codes == std::vector{Errc::NODE_DOWN});
  CHECK(b.breaker().state == sup::BreakerState::OPEN);
  b.ask(GetValue{3});
  CHECK(b.codes.back() == Errc::CIRCUIT_OPEN);
  b.ask(GetValue{3}, {.use_breaker = false});
  CHECK(b.codes.size() == 2);
  b.world.advance(2s);
  CHECK(b.world.letters("unhandled") == 0);
}

TEST_CASE("ask: the end of a remote front fails what it had taken and nothing else") {
  Bench b;
  b.placement->gateway_actor = b.world.spawn({.path = "net/gateway"}, silent);
  b.placement->remote = true;
  b.ask(GetValue{3}, {.deadline = 60s});
  b.world.run();
  const auto tell = [&](const std::string& node, const std::string& service) {
    caf::anon_send(b.placement->watchers.at(0), sup::FrontDown{node, service});
    b.world.run();
  };
  tell("other", "beta");
  tell("third", "alpha");
  CHECK(b.codes.empty());
  tell("other", "alpha");
  CHECK(b.codes == std::vector{Errc::ACTOR_DOWN});
  CHECK(b.text == "the front of alpha on other ended while the ask was pending");
  CHECK(b.breaker().failures == 1);
  CHECK(b.world.letters("unhandled") == 0);
}

TEST_CASE("ask: a child is asked by its path and its end or replacement fails what is pending") {
  Bench b;
  const auto ask = [&](auto request, std::chrono::nanoseconds deadline) {
    caf::anon_send(b.handle, Do{[&b, request, deadline] {
                     sup::ask_path(b.asker, b.world.rt, "s/a", request, {.deadline = deadline},
                                   std::function{[&b](core::Result<int> reply) {
                                     reply ? b.values.push_back(*reply)
                                           : b.codes.push_back(reply.error().code);
                                   }});
                   }});
    REQUIRE(b.world.scheduler.prioritize(b.handle));
    b.world.scheduler.run_once();
  };
  ask(GetValue{1}, 5s);
  b.world.run();
  CHECK(b.values == std::vector{41});
  CHECK(b.world.rt.breakers.snapshot().empty());
  ask(GetNothing{}, 300ms);
  b.world.advance(300ms);
  CHECK(b.codes == std::vector{Errc::TIMEOUT});
  ask(GetNothing{}, 60s);
  b.world.run();
  CHECK(sup::kill_child(b.world.rt, "s/a"));
  b.world.run();
  CHECK(b.codes.back() == Errc::ACTOR_DOWN);
  ask(GetValue{1}, 5s);
  CHECK(b.codes.size() == 3); // told at once that nobody is there
  b.world.advance(200ms);
  ask(GetNothing{}, 60s);
  b.world.run();
  const auto entry = b.world.rt.registry.find("s/a");
  b.world.rt.registry.set("s/a", entry.actor, entry.epoch + 1);
  b.world.advance(100ms);
  CHECK(b.codes.size() == 4);
  CHECK(b.asker->asks().pending() == 0);
}

TEST_CASE("ask: five failures open the breaker and business refusals never do") {
  Bench b;
  for (int i = 0; i < 5; ++i) {
    b.ask(GetNothing{}, {.deadline = 10ms});
    b.world.advance(20ms);
  }
  CHECK(b.breaker().state == sup::BreakerState::OPEN);
  b.ask(GetValue{1});
  CHECK(b.codes.back() == Errc::CIRCUIT_OPEN);
  CHECK(b.text.find("retry_after_ms=") != std::string::npos);
  b.world.advance(2s);
  for (int i = 0; i < 3; ++i) {
    b.ask(GetValue{i});
    b.world.run();
  }
  CHECK(b.values == std::vector{40, 41, 42});
  CHECK(b.breaker().state == sup::BreakerState::CLOSED);
}

TEST_CASE("ask: a full front answers OVERLOADED and high priority passes") {
  Bench b;
  auto small = child("small", b.log);
  small.mailbox_cap = 1;
  b.world.tree({.name = "t", .children = {small}});
  b.world.rt.registry.set_front("alpha", "t/small");
  b.world.send("t/small", Note{1});
  b.ask(GetValue{1});
  b.ask(GetValue{2}, {.high_priority = true});
  b.world.run();
  CHECK(b.codes == std::vector{Errc::OVERLOADED});
  CHECK(b.values == std::vector{42});
}

TEST_CASE("ask: ten thousand pending asks are answered or time out without leaving anything") {
  Bench b;
  for (int i = 0; i < 10'000; ++i) {
    b.ask(GetValue{i}, {.use_breaker = false});
    if (i % 10 == 0) {
      b.ask(GetNothing{}, {.deadline = 1s, .use_breaker = false});
    }
  }
  b.world.advance(1s);
  CHECK(b.values.size() == 10'000);
  CHECK(b.codes.size() == 1000);
  CHECK(b.asker->asks().pending() == 0);
}

TEST_CASE("bridge: asks from outside and refuses what is too much") {
  Bench b;
  sup::AskBridge bridge{b.world.rt, "api", {.actors = 2, .in_flight_max = 3}};
  std::vector<int> values;
  std::vector<Errc> codes;
  const auto ask = [&](auto request) {
    using R = decltype(request);
    bridge.ask("alpha", "key", request, {.deadline = 100ms},
               std::function<void(core::Result<int>)>{[&](core::Result<typename R::Reply> reply) {
                 reply ? values.push_back(*reply) : codes.push_back(reply.error().code);
               }});
  };
  for (int i = 0; i < 6; ++i) {
    ask(GetNothing{});
  }
  CHECK(bridge.in_flight() == 6);
  ask(GetValue{1});
  CHECK(codes == std::vector{Errc::OVERLOADED});
  b.world.advance(100ms);
  CHECK(codes.size() == 7);
  CHECK(bridge.in_flight() == 0);
  b.world.rt.breakers.find("api>alpha@test")->reset();
  ask(GetValue{1});
  b.world.run();
  CHECK(values == std::vector{41});
}

TEST_CASE("ask: a reply of another type is an error that names it") {
  const auto reply = sup::reply_from<int>(caf::make_message(std::string{"x"}));
  REQUIRE_FALSE(reply);
  CHECK(reply.error().message == "expected a reply of type int, found (@str)");
}
