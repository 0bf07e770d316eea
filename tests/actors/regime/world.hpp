#pragma once

#include "actors/regime/service.hpp"
#include "messages/message_types.hpp"
#include "supervision/ask.hpp"
#include "supervision/local_bus.hpp"
#include "supervision/messages.hpp"
#include "supervision/root_supervisor.hpp"
#include "supervision/runtime.hpp"
#include "synthetic.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>

/// The regime service over a made-up market, in virtual time.
namespace troupe::regime::tests {

using namespace std::chrono_literals;
using core::Errc;
using trading::Quality;
using trading::Regime;

inline const auto h1 = trading::intervals::h1;

/// The market-data service's history as the tests want it.
struct History {
  std::vector<trading::Bar> bars;
  std::optional<core::Error> failure;
  std::vector<messages::GetHistorical> asked;
};

struct FakeState {
  static inline const char* name = "fake-market-data";
};
using Fake = supervision::StatefulActor<FakeState>;

inline caf::behavior fake_market_data(Fake*, std::shared_ptr<History> history) {
  return {
    [history](const messages::GetHistorical& request) -> caf::result<messages::HistoricalReply> {
      history->asked.push_back(request);
      if (history->failure) {
        return core::to_caf(*history->failure);
      }
      messages::HistoricalReply reply;
      for (const auto& bar : history->bars) {
        if ((!request.start || bar.ts_open >= *request.start)
            && (!request.end || bar.ts_open < *request.end)) {
          reply.data.push_back(bar);
        }
      }
      const std::size_t limit = request.limit.value_or(100);
      if (reply.data.size() > limit) {
        const auto excess = static_cast<std::ptrdiff_t>(reply.data.size() - limit);
        request.start ? reply.data.erase(reply.data.end() - excess, reply.data.end())
                      : reply.data.erase(reply.data.begin(), reply.data.begin() + excess);
      }
      return reply;
    }};
}

struct ListenerState {
  static inline const char* name = "listener";
};
using Listener = supervision::StatefulActor<ListenerState>;
using Changes = std::vector<messages::RegimeChanged>;

using Stored = std::vector<messages::RegimeModelsStored>;

inline caf::behavior
listener(Listener*, std::shared_ptr<Changes> changes, std::shared_ptr<Stored> stored) {
  return {[changes](const messages::RegimeChanged& event) { changes->push_back(event); },
          [stored](const messages::RegimeModelsStored& event) { stored->push_back(event); }};
}

struct AskerState {
  static inline const char* name = "asker";
};
using Asker = supervision::StatefulActor<AskerState>;
using Answer = core::Result<messages::RegimeReply>;
struct AskJob {
  std::shared_ptr<std::function<void(Asker*)>> run;
};

} // namespace troupe::regime::tests

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::regime::tests::AskJob)

namespace troupe::regime::tests {

inline caf::behavior asker(Asker* self) {
  return {[self](const AskJob& job) { (*job.run)(self); }};
}

/// Everything here but what is named elsewhere.
class MovablePlacement final : public supervision::Placement {
public:
  std::map<std::string, std::string, std::less<>> elsewhere; ///< key of regime to node
  std::vector<std::string> nodes{"n1"};                      ///< that carry regime
  caf::actor watcher;

  std::optional<supervision::Owner> owner(std::string_view service,
                                          std::string_view key) const override {
    if (service == messages::regime_service) {
      if (const auto found = elsewhere.find(key); found != elsewhere.end()) {
        return supervision::Owner{found->second, false, 2};
      }
    }
    return supervision::Owner{"n1", true, 2};
  }
  std::vector<std::string> carriers(std::string_view) const override { return nodes; }
  std::uint64_t epoch() const override { return 2; }
  caf::actor gateway(std::string_view) const override { return {}; }
  void watch(const caf::actor& actor) override { watcher = actor; }
};

struct TestConfig : caf::actor_system_config {
  TestConfig() {
    messages::register_types(*this);
    set("scheduler.policy", caf::atom("testing"));
    set("logger.console-verbosity", caf::atom("quiet"));
  }
};

class World {
public:
  explicit World(Settings settings = only_hours(), Config given = {}) {
    given.settings = settings;
    if (given.storage_url.empty()) {
      given.storage_url = "sqlite::memory:";
    }
    supervision::SupervisorSpec market{.name = messages::market_data_service};
    market.children.push_back(
      {.name = "front", .start = [this](supervision::StartContext& context) {
         context.runtime.registry.set_front(messages::market_data_service, context.path);
         return context.spawn(fake_market_data, history);
       }});
    supervision::SupervisorSpec test{.name = "test"};
    test.children.push_back({.name = "listener", .start = [this](auto& context) {
                               return context.spawn(listener, changes, stored);
                             }});
    test.children.push_back({.name = "states", .start = [this](auto& context) {
                               return context.spawn(listener, states, std::make_shared<Stored>());
                             }});
    test.children.push_back(
      {.name = "asker", .start = [](auto& context) { return context.spawn(asker); }});
    supervision::SupervisorSpec top{.name = "root"};
    top.children = {supervision::supervise(market), supervision::supervise(test),
                    supervision::supervise(service(std::move(given)))};
    root = std::make_unique<supervision::RootSupervisor>(
      local.runtime(), std::move(top), [this](const std::string& line) { escalated = line; },
      supervision::RootSettings{.watch = false});
    run();
    runtime().bus.subscribe(messages::topics::regime_changes,
                            runtime().registry.find("test/listener").actor);
    runtime().bus.subscribe(messages::topics::regime_states,
                            runtime().registry.find("test/states").actor);
    runtime().bus.subscribe(messages::topics::regime_models,
                            runtime().registry.find("test/listener").actor);
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() {
    root->begin_stop();
    for (int i = 0; i < 100 && !root->stopped(); ++i) {
      advance(100ms);
    }
    CHECK(root->stopped());
    CHECK(escalated.empty());
    root.reset();
    placement->watcher = {};
    run();
  }

  static Settings only_hours() {
    Settings settings;
    settings.intervals = {"1h"};
    return settings;
  }

  supervision::Runtime& runtime() { return local.runtime(); }
  void run() { scheduler().run(); }
  void advance(std::chrono::nanoseconds d) {
    scheduler().advance_time(d);
    run();
  }
  void beat(core::Timestamp now,
            trading::Freshness freshness = trading::Freshness::LIVE,
            const std::string& venue = "SIM-A",
            bool primary = true,
            const std::string& symbol = "BTC-USD",
            trading::Freshness bars = trading::Freshness::LIVE) {
    messages::InstrumentStatusBeat event;
    event.channels.bars = bars;
    event.instrument = {symbol, venue};
    event.freshness = freshness;
    event.now = now;
    event.primary = primary;
    runtime().bus.publish(messages::topics::venue_status, event.instrument.to_text(),
                          caf::make_message(event));
    run();
  }
  void bar(const trading::Bar& bar, bool primary = true, Quality quality = Quality::live) {
    messages::BarClosed event;
    event.instrument = {"BTC-USD", primary ? "SIM-A" : "SIM-B"};
    event.interval = h1;
    event.bar = bar;
    event.quality = quality;
    event.primary = primary;
    runtime().bus.publish(messages::topics::bars, event.instrument.to_text(),
                          caf::make_message(event));
    run();
  }
  /// The answer of the regime service, whoever it is; time passes until it comes.
  template <class Request>
  core::Result<typename Request::Reply> ask(Request request, std::string key = "BTC-USD") {
    using Outcome = core::Result<typename Request::Reply>;
    auto out = std::make_shared<std::optional<Outcome>>();
    auto job = std::make_shared<std::function<void(Asker*)>>([=](Asker* self) {
      supervision::ask<Request>(self, self->runtime(), messages::regime_service, key, request,
                                {.deadline = 12s},
                                [out](Outcome answer) { out->emplace(std::move(answer)); });
    });
    caf::anon_send(runtime().registry.find("test/asker").actor, AskJob{std::move(job)});
    run();
    for (int i = 0; i < 300 && !*out; ++i) {
      advance(50ms);
    }
    REQUIRE(out->has_value());
    return **out;
  }
  Answer get(trading::InstrumentId symbol = {"BTC-USD", ""},
             std::optional<trading::Interval> interval = {}) {
    const auto key = symbol.symbol;
    return ask(messages::GetRegime{std::move(symbol), interval}, key);
  }
  Errc code(trading::InstrumentId symbol = {"BTC-USD", ""}) {
    const auto answer = get(std::move(symbol));
    return answer ? Errc::NONE : answer.error().code;
  }

  std::shared_ptr<History> history = std::make_shared<History>();
  std::shared_ptr<Changes> changes = std::make_shared<Changes>();
  std::shared_ptr<Changes> states = std::make_shared<Changes>(); ///< of the topic regime_states
  std::shared_ptr<Stored> stored = std::make_shared<Stored>();
  std::shared_ptr<MovablePlacement> placement = std::make_shared<MovablePlacement>();
  std::string escalated;
  const std::string child = "regime/instruments/BTC-USD";

private:
  caf::scheduler::test_coordinator& scheduler() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  }
  core::ManualClock clock; // before the system: timers that it drops at its end still read it
  TestConfig config;
  caf::actor_system system{config};
  supervision::LocalRuntime local{system,
                                  clock,
                                  {.node = "n1", .allow_detached = false},
                                  std::make_shared<supervision::LocalBus>("n1"),
                                  placement};
  std::unique_ptr<supervision::RootSupervisor> root;
};

/// 300 quiet hours, a crash, 60 hours more.
inline std::vector<trading::Bar> crash_path() {
  return synthetic::Path{}.walk(300, 0.004).jump(-0.12).walk(60, 0.004).bars();
}

inline std::vector<trading::Bar> first(const std::vector<trading::Bar>& bars, std::size_t count) {
  return {bars.begin(), bars.begin() + static_cast<std::ptrdiff_t>(count)};
}

} // namespace troupe::regime::tests
