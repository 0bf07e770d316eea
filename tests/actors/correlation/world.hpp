#pragma once

#include "actors/correlation/service.hpp"
#include "actors/storage/documents_actor.hpp"
#include "messages/market_data.hpp"
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
#include <caf/send.hpp>
#include <doctest/doctest.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unistd.h>

/// The correlation service over a made-up market, in virtual time.
namespace troupe::correlation::tests {

using namespace std::chrono_literals;

inline const std::vector<std::string> four_coins{"ADA-USD", "BTC-USD", "ETH-USD", "XRP-USD"};

/// What the market-data service knows, as the tests want it.
struct FakeMarket {
  synthetic::Market bars;
  std::optional<core::Error> failure;
  std::vector<messages::GetHistorical> asked;
  std::optional<std::size_t> bars_in_time; ///< of a page: the rest would come too late
  std::size_t bars_more_each_time = 0;
};

struct FakeState {
  static inline const char* name = "fake-market-data";
};
using Fake = supervision::StatefulActor<FakeState>;

inline messages::HistoricalReply page_of(const FakeMarket& market,
                                         const messages::GetHistorical& request) {
  messages::HistoricalReply reply;
  const auto found = market.bars.find(request.symbol.symbol);
  if (found == market.bars.end()) {
    return reply;
  }
  for (const auto& bar : found->second) {
    if ((!request.start || bar.ts_open >= *request.start)
        && (!request.end || bar.ts_open < *request.end)) {
      reply.data.push_back(bar);
    }
  }
  const std::size_t limit = request.limit.value_or(100);
  if (reply.data.size() > limit) {
    reply.data.erase(reply.data.begin(), reply.data.end() - static_cast<std::ptrdiff_t>(limit));
  }
  return reply;
}

inline caf::behavior fake_market_data(Fake*, std::shared_ptr<FakeMarket> market) {
  return {
    [market](const messages::GetHistorical& request) -> caf::result<messages::HistoricalReply> {
      market->asked.push_back(request);
      if (market->failure) {
        return core::to_caf(*market->failure);
      }
      auto page = page_of(*market, request);
      if (market->bars_in_time && page.data.size() > *market->bars_in_time) {
        page.data.erase(page.data.begin(),
                        page.data.end() - static_cast<std::ptrdiff_t>(*market->bars_in_time));
        page.meta.quality = trading::Quality::degraded;
        *market->bars_in_time += market->bars_more_each_time;
      }
      return page;
    }};
}

/// A store in memory that can hang or fail.
struct FakeStore {
  bool hangs = false;
  std::optional<core::Error> failure;
  std::map<std::pair<std::string, std::string>, storage::Document> documents; ///< by kind, id
  std::vector<std::function<void()>> held; ///< what came while it hung, in order
};

/// The store goes on: does what came meanwhile, though nobody may wait for it any more.
struct ReleaseStore {};

struct AskerState {
  static inline const char* name = "asker";
};
using Asker = supervision::StatefulActor<AskerState>;
struct AskJob {
  std::shared_ptr<std::function<void(Asker*)>> run;
};

struct ListenerState {
  static inline const char* name = "listener";
};
using Listener = supervision::StatefulActor<ListenerState>;
using Updates = std::vector<messages::CorrelationUpdated>;

} // namespace troupe::correlation::tests

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::correlation::tests::AskJob)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::correlation::tests::ReleaseStore)

namespace troupe::correlation::tests {

struct FakeStoreState {
  static inline const char* name = "fake-store";
};
using FakeStoreSelf = supervision::StatefulActor<FakeStoreState>;

inline caf::behavior fake_store(FakeStoreSelf* self, std::shared_ptr<FakeStore> store) {
  const auto soon = [store](std::function<void()> go) {
    store->hangs ? store->held.push_back(std::move(go)) : go();
  };
  return {
    [store](ReleaseStore) {
      store->hangs = false;
      for (const auto& go : std::exchange(store->held, {})) {
        go();
      }
    },
    [=](const storage::LoadDocument& request) -> caf::result<storage::DocumentLoaded> {
      if (store->failure) {
        return core::to_caf(*store->failure);
      }
      auto promise = self->make_response_promise<storage::DocumentLoaded>();
      soon([store, request, promise]() mutable {
        const auto found = store->documents.find({request.kind, request.id});
        promise.deliver(found == store->documents.end() ? storage::DocumentLoaded{}
                                                        : storage::DocumentLoaded{found->second});
      });
      return promise;
    },
    [=](const storage::StoreDocument& request) -> caf::result<storage::DocumentStored> {
      if (store->failure) {
        return core::to_caf(*store->failure);
      }
      auto promise = self->make_response_promise<storage::DocumentStored>();
      soon([store, request, promise]() mutable {
        const auto& document = request.document;
        auto& newest = store->documents[{document.kind, document.id}];
        if (newest.version >= document.version) {
          promise.deliver(core::to_caf(core::Errc::CONFLICT, "it is there"));
          return;
        }
        newest = document;
        promise.deliver(storage::DocumentStored{document.version});
      });
      return promise;
    },
    [=](const storage::LoadDocuments& request) -> caf::result<storage::DocumentsLoaded> {
      if (store->failure) {
        return core::to_caf(*store->failure);
      }
      auto promise = self->make_response_promise<storage::DocumentsLoaded>();
      soon([store, kind = request.kind, promise]() mutable {
        storage::DocumentsLoaded out;
        for (const auto& [key, document] : store->documents) {
          if (key.first == kind) {
            out.documents.push_back(document);
          }
        }
        promise.deliver(std::move(out));
      });
      return promise;
    },
  };
}

inline caf::behavior asker(Asker* self) {
  return {[self](const AskJob& job) { (*job.run)(self); }};
}

using Kept = std::vector<messages::UniverseKept>;
using Models = std::vector<messages::CorrelationModelStored>;

inline caf::behavior listener(Listener*,
                              std::shared_ptr<Updates> updates,
                              std::shared_ptr<Kept> kept,
                              std::shared_ptr<Models> models) {
  return {[updates](const messages::CorrelationUpdated& event) { updates->push_back(event); },
          [kept](const messages::UniverseKept& event) { kept->push_back(event); },
          [models](const messages::CorrelationModelStored& event) { models->push_back(event); }};
}

/// A folder that ends with the test.
class ScratchFolder {
public:
  ScratchFolder() {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path()
            / ("troupe-correlation-" + std::to_string(::getpid()) + '-' + std::to_string(++count));
    std::filesystem::create_directories(path_);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string url() const { return "sqlite:" + (path_ / "store.db").string(); }

private:
  std::filesystem::path path_;
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
  explicit World(Settings settings = {},
                 std::string storage_url = "sqlite::memory:",
                 std::shared_ptr<FakeStore> store = {}) {
    supervision::SupervisorSpec data{.name = messages::market_data_service};
    data.children.push_back({.name = "front", .start = [this](supervision::StartContext& context) {
                               context.runtime.registry.set_front(messages::market_data_service,
                                                                  context.path);
                               return context.spawn(fake_market_data, market);
                             }});
    supervision::SupervisorSpec test{.name = "test"};
    test.children.push_back({.name = "listener", .start = [this](auto& context) {
                               return context.spawn(listener, updates, kept, models);
                             }});
    test.children.push_back(
      {.name = "asker", .start = [](auto& context) { return context.spawn(asker); }});
    supervision::SupervisorSpec top{.name = "root"};
    top.children = {supervision::supervise(data), supervision::supervise(test),
                    supervision::supervise(
                      service({settings, std::move(storage_url), documents_of(std::move(store))}))};
    root = std::make_unique<supervision::RootSupervisor>(
      local.runtime(), std::move(top), [this](const std::string& line) { escalated = line; },
      supervision::RootSettings{.watch = false});
    run();
    for (const auto* topic :
         {&messages::topics::correlation_updates, &messages::topics::universes_kept,
          &messages::topics::correlation_models}) {
      runtime().bus.subscribe(*topic, runtime().registry.find("test/listener").actor);
    }
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() {
    root->begin_stop();
    for (int i = 0; i < 200 && !root->stopped(); ++i) {
      advance(100ms);
    }
    CHECK(root->stopped());
    CHECK(escalated.empty());
    root.reset();
    run();
  }

  supervision::Runtime& runtime() { return local.runtime(); }
  void release_store() {
    caf::anon_send(runtime().registry.find("correlation/stores/documents").actor, ReleaseStore{});
    run();
  }
  void run() { scheduler().run(); }
  void advance(std::chrono::nanoseconds d) {
    scheduler().advance_time(d);
    run();
  }
  /// Beats of all instruments of the market, at the close of its newest bar or where told.
  void beat(std::optional<core::Timestamp> now = {},
            trading::Freshness freshness = trading::Freshness::LIVE) {
    for (const auto& [symbol, bars] : market->bars) {
      messages::InstrumentStatusBeat event;
      event.instrument = {symbol, "SIM-A"};
      event.freshness = freshness;
      event.now = now ? *now : bars.empty() ? core::Timestamp{} : bars.back().ts_close;
      event.primary = true;
      runtime().bus.publish(messages::topics::venue_status, event.instrument.to_text(),
                            caf::make_message(event));
    }
    run();
  }
  /// A bar that history has too.
  void bar(const std::string& symbol,
           const trading::Bar& bar,
           trading::Interval interval = trading::intervals::h1) {
    market->bars[symbol].push_back(bar);
    live(symbol, bar, interval);
  }
  void live(const std::string& symbol,
            const trading::Bar& bar,
            trading::Interval interval = trading::intervals::h1) {
    messages::BarClosed event;
    event.instrument = {symbol, "SIM-A"};
    event.interval = interval;
    event.bar = bar;
    event.primary = true;
    runtime().bus.publish(messages::topics::bars, symbol, caf::make_message(event));
    run();
  }

  /// Asks the service; virtual time goes on until it answers.
  template <class Request>
  core::Result<typename Request::Reply> ask(Request request, std::string key = "key") {
    using Answer = core::Result<typename Request::Reply>;
    auto out = std::make_shared<std::optional<Answer>>();
    auto job = std::make_shared<std::function<void(Asker*)>>([=](Asker* self) {
      supervision::ask<Request>(self, self->runtime(), messages::correlation_service, key, request,
                                {.deadline = std::chrono::minutes{2}},
                                [out](Answer answer) { out->emplace(std::move(answer)); });
    });
    caf::anon_send(runtime().registry.find("test/asker").actor, AskJob{std::move(job)});
    run();
    for (int i = 0; i < 1500 && !*out; ++i) {
      advance(100ms);
    }
    REQUIRE(out->has_value());
    return **out;
  }
  /// The answer of a request that must have one.
  template <class Request>
  typename Request::Reply get(Request request) {
    const auto answer = ask(std::move(request));
    REQUIRE_MESSAGE(answer.has_value(), core::to_string(answer.error()));
    return *answer;
  }
  template <class Request>
  core::Errc code(Request request) {
    const auto answer = ask(std::move(request));
    return answer ? core::Errc::NONE : answer.error().code;
  }

  static std::vector<trading::InstrumentId> ids(const std::vector<std::string>& symbols) {
    std::vector<trading::InstrumentId> out;
    for (const auto& symbol : symbols) {
      out.push_back({symbol, {}});
    }
    return out;
  }

  std::shared_ptr<FakeMarket> market = std::make_shared<FakeMarket>();
  std::shared_ptr<Updates> updates = std::make_shared<Updates>();
  std::shared_ptr<Kept> kept = std::make_shared<Kept>();
  std::shared_ptr<Models> models = std::make_shared<Models>();
  std::string escalated;

private:
  static supervision::Start documents_of(std::shared_ptr<FakeStore> store) {
    if (!store) {
      return {};
    }
    return [store = std::move(store)](supervision::StartContext& context) {
      return context.spawn(fake_store, store);
    };
  }
  caf::scheduler::test_coordinator& scheduler() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  }
  core::ManualClock clock; // before the system: timers that it drops at its end still read it
  TestConfig config;
  caf::actor_system system{config};
  supervision::LocalRuntime local{system, clock, {.node = "n1", .allow_detached = false}};
  std::unique_ptr<supervision::RootSupervisor> root;
};

} // namespace troupe::correlation::tests
