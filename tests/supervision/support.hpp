#pragma once

#include "core/clock.hpp"
#include "supervision/ask.hpp"
#include "supervision/ask_book.hpp"
#include "supervision/local_bus.hpp"
#include "supervision/messages.hpp"
#include "supervision/root_supervisor.hpp"
#include "supervision/supervisor.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>
#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace test {

using namespace std::chrono_literals;
namespace core = troupe::core;
namespace sup = troupe::supervision;

struct Crash {
  std::string text;
};
struct Note {
  int value = 0;
};
/// Crashes its reader, and may be handled twice.
struct Risky {
  int crashes_until_epoch = 0;
};
struct GetValue {
  using Reply = int;
  int add = 0;
};
struct GetNothing {
  using Reply = int;
};

using Log = std::shared_ptr<std::vector<std::string>>;

inline Log make_log() {
  return std::make_shared<std::vector<std::string>>();
}

} // namespace test

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(test::Crash)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(test::Note)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(test::Risky)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(test::GetValue)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(test::GetNothing)

namespace test {

struct VirtualConfig : caf::actor_system_config {
  VirtualConfig() {
    set("scheduler.policy", caf::atom("testing"));
    sup::add_message_types(*this);
  }
};

/// An actor system in virtual time.
class World {
public:
  explicit World(std::shared_ptr<sup::Placement> placement = nullptr)
    : local(placement ? std::make_unique<sup::LocalRuntime>(
              system, clock, settings(), std::make_shared<sup::LocalBus>("test"), placement)
                      : std::make_unique<sup::LocalRuntime>(system, clock, settings())),
      rt(local->runtime()),
      scheduler(dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler())) {
    system.await_actors_before_shutdown(false);
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() {
    for (const auto& actor : actors) {
      caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    }
    advance(20s);
  }

  void run() { scheduler.run(); }
  /// In steps, so that what a timer starts happens before the next timer.
  void advance(std::chrono::nanoseconds d) {
    run();
    const auto end = scheduler.clock().current_time + d;
    while (scheduler.clock().current_time < end) {
      const auto step = std::min<caf::timespan>(10ms, end - scheduler.clock().current_time);
      clock.advance(step);
      scheduler.advance_time(step);
      run();
    }
  }
  caf::actor tree(sup::SupervisorSpec spec) {
    actors.push_back(sup::start_supervisor(rt, std::move(spec)));
    run();
    return actors.back();
  }
  /// One actor outside any tree.
  template <class F, class... Ts>
  caf::actor spawn(sup::Identity identity, F f, Ts&&... arguments) {
    identity.runtime = std::shared_ptr<sup::Runtime>(rt.keep_alive.lock(), &rt);
    const sup::SpawnScope scope{std::move(identity)};
    actors.push_back(system.spawn(f, std::forward<Ts>(arguments)...));
    run();
    return actors.back();
  }
  template <class... Ts>
  void send(const std::string& path, Ts&&... values) {
    CHECK(rt.registry.send(path, caf::make_message(std::forward<Ts>(values)...)));
  }
  std::string state(const std::string& path) {
    const auto child = rt.actors.child(path);
    return child ? boost::describe::enum_to_string(child->state, "?") : "none";
  }
  std::size_t letters(const std::string& reason) {
    std::size_t sum = 0;
    for (const auto& count : rt.dead_letters.counts()) {
      sum += count.reason == reason ? count.count : 0;
    }
    return sum;
  }

  VirtualConfig config;
  caf::actor_system system{config};
  core::ManualClock clock{core::Timestamp{1'700'000'000'000'000'000}};
  std::vector<caf::actor> actors;
  std::unique_ptr<sup::LocalRuntime> local;
  sup::Runtime& rt;
  caf::scheduler::test_coordinator& scheduler;

private:
  static sup::LocalRuntimeSettings settings() {
    return {.node = "test", .allow_detached = false, .seed = 7};
  }
};

struct WorkerState {
  static inline const char* name = "worker";
  Log log;
  std::string who;
  ~WorkerState() {
    if (log) {
      log->push_back("end " + who);
    }
  }
};
using Worker = sup::StatefulActor<WorkerState>;

/// Writes down what happens to it; crashes, ends and answers when told to.
inline caf::behavior worker(Worker* self, Log log) {
  self->state.log = log;
  self->state.who = self->path();
  log->push_back("start " + self->path());
  return {
    [self](const Crash& crash) {
      self->state.log->push_back("crash " + crash.text);
      throw std::runtime_error(crash.text);
    },
    [self](const Note& note) { self->state.log->push_back("note " + std::to_string(note.value)); },
    [self](const Risky& risky) {
      self->state.log->push_back("risky at " + std::to_string(self->epoch()));
      if (static_cast<int>(self->epoch()) < risky.crashes_until_epoch) {
        throw std::runtime_error("risky");
      }
    },
    [](const GetValue& get) -> caf::result<int> {
      if (get.add < 0) {
        throw std::runtime_error("negative");
      }
      return 40 + get.add;
    },
    [self](const GetNothing&) -> caf::result<int> {
      return self->make_response_promise(); // which nobody fulfils
    },
  };
}

inline sup::ChildSpec child(const std::string& name, const Log& log) {
  sup::ChildSpec spec;
  spec.name = name;
  spec.start = [log](sup::StartContext& context) { return context.spawn(worker, log); };
  spec.backoff = {.min = 100ms, .jitter = 0.0};
  return spec;
}

} // namespace test
