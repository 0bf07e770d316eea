#include "core/clock.hpp"
#include "nodes/cluster/caf_settings.hpp"
#include "nodes/cluster/router.hpp"
#include "peer/peer_messages.hpp"
#include "supervision/actor.hpp"
#include "supervision/trace.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <doctest/doctest.h>

#include <functional>

using namespace troupe;
using namespace troupe::cluster;
using namespace troupe::cluster::test;
using core::Errc;
using supervision::Routed;

namespace {

/// Something to do in an actor's own turn.
struct Act {
  std::function<void(caf::event_based_actor*)> what;
};

} // namespace

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(Act)

namespace {

struct VirtualSystem {
  struct Config : caf::actor_system_config {
    Config() {
      set("scheduler.policy", caf::atom("testing"));
      add_test_types(*this);
    }
  };
  Config config;
  caf::actor_system system{config};
  caf::scheduler::test_coordinator& scheduler =
    dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
};

/// Nodes "here" and "there", of which one carries the service.
std::shared_ptr<ClusterPlacement> placement_on(const std::string& carrier) {
  auto view = std::make_shared<View>();
  for (const std::string node : {"here", "there"}) {
    Member member;
    member.hello.node = node;
    member.hello.roles = {node == carrier ? "echo" : "other"};
    member.state = MemberState::UP;
    view->members.push_back(member);
  }
  view->place();
  return std::make_shared<ClusterPlacement>("here", view);
}

struct RouterState {
  static inline const char* name = "router";
};
using RouterSelf = caf::stateful_actor<RouterState, Router>;

/// A router with a front of one place in its mailbox, which the test lets run, and an asker.
struct Bench {
  VirtualSystem world;
  std::vector<int> handled; ///< echoes by number, in the front's order
  std::vector<std::uint64_t> answers;
  std::vector<Errc> errors;
  caf::actor front;
  caf::actor router;
  caf::actor asker;
  bool front_there = true;

  explicit Bench(const std::string& carrier = "here") {
    {
      const supervision::SpawnScope scope{{.path = "echo/front", .mailbox_cap = 1}};
      front = world.system.spawn([this](supervision::Actor*) -> caf::behavior {
        return {[this](const Echo& echo) {
          handled.push_back(static_cast<int>(echo.number));
          return echo.number;
        }};
      });
    }
    router = world.system.spawn([this, carrier](RouterSelf* actor) -> caf::behavior {
      actor->route_with(placement_on(carrier), "here", [this](std::string_view service) {
        return service == "echo" && front_there ? front : caf::actor{};
      });
      return {[](caf::ok_atom) {}};
    });
    asker = world.system.spawn([](caf::event_based_actor* actor) -> caf::behavior {
      return {[actor](const Act& act) { act.what(actor); }};
    });
    world.scheduler.run();
  }
  ~Bench() {
    for (const auto& actor : {front, router, asker}) {
      caf::anon_send_exit(actor, caf::exit_reason::kill);
    }
    world.scheduler.run();
  }

  template <caf::message_priority P = caf::message_priority::normal>
  void
  ask(std::uint64_t number, const std::string& service = "echo", const std::string& key = "k") {
    Echo echo;
    echo.number = number;
    const Routed routed{service, key, 1, caf::make_message(std::move(echo))};
    caf::anon_send(
      asker, Act{[this, routed](caf::event_based_actor* self) {
        self->request<P>(router, caf::infinite, routed)
          .then([this](std::uint64_t n) { answers.push_back(n); },
                [this](const caf::error& error) { errors.push_back(core::from_caf(error).code); });
      }});
    REQUIRE(world.scheduler.prioritize(asker));
    world.scheduler.run_once();
  }
};

} // namespace

TEST_CASE("router: requests reach the front without a turn of the gateway and are answered") {
  Bench b;
  b.ask(7);
  CHECK(b.world.scheduler.jobs.size() == 1); // the front's, not the router's
  b.world.scheduler.run();
  CHECK(b.handled == std::vector{7});
  CHECK(b.answers == std::vector<std::uint64_t>{7});
}

TEST_CASE("router: priority travels with the request past a full mailbox") {
  Bench b;
  b.ask(1);
  b.ask(2);
  b.ask<caf::message_priority::high>(3);
  b.world.scheduler.run();
  CHECK(b.errors == std::vector{Errc::OVERLOADED});
  CHECK(b.handled == std::vector{3, 1});
}

TEST_CASE("router: the cause of a request from a traced actor enters with it") {
  Bench b;
  std::vector<std::uint64_t> causes;
  Routed routed{"echo", "k", 1, caf::make_message(Echo{})};
  routed.causal_id = 77;
  // Who stands in for the front sees what this thread says the cause is while messages enter.
  struct Probe : caf::event_based_actor {
    using event_based_actor::event_based_actor;
    std::vector<std::uint64_t>* seen = nullptr;
    using caf::abstract_actor::enqueue;
    void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* context) override {
      if (seen != nullptr) {
        seen->push_back(supervision::TraceBook::causal_id());
      }
      event_based_actor::enqueue(std::move(element), context);
    }
    caf::behavior make_behavior() override {
      return {[](const Echo& echo) { return echo.number; }};
    }
  };
  caf::anon_send_exit(b.front, caf::exit_reason::kill);
  b.front = b.world.system.spawn<Probe>();
  dynamic_cast<Probe&>(*caf::actor_cast<caf::abstract_actor*>(b.front)).seen = &causes;
  caf::anon_send(b.router, routed);
  caf::anon_send(b.router, Routed{"echo", "k", 1, caf::make_message(Echo{})});
  CHECK(causes == std::vector<std::uint64_t>{77, 0});
  CHECK(supervision::TraceBook::causal_id() == 0);
  b.world.scheduler.run();
  dynamic_cast<Probe&>(*caf::actor_cast<caf::abstract_actor*>(b.front)).seen = nullptr;
}

TEST_CASE("router: another owner, no front and a router that has ended are told at once") {
  Bench moved{"there"};
  moved.ask(1);
  moved.ask(2, "echo", ""); // without a key it does not matter who owns what
  moved.world.scheduler.run();
  CHECK(moved.errors == std::vector{Errc::MOVED});
  CHECK(moved.handled == std::vector{2});

  Bench b;
  b.ask(1, "nothing");
  b.front_there = false;
  b.ask(2);
  b.world.scheduler.run();
  CHECK(b.errors == std::vector{Errc::NOT_FOUND, Errc::NOT_FOUND});
  caf::anon_send_exit(b.router, caf::exit_reason::user_shutdown);
  b.world.scheduler.run();
  b.front_there = true;
  b.ask(3);
  b.world.scheduler.run();
  CHECK(b.errors.size() == 3);
  CHECK(b.handled.empty());
}

TEST_CASE("caf settings: what makes CAF quick, fair and aware of dead peers is set") {
  caf::actor_system_config config;
  apply_caf_settings(config);
  const auto number = [&](const char* key) {
    return caf::get_or(config, key, std::uint64_t{999'999});
  };
  CHECK(number("work-stealing.moderate-poll-attempts") == 0);
  CHECK(number("scheduler.max-throughput") == 300);
  CHECK(number("scheduler.max-threads") >= 4);
  CHECK(number("middleman.workers") == 0);
  CHECK(caf::get_or(config, "middleman.heartbeat-interval", caf::timespan{0})
        == std::chrono::milliseconds{200});
  CHECK(caf::get_or(config, "middleman.connection-timeout", caf::timespan{0})
        == std::chrono::seconds{1});
  CHECK_FALSE(caf::get_or(config, "middleman.enable-automatic-connections", true));
}
