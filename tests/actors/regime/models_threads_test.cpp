#include "actors/regime/service.hpp"
#include "eventually.hpp"
#include "messages/message_types.hpp"
#include "models_synthetic.hpp"
#include "supervision/ask.hpp"
#include "supervision/root_supervisor.hpp"
#include "supervision/runtime.hpp"
#include "synthetic.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/send.hpp>
#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <thread>

/// The fitter on a real thread, which a fit can hold for ever.
using namespace troupe;
using namespace std::chrono_literals;

namespace {

struct ThreadsConfig : caf::actor_system_config {
  ThreadsConfig() {
    messages::register_types(*this);
    set("scheduler.max-threads", 4);
    set("logger.console-verbosity", caf::atom("quiet"));
  }
};

/// Holds the first one that comes until the test lets it go.
class Gate {
public:
  void pass() {
    if (passed_++ > 0) {
      return;
    }
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return open_; });
  }
  void release() {
    {
      const std::lock_guard lock{mutex_};
      open_ = true;
    }
    changed_.notify_all();
  }
  [[nodiscard]] int passed() const { return passed_; }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  std::atomic<int> passed_{0};
};

struct StuckState {
  static inline const char* name = "stuck-fitter";
};
using Stuck = supervision::StatefulActor<StuckState>;

caf::behavior stuck_behavior(Stuck*, std::shared_ptr<Gate> gate) {
  return {[gate](const supervision::Work& work) -> caf::result<supervision::WorkDone> {
    gate->pass();
    auto result = (*work.run)();
    return result ? supervision::WorkDone{std::move(*result), {}}
                  : supervision::WorkDone{{}, result.error()};
  }};
}

struct MarketState {
  static inline const char* name = "market";
};
using Market = supervision::StatefulActor<MarketState>;

caf::behavior market_behavior(Market*, std::shared_ptr<const std::vector<trading::Bar>> bars) {
  return {[bars](const messages::GetHistorical& request) {
    messages::HistoricalReply reply;
    for (const auto& bar : *bars) {
      if (!request.end || bar.ts_open < *request.end) {
        reply.data.push_back(bar);
      }
    }
    const std::size_t limit = request.limit.value_or(100);
    if (reply.data.size() > limit) {
      reply.data.erase(reply.data.begin(), reply.data.end() - static_cast<std::ptrdiff_t>(limit));
    }
    return reply;
  }};
}

class Real {
public:
  Real() {
    regime::Config given;
    given.settings.intervals = {"1h"};
    auto& models = given.settings.models;
    models.spec = {.hmm_states = 2, .switching_states = 2, .fit_bars = 500};
    models.starts = 1;
    models.first_fit_after = std::chrono::seconds{0};
    models.retry_after = std::chrono::milliseconds{50};
    models.fit_deadline = std::chrono::seconds{3}; // a fit takes milliseconds
    given.storage_url = "sqlite::memory:";
    given.fitter = [gate = gate](std::string name, std::chrono::nanoseconds deadline) {
      return supervision::ChildSpec{
        .name = std::move(name),
        .start = [gate](supervision::StartContext& c) { return c.spawn(stuck_behavior, gate); },
        .backoff = supervision::quick_backoff,
        .detached = true,
        .health_deadline = deadline};
    };
    supervision::SupervisorSpec market{.name = messages::market_data_service};
    market.children.push_back({.name = "front", .start = [this](auto& context) {
                                 context.runtime.registry.set_front(messages::market_data_service,
                                                                    context.path);
                                 return context.spawn(market_behavior, bars);
                               }});
    supervision::SupervisorSpec top{.name = "root"};
    top.children = {supervision::supervise(std::move(market)),
                    supervision::supervise(regime::service(std::move(given)))};
    root = std::make_unique<supervision::RootSupervisor>(
      local.runtime(), std::move(top), [this](const std::string&) { ++escalations; },
      supervision::RootSettings{.watchdog = {.interval = 5ms}});
    bridge = std::make_unique<supervision::AskBridge>(local.runtime(), "test");
  }
  Real(const Real&) = delete;
  Real& operator=(const Real&) = delete;
  ~Real() {
    gate->release();
    CHECK(test::eventually([&] { return local.runtime().actors.zombies() == 0; }));
    CHECK(root->stop(60s).empty());
    CHECK(escalations == 0);
    bridge.reset();
    root.reset();
    system.await_actors_before_shutdown(false);
  }

  template <class Request>
  core::Result<typename Request::Reply> ask(Request request) {
    using Outcome = core::Result<typename Request::Reply>;
    const auto out = std::make_shared<std::promise<Outcome>>();
    bridge->ask<Request>(messages::regime_service, "BTC-USD", std::move(request), {.deadline = 20s},
                         [out](Outcome answer) { out->set_value(std::move(answer)); });
    auto future = out->get_future();
    REQUIRE(future.wait_for(60s) == std::future_status::ready);
    return future.get();
  }
  void beat() {
    messages::InstrumentStatusBeat event;
    event.instrument = {"BTC-USD", "SIM-A"};
    event.freshness = trading::Freshness::LIVE;
    event.now = bars->back().ts_close;
    event.primary = true;
    local.runtime().bus.publish(messages::topics::venue_status, "BTC-USD.SIM-A",
                                caf::make_message(event));
  }
  core::Result<messages::RegimeModelsReply> models() {
    return ask(messages::GetRegimeModels{{"BTC-USD", ""}, {}});
  }

  std::shared_ptr<Gate> gate = std::make_shared<Gate>();
  std::shared_ptr<const std::vector<trading::Bar>> bars =
    std::make_shared<const std::vector<trading::Bar>>(
      regime::synthetic::Path{}.walk(600, 0.004).bars());
  std::atomic<int> escalations{0};
  core::SystemClock clock; // before the system: actors that end late still read it
  ThreadsConfig config;
  caf::actor_system system{config};
  supervision::LocalRuntime local{system, clock, {.node = "real", .seed = 3}};
  std::unique_ptr<supervision::RootSupervisor> root;
  std::unique_ptr<supervision::AskBridge> bridge;
};

} // namespace

TEST_CASE("threads: a fit that never ends is given up, its thread replaced, and answers go on") {
  Real real;
  const auto& registry = real.local.runtime().registry;
  REQUIRE(test::eventually([&] {
    real.beat();
    return real.gate->passed() >= 1;
  }));
  // the fitter is held: the regime is answered by the rules
  const auto held = real.ask(messages::GetRegime{{"BTC-USD", ""}, {}});
  REQUIRE(held.has_value());
  CHECK(held->meta.method == "rules");
  REQUIRE(test::eventually([&] { return registry.find("regime/models/fitter").epoch >= 2; }));
  REQUIRE(test::eventually([&] {
    real.beat();
    const auto models = real.models();
    return models && models->data.live.has_value();
  }));
  const auto fitted = real.ask(messages::GetRegime{{"BTC-USD", ""}, {}});
  REQUIRE(fitted.has_value());
  CHECK(fitted->meta.method == "ensemble");
}
