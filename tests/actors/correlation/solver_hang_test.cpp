#include "actors/correlation/local_ask.hpp"
#include "eventually.hpp"
#include "supervision/solver_pool.hpp"
#include "world.hpp"

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

/// The correlation service on real threads, with solvers that never come back: nothing here but
/// waits on conditions.
using namespace troupe;
using namespace troupe::correlation;
using namespace troupe::correlation::tests;
using core::Errc;
using supervision::SolverPool;
using supervision::Work;

namespace {

/// Work stands here until the test lets it go.
struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
  int inside = 0;

  void pass() {
    std::unique_lock lock{mutex};
    ++inside;
    changed.notify_all();
    changed.wait(lock, [this] { return open; });
  }
  void release() {
    {
      const std::lock_guard lock{mutex};
      open = true;
    }
    changed.notify_all();
  }
  /// Whether that many stand here, or stood.
  bool holds(int count) {
    std::unique_lock lock{mutex};
    return changed.wait_for(lock, 60s, [&] { return inside >= count; });
  }
};

struct ThreadsConfig : caf::actor_system_config {
  ThreadsConfig() {
    messages::register_types(*this);
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", 4);
    set("logger.console-verbosity", caf::atom("quiet"));
  }
};

const std::vector<std::string> coins{"ADA-USD", "BTC-USD", "ETH-USD"};
const std::vector<std::string> solver_paths{"correlation/solvers/solver-1",
                                            "correlation/solvers/solver-2"};

class RealWorld {
public:
  explicit RealWorld(const Settings& settings) {
    market->bars = synthetic::market(coins, 700);
    supervision::SupervisorSpec data{.name = messages::market_data_service};
    data.children.push_back({.name = "front", .start = [this](supervision::StartContext& context) {
                               context.runtime.registry.set_front(messages::market_data_service,
                                                                  context.path);
                               return context.spawn(fake_market_data, market);
                             }});
    supervision::SupervisorSpec test{.name = "test"};
    test.children.push_back(
      {.name = "asker", .start = [](auto& context) { return context.spawn(asker); }});
    supervision::SupervisorSpec top{.name = "root"};
    top.children = {supervision::supervise(data), supervision::supervise(test),
                    supervision::supervise(service({settings, "sqlite::memory:"}))};
    root = std::make_unique<supervision::RootSupervisor>(
      runtime, std::move(top), [this](const std::string&) { ++escalations; },
      supervision::RootSettings{.watchdog = {.interval = 5ms}});
    for (const auto* path : {"test/asker", "correlation/front", "correlation/solvers/solver-1",
                             "correlation/solvers/solver-2", "correlation/solvers/fitter"}) {
      REQUIRE_MESSAGE(test::eventually([&] { return running(path); }), path);
    }
  }
  RealWorld(const RealWorld&) = delete;
  RealWorld& operator=(const RealWorld&) = delete;
  ~RealWorld() {
    gate->release();
    CHECK(test::eventually([&] { return runtime.actors.zombies() == 0; }));
    CHECK(root->stop(60s).empty());
    CHECK(escalations == 0);
    root.reset();
    system.await_actors_before_shutdown(false);
  }

  bool running(std::string_view path) {
    return static_cast<bool>(runtime.registry.find(path).actor);
  }
  /// Runs `use` on the asker's thread.
  void on_asker(std::function<void(Asker*)> use) {
    caf::anon_send(runtime.registry.find("test/asker").actor,
                   AskJob{std::make_shared<std::function<void(Asker*)>>(std::move(use))});
  }
  /// Asks the actor at a path of this node and waits.
  template <class Request>
  core::Result<typename Request::Reply> ask_at(const std::string& path, const Request& request) {
    using Answer = core::Result<typename Request::Reply>;
    const auto out = std::make_shared<std::promise<Answer>>();
    on_asker([=](Asker* self) {
      ask_part<Request>(self, path, request, 60s,
                        [out](const Answer& answer) { out->set_value(answer); });
    });
    return out->get_future().get();
  }
  /// Asks the service and waits.
  template <class Request>
  core::Result<typename Request::Reply> ask(const Request& request) {
    using Answer = core::Result<typename Request::Reply>;
    const auto out = std::make_shared<std::promise<Answer>>();
    on_asker([=](Asker* self) {
      supervision::ask<Request>(self, self->runtime(), messages::correlation_service, "key",
                                request, {.deadline = 60s},
                                [out](Answer answer) { out->set_value(std::move(answer)); });
    });
    return out->get_future().get();
  }
  /// Work that stands at the gate, straight to a solver; its outcome goes nowhere.
  void hang(const std::string& path) {
    Work work;
    work.run = std::make_shared<const std::function<core::Result<caf::message>()>>(
      [gate = gate]() -> core::Result<caf::message> {
        gate->pass();
        return caf::make_message(0);
      });
    caf::anon_send(runtime.registry.find(path).actor, std::move(work));
  }
  /// The market tells of its instruments: the universe is built.
  void beat() {
    for (const auto& [symbol, bars] : market->bars) {
      messages::InstrumentStatusBeat event;
      event.instrument = {symbol, "SIM-A"};
      event.freshness = trading::Freshness::LIVE;
      event.now = bars.back().ts_close;
      event.primary = true;
      runtime.bus.publish(messages::topics::venue_status, event.instrument.to_text(),
                          caf::make_message(event));
    }
  }

  std::shared_ptr<FakeMarket> market = std::make_shared<FakeMarket>(); // read by one actor alone
  std::shared_ptr<Gate> gate = std::make_shared<Gate>();
  std::atomic<int> escalations{0};

private:
  core::SystemClock clock;
  ThreadsConfig config;
  caf::actor_system system{config};
  supervision::LocalRuntime local{system, clock, {.node = "n1"}};

public:
  supervision::Runtime& runtime = local.runtime();

private:
  std::unique_ptr<supervision::RootSupervisor> root;
};

Settings quick_deadlines() {
  Settings settings;
  settings.solve_deadline = std::chrono::seconds{2}; // of waiting and, for the watchdog, of hanging
  settings.fit_deadline = std::chrono::seconds{2};
  return settings;
}

messages::GetCorrelationMatrix computed() {
  messages::GetCorrelationMatrix request;
  request.symbols = World::ids(coins);
  request.window = 300;
  return request;
}

} // namespace

TEST_CASE("solvers: one that hangs costs its asker a deadline, is replaced, and answers go on") {
  using Outcome = core::Result<caf::message>;
  const auto pool = std::make_shared<SolverPool>(solver_paths, 10, 2s); // outlives its actor
  RealWorld world{quick_deadlines()};
  const auto submit = [&](std::function<Outcome()> run) {
    auto out = std::make_shared<std::promise<Outcome>>();
    world.on_asker([pool, out, run = std::move(run)](Asker* self) {
      Work work;
      work.run = std::make_shared<const std::function<Outcome()>>(run);
      pool->submit(self, std::move(work), 2s,
                   [out](const Outcome& result) { out->set_value(result); });
    });
    return out->get_future();
  };
  const auto outcome = [&](std::future<Outcome> of) {
    while (of.wait_for(50ms) != std::future_status::ready) {
      world.on_asker([pool](Asker* self) { pool->tick(self); });
    }
    return of.get();
  };
  const auto stuck = [gate = world.gate]() -> Outcome {
    gate->pass();
    return caf::make_message(0);
  };
  /// Whether work gets its answer, at the latest when it was submitted often enough.
  const auto answered = [&](int value) {
    return test::eventually([&] {
      const auto result =
        outcome(submit([value]() -> Outcome { return caf::make_message(value); }));
      return result && result->get_as<int>(0) == value;
    });
  };
  auto first = submit(stuck);
  REQUIRE(world.gate->holds(1));
  CHECK(answered(1)); // by the other solver
  CHECK(outcome(std::move(first)).error().code == Errc::TIMEOUT);
  REQUIRE(
    test::eventually([&] { return world.runtime.registry.find(solver_paths[0]).epoch >= 2; }));
  CHECK(world.runtime.actors.ends(solver_paths[0]).at(0).reason == "stuck");
  // the other one hangs too: what answers now is the replacement
  while (world.runtime.registry.find(solver_paths[1]).epoch < 2) {
    CHECK(outcome(submit(stuck)).error().code == Errc::TIMEOUT);
  }
  CHECK(answered(2));
  // let go, they end: what they computed is nobody's any more
  world.gate->release();
  CHECK(test::eventually([&] { return world.runtime.actors.zombies() == 0; }));
  CHECK(answered(3));
}

TEST_CASE("service: while every solver hangs what is kept is answered, the rest when it can be") {
  RealWorld world{quick_deadlines()};
  messages::GetCorrelationMatrix kept;
  kept.method = messages::CorrelationMethod::ewma;
  REQUIRE(test::eventually([&] {
    world.beat(); // the universe may not listen yet
    return world.ask_at("correlation/universes/1h", kept).has_value();
  }));
  const auto before = world.ask(computed());
  REQUIRE_MESSAGE(before.has_value(), core::to_string(before.error()));

  world.hang(solver_paths[0]);
  world.hang(solver_paths[1]);
  world.hang("correlation/solvers/fitter");
  REQUIRE(world.gate->holds(3));
  const auto meanwhile = world.ask(kept);
  REQUIRE_MESSAGE(meanwhile.has_value(), core::to_string(meanwhile.error()));
  CHECK(meanwhile->data.matrix.size() == coins.size());
  CHECK(test::eventually([&] {
    const auto answer = world.ask(computed());
    if (!answer) { // it went to a solver that hangs
      CHECK(answer.error().code == Errc::TIMEOUT);
      return false;
    }
    return answer->data.matrix == before->data.matrix;
  }));
  for (const auto* path : {"correlation/solvers/solver-1", "correlation/solvers/fitter"}) {
    CHECK(test::eventually([&] { return world.runtime.registry.find(path).epoch >= 2; }));
  }
}
