#pragma once

#include "actors/market_data/service.hpp"
#include "actors/venues/common/feed.hpp"
#include "actors/venues/registry.hpp"
#include "messages/message_types.hpp"
#include "supervision/ask.hpp"
#include "supervision/local_bus.hpp"
#include "supervision/local_placement.hpp"
#include "supervision/supervisor.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

namespace test {

using namespace std::chrono_literals;
namespace core = troupe::core;
namespace md = troupe::market_data;
namespace messages = troupe::messages;
namespace sup = troupe::supervision;
namespace trading = troupe::trading;
namespace venues = troupe::venues;

struct VirtualConfig : caf::actor_system_config {
  VirtualConfig() {
    set("scheduler.policy", caf::atom("testing"));
    messages::register_types(*this);
  }
};

/// A folder of this test's own, gone with it.
class Folder {
public:
  Folder() {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path()
            / ("troupe_md_" + std::to_string(::getpid()) + "_" + std::to_string(++count));
    std::filesystem::create_directories(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

private:
  std::filesystem::path path_;
};

/// What the service published.
struct Heard {
  std::map<std::string, std::vector<std::uint64_t>> trades; ///< ids by instrument
  std::map<std::string, std::vector<trading::Bar>> bars;    ///< by instrument and interval
  std::vector<messages::InstrumentStatusBeat> beats;
  std::size_t prices = 0;
  std::optional<messages::ReplayProgress> progress;
  std::map<std::string, std::vector<messages::ActivityBarClosed>> activity; ///< by spec
  std::vector<messages::BookResync> resyncs;
  std::vector<messages::SlaBreach> breaches;
};

inline caf::behavior listener(sup::Actor* self, std::shared_ptr<Heard> heard) {
  namespace topics = messages::topics;
  for (const auto* topic : {&topics::trades, &topics::bars, &topics::price_update,
                            &topics::venue_status, &topics::replay_progress, &topics::activity_bars,
                            &topics::book_resync, &topics::sla_breaches}) {
    self->runtime().bus.subscribe(*topic, caf::actor_cast<caf::actor>(self));
  }
  return {
    [heard](const messages::TradesPrinted& event) {
      auto& ids = heard->trades[event.instrument.to_text()];
      for (const auto& trade : event.trades) {
        ids.push_back(trade.trade_id);
      }
    },
    [heard](const messages::BarClosed& event) {
      heard->bars[event.instrument.to_text() + " " + event.interval.to_text()].push_back(event.bar);
    },
    [heard](const messages::PriceUpdate&) { ++heard->prices; },
    [heard](const messages::InstrumentStatusBeat& beat) { heard->beats.push_back(beat); },
    [heard](const messages::ReplayProgress& progress) { heard->progress = progress; },
    [heard](const messages::ActivityBarClosed& event) {
      heard->activity[event.interval.to_text()].push_back(event);
    },
    [heard](const messages::BookResync& event) { heard->resyncs.push_back(event); },
    [heard](const messages::SlaBreach& event) { heard->breaches.push_back(event); },
  };
}

/// A node's market data in virtual time.
class World {
public:
  explicit World(std::shared_ptr<sup::Placement> placement = nullptr,
                 core::Timestamp start = core::Timestamp{1'700'000'070'000'000'000},
                 bool own_time = false)
    : clock(std::make_shared<core::ManualClock>(start)), own_time_(own_time),
      local(std::make_unique<sup::LocalRuntime>(
        system,
        *clock,
        sup::LocalRuntimeSettings{.node = "test", .allow_detached = false, .seed = 7},
        std::make_shared<sup::LocalBus>("test"),
        placement ? placement : std::make_shared<sup::LocalPlacement>("test"))),
      rt(local->runtime()),
      scheduler(dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler())),
      heard(std::make_shared<Heard>()) {
    system.await_actors_before_shutdown(false);
    const sup::SpawnScope scope{sup::Identity{
      .runtime = std::shared_ptr<sup::Runtime>(rt.keep_alive.lock(), &rt), .path = "listener"}};
    actors_.push_back(system.spawn(listener, heard));
    scheduler.run();
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() {
    for (const auto& actor : actors_) {
      caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    }
    advance(20s);
  }

  void
  start(std::vector<venues::Venue> made, const std::string& storage, md::Settings settings = {}) {
    actors_.push_back(
      sup::start_supervisor(rt, {.name = "root",
                                 .children = {sup::supervise(md::service({.settings = settings,
                                                                          .venues = std::move(made),
                                                                          .storage_url = storage,
                                                                          .cache = {},
                                                                          .board = board,
                                                                          .feeds = feeds}))}}));
    scheduler.run();
  }

  [[nodiscard]] std::vector<venues::Venue> make(std::vector<std::string> settings) {
    std::vector<core::json::Raw> raw;
    for (auto& text : settings) {
      raw.push_back({std::move(text)});
    }
    std::vector<core::json::Problem> problems;
    auto made = venues::make_venues(raw, {own_time_ ? clock : nullptr}, problems);
    for (const auto& problem : problems) {
      MESSAGE(problem.text());
    }
    REQUIRE(made.has_value());
    return std::move(*made);
  }

  void advance(std::chrono::nanoseconds d, std::chrono::nanoseconds step = 10ms) {
    scheduler.run();
    for (auto left = d; left > 0ns; left -= step) {
      if (!own_time_) {
        clock->advance(step);
      }
      scheduler.advance_time(std::chrono::duration_cast<caf::timespan>(step));
      scheduler.run();
    }
  }

  template <class R>
  core::Result<typename R::Reply> ask(R request, std::chrono::nanoseconds patience = 5s) {
    using Reply = typename R::Reply;
    auto outcome = std::make_shared<std::optional<core::Result<Reply>>>();
    auto front = rt.registry.front("market-data").actor;
    REQUIRE(front);
    system.spawn([outcome, front, request](caf::event_based_actor* self) {
      self->request(front, 60s, request)
        .then([outcome](Reply& reply) { outcome->emplace(std::move(reply)); },
              [outcome](const caf::error& e) { outcome->emplace(core::from_caf(e)); });
    });
    scheduler.run();
    for (auto left = patience; !*outcome && left > 0ns; left -= 10ms) {
      advance(10ms);
    }
    REQUIRE(outcome->has_value());
    return **outcome;
  }

  std::shared_ptr<messages::TickerBoard> board = std::make_shared<messages::TickerBoard>();
  std::shared_ptr<messages::FeedBoard> feeds; ///< null until a test wants one
  std::shared_ptr<core::ManualClock> clock;   ///< outlives the system: dead letters are dated
  VirtualConfig config;
  caf::actor_system system{config};

private:
  bool own_time_;
  std::vector<caf::actor> actors_;
  std::unique_ptr<sup::LocalRuntime> local;

public:
  sup::Runtime& rt;
  caf::scheduler::test_coordinator& scheduler;
  std::shared_ptr<Heard> heard;
};

/// Ids or bars of every key without doubles, in order.
template <class T, class Key>
bool strictly_ascending(const std::vector<T>& items, Key key) {
  for (std::size_t i = 1; i < items.size(); ++i) {
    if (!(key(items[i - 1]) < key(items[i]))) {
      return false;
    }
  }
  return true;
}

} // namespace test
