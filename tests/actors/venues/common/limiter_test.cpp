#include "../../../supervision/support.hpp"
#include "actors/venues/common/limiter_actor.hpp"
#include "messages/message_types.hpp"

#include <doctest/doctest.h>

#include <map>

/// The limiter in virtual time, as the node of two that keeps the budget, and as the other one.
namespace {

using namespace test;
namespace messages = troupe::messages;
namespace venues = troupe::venues;
using messages::AcquireBudget;
using messages::BudgetGranted;
using messages::CallClass;

class OtherOwns final : public sup::Placement {
public:
  std::optional<sup::Owner> owner(std::string_view, std::string_view) const override {
    return sup::Owner{"other", false, 1};
  }
  std::vector<std::string> carriers(std::string_view) const override { return {"other", "test"}; }
  std::uint64_t epoch() const override { return 1; }
  caf::actor gateway(std::string_view) const override { return gateway_actor; }
  void watch(const caf::actor&) override {}

  caf::actor gateway_actor; ///< of the owner's node; empty: it cannot be reached
};

/// What a venue counts, by its own clock, which is not ours.
struct Counted {
  std::map<std::int64_t, std::uint64_t> windows;
  std::map<std::string, std::uint64_t> by_caller;
  std::uint64_t refused = 0;
  std::string last_error;
};

constexpr std::uint64_t limit = 60; ///< a minute

/// A node's calls: ten a second are wanted.
caf::behavior caller(sup::Actor* self,
                     std::shared_ptr<Counted> counted,
                     std::string name,
                     std::string limiter,
                     bool forwarded,
                     CallClass what) {
  self->delayed_send(self, 100ms, Note{});
  const auto granted = [self, counted, name](const BudgetGranted&) {
    constexpr std::int64_t skew_ns = 700'000'000;
    ++counted->windows[(self->runtime().clock.now().ns + skew_ns) / 60'000'000'000];
    ++counted->by_caller[name];
  };
  const auto refused = [counted](const caf::error& error) {
    ++counted->refused;
    counted->last_error = core::to_string(core::from_caf(error));
  };
  return {[=](const Note& note) {
    const auto target = self->runtime().registry.find(limiter).actor;
    const AcquireBudget request{"V", name, {{"W", 1}}, what, core::Duration{5s}};
    if (forwarded) {
      self->request(target, 60s, venues::ForwardedBudget{request}).then(granted, refused);
    } else {
      self->request(target, 60s, request).then(granted, refused);
    }
    self->delayed_send(self, 100ms, note);
  }};
}

sup::ChildSpec limiter_child(const std::string& name) {
  venues::ConnectorLimits settings;
  settings.guard = core::Duration{1s};
  return {.name = name, .start = venues::limiter_actor("V", {{"W", 60s, limit, 0}}, settings)};
}

struct Nodes {
  ~Nodes() { placement->gateway_actor = {}; } // which holds the runtime that holds the placement
  Nodes() : placement(std::make_shared<OtherOwns>()), world(placement) {
    world.tree({.name = "v", .children = {limiter_child("owner"), limiter_child("near")}});
    placement->gateway_actor = world.spawn({.path = "gateway"}, [](sup::Actor* self) {
      return caf::behavior{[self](const sup::Routed& routed) {
        const auto owner = self->runtime().registry.find("v/owner").actor;
        return self->delegate(owner,
                              venues::ForwardedBudget{routed.payload.get_as<AcquireBudget>(0)});
      }};
    });
  }
  void add(const std::string& name,
           const std::string& limiter,
           bool forwarded,
           CallClass what = CallClass::MARKET_DATA) {
    (void)world.spawn({.path = name}, caller, counted, name, limiter, forwarded, what);
  }
  [[nodiscard]] std::uint64_t most() const {
    std::uint64_t highest = 0;
    for (const auto& [window, count] : counted->windows) {
      highest = std::max(highest, count);
    }
    return highest;
  }
  std::shared_ptr<OtherOwns> placement;
  World world;
  std::shared_ptr<Counted> counted = std::make_shared<Counted>();
};

TEST_CASE("limiter: two nodes at twenty times the limit never exceed it, and share alike") {
  Nodes nodes;
  nodes.add("one", "v/near", false);
  nodes.add("two", "v/owner", true);
  nodes.world.advance(4min);
  const auto& counted = *nodes.counted;
  CHECK(nodes.most() <= limit);
  CHECK(nodes.most() >= limit / 2); // it is not idle either
  CHECK(counted.refused > 100);
  CHECK(counted.last_error.find("RATE_LIMITED") != std::string::npos);
  CHECK(counted.last_error.find("retry_after_ms=") != std::string::npos);
  const auto one = counted.by_caller.at("one");
  const auto two = counted.by_caller.at("two");
  CHECK(one + two > 60);
  CHECK(one * 2 > two);
  CHECK(two * 2 > one);
}

TEST_CASE("limiter: a node that cannot reach the owner spends what the owner leaves, no more") {
  Nodes nodes;
  nodes.placement->gateway_actor = {};
  nodes.add("apart", "v/near", false);
  nodes.add("cancels", "v/near", false, CallClass::CANCEL);
  nodes.add("two", "v/owner", true);
  nodes.add("cancels of two", "v/owner", true, CallClass::CANCEL);
  nodes.world.advance(3min);
  CHECK(nodes.most() <= limit);
  CHECK(nodes.counted->by_caller.at("cancels") > 0);
  CHECK(nodes.counted->by_caller.at("two") > 0);
}

TEST_CASE("limiter: what the venue asks for is obeyed, by cancels too") {
  Nodes nodes;
  messages::ReportUsage banned{
    .venue = "V", .cost = {}, .refused = true, .retry_after = core::Duration{30s}, .notes = {}};
  nodes.world.send("v/owner", venues::ForwardedUsage{banned});
  nodes.world.run();
  nodes.add("cancels", "v/owner", true, CallClass::CANCEL);
  nodes.world.advance(10s);
  CHECK(nodes.counted->by_caller.empty());
  CHECK(nodes.counted->last_error.find("the venue asked for a pause") != std::string::npos);
  nodes.world.advance(30s);
  CHECK(nodes.counted->by_caller.at("cancels") > 0);
}

} // namespace
