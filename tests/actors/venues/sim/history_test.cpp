#include "actors/venues/common/feed.hpp"
#include "actors/venues/sim/sim_history_actor.hpp"
#include "actors/venues/sim/tape.hpp"
#include "supervision/ask.hpp"
#include "supervision/local_bus.hpp"
#include "supervision/messages.hpp"
#include "supervision/runtime.hpp"
#include "support.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>
#include <doctest/doctest.h>

#include <memory>
#include <vector>

/// The history child of a simulated venue, in virtual time.
using namespace troupe;
using namespace troupe::venues::sim;
using troupe::venues::BarsFetched;
using troupe::venues::FetchBars;
using namespace std::chrono_literals;

namespace {

struct AskingState {
  static inline const char* name = "asking";
};
using Asking = supervision::StatefulActor<AskingState>;
using Answers = std::vector<core::Result<BarsFetched>>;

caf::behavior
asking(Asking* self, const std::vector<FetchBars>& requests, std::shared_ptr<Answers> answers) {
  for (const auto& request : requests) {
    supervision::ask_path<FetchBars>(
      self, self->runtime(), "test/history", request, {.deadline = 10min},
      [answers](core::Result<BarsFetched> reply) { answers->push_back(std::move(reply)); });
  }
  return {[](int) {}};
}

FetchBars newest(trading::Interval interval, std::uint32_t limit, core::Duration within = {}) {
  FetchBars request;
  request.instrument = {"BTC-USD", "SIM-A"};
  request.interval = interval;
  request.end = venues::sim::test::anchor;
  request.limit = limit;
  request.within = within;
  return request;
}

} // namespace

namespace {

struct HistoryWorld {
  struct Config : caf::actor_system_config {
    Config() {
      set("scheduler.policy", caf::atom("testing"));
      supervision::add_message_types(*this);
    }
  };
  HistoryWorld() {
    supervision::SupervisorSpec spec{.name = "test"};
    spec.children.push_back({.name = "history", .start = sim_history_actor(market)});
    tree = supervision::start_supervisor(local.runtime(), std::move(spec));
    scheduler().run();
  }
  HistoryWorld(const HistoryWorld&) = delete;
  HistoryWorld& operator=(const HistoryWorld&) = delete;
  ~HistoryWorld() {
    caf::anon_send_exit(asker, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(tree, caf::exit_reason::user_shutdown);
    for (int i = 0; i < 20; ++i) {
      scheduler().run();
      scheduler().advance_time(1s);
    }
  }
  caf::scheduler::test_coordinator& scheduler() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  }
  void ask(const std::vector<FetchBars>& requests) {
    auto& runtime = local.runtime();
    const supervision::SpawnScope scope{
      {.runtime = std::shared_ptr<supervision::Runtime>(runtime.keep_alive.lock(), &runtime),
       .path = "asker"}};
    asker = system.spawn(asking, requests, answers);
  }
  std::vector<trading::Bar> at_once(trading::Interval interval, std::size_t limit) const {
    const auto end = interval.close_of(venues::sim::test::anchor - 1ns);
    return *history(*market, *market->venue_index("SIM-A"), *market->instrument_index("BTC-USD"),
                    interval, {}, end, limit);
  }

  std::shared_ptr<const SimMarket> market = std::make_shared<const SimMarket>(SimSettings{});
  std::shared_ptr<Answers> answers = std::make_shared<Answers>();
  core::ManualClock clock{venues::sim::test::anchor + 24h};
  Config config;
  caf::actor_system system{config};
  supervision::LocalRuntime local{system, clock, {.node = "n1", .allow_detached = false}};
  caf::actor tree;
  caf::actor asker;
};

} // namespace

TEST_CASE("sim history: bars that are made slice by slice are those made at once") {
  HistoryWorld world;
  auto ranged = newest(trading::intervals::h1, 300);
  ranged.start = ranged.end - 500h;
  world.ask({newest(trading::intervals::h1, 450), ranged});
  world.scheduler().run();
  REQUIRE(world.answers->size() == 2);
  REQUIRE(world.answers->at(0).has_value());
  CHECK(world.answers->at(0)->bars == world.at_once(trading::intervals::h1, 450));
  REQUIRE(world.answers->at(1).has_value());
  REQUIRE(world.answers->at(1)->bars.size() == 300);
  CHECK(world.answers->at(1)->bars.front().ts_open == *ranged.start);
}

TEST_CASE("sim history: a fetch that nobody waits for any more is not worked on") {
  HistoryWorld world;
  world.ask({newest(trading::intervals::h1, 1'000),
             newest(trading::intervals::h1, 500, core::Duration{1s}),
             newest(trading::intervals::h1, 10)});
  for (int i = 0; i < 6; ++i) {
    world.scheduler().run_once(); // one message each: the first fetch has five slices
  }
  REQUIRE(world.answers->empty());
  world.scheduler().advance_time(2s);
  world.scheduler().run();
  REQUIRE(world.answers->size() == 3);
  CHECK(world.answers->at(0)->bars.size() == 1'000);
  REQUIRE_FALSE(world.answers->at(1).has_value());
  CHECK(world.answers->at(1).error().code == core::Errc::TIMEOUT);
  CHECK(world.answers->at(2)->bars.size() == 10);
}
