/// Cost of a hop between actors and of a topic's fan-out, ours beside CAF's own in the same run.
#include "core/clock.hpp"
#include "core/inspect.hpp"
#include "report.hpp"
#include "supervision/local_bus.hpp"
#include "supervision/messages.hpp"
#include "supervision/supervisor.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include <condition_variable>
#include <mutex>
#include <vector>

namespace {

using namespace troupe;
using core::inspect;

struct Ball {
  std::uint64_t left = 0;
};
BOOST_DESCRIBE_STRUCT(Ball, (), (left))

struct Quote {
  std::uint64_t number = 0;
  double bid = 0;
  double ask = 0;
};
BOOST_DESCRIBE_STRUCT(Quote, (), (number, bid, ask))

/// Lets the main thread wait for actors.
class Done {
public:
  void set() {
    const std::lock_guard lock{mutex_};
    ++count_;
    changed_.notify_all();
  }
  void wait(std::size_t n) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return count_ >= n; });
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t count_ = 0;
};

/// Sends the ball back until it is worn out; the same code on both kinds of actor.
template <class Self>
caf::behavior player(Self* self, std::shared_ptr<Done> done) {
  return {[self, done](const Ball& ball) {
    if (ball.left == 0) {
      done->set();
      return;
    }
    self->send(caf::actor_cast<caf::actor>(self->current_sender()), Ball{ball.left - 1});
  }};
}

template <class Self>
caf::behavior counter(Self*, std::shared_ptr<Done> done, std::uint64_t last) {
  return {[done, last](const Quote& quote) {
    if (quote.number == last) {
      done->set();
    }
  }};
}

struct Config : caf::actor_system_config {
  Config() {
    set("work-stealing.moderate-poll-attempts", 0);
    set("scheduler.max-throughput", 300);
    set("scheduler.max-threads", 4);
    supervision::add_message_types(*this);
  }
};

constexpr int runs = 7;
constexpr std::uint64_t hops = 400'000;
constexpr std::uint64_t events = 20'000;
constexpr std::size_t subscribers = 20;

class Bench {
public:
  Bench() : system_(config_), local_(system_, clock_, {.node = "bench"}) {}

  double ours_hop_ns() {
    return hop_ns([this](auto done) { return spawn(player<supervision::Actor>, done); });
  }
  double caf_hop_ns() {
    return hop_ns(
      [this](auto done) { return system_.spawn(player<caf::event_based_actor>, done); });
  }

  double bus_ns() {
    const supervision::Topic topic{"bench" + std::to_string(++made_),
                                   supervision::Delivery::LOSSLESS};
    const auto done = std::make_shared<Done>();
    std::vector<caf::actor> actors;
    for (std::size_t i = 0; i < subscribers; ++i) {
      actors.push_back(spawn(counter<supervision::Actor>, done, events));
      local_.runtime().bus.subscribe(topic, actors.back());
    }
    const auto start = core::monotonic_ns();
    for (std::uint64_t i = 1; i <= events; ++i) {
      local_.runtime().bus.publish(topic, "BTC-USD", caf::make_message(Quote{i, 1.0, 2.0}));
    }
    done->wait(subscribers);
    const auto took = core::monotonic_ns() - start;
    end(actors);
    return static_cast<double>(took) / static_cast<double>(events * subscribers);
  }

  double caf_fan_out_ns() {
    const auto done = std::make_shared<Done>();
    std::vector<caf::actor> actors;
    for (std::size_t i = 0; i < subscribers; ++i) {
      actors.push_back(system_.spawn(counter<caf::event_based_actor>, done, events));
    }
    const auto start = core::monotonic_ns();
    for (std::uint64_t i = 1; i <= events; ++i) {
      const auto message = caf::make_message(Quote{i, 1.0, 2.0});
      for (const auto& actor : actors) {
        caf::anon_send(actor, message);
      }
    }
    done->wait(subscribers);
    const auto took = core::monotonic_ns() - start;
    end(actors);
    return static_cast<double>(took) / static_cast<double>(events * subscribers);
  }

private:
  template <class F, class... Ts>
  caf::actor spawn(F function, Ts... arguments) {
    auto& runtime = local_.runtime();
    supervision::Identity identity;
    identity.runtime = {runtime.keep_alive.lock(), &runtime};
    identity.path = "bench/" + std::to_string(++made_);
    identity.mailbox_cap = 10'000'000;
    const supervision::SpawnScope scope{identity};
    return system_.spawn(function, arguments...);
  }

  template <class Spawn>
  double hop_ns(Spawn spawn_one) {
    const auto done = std::make_shared<Done>();
    const std::vector<caf::actor> pair{spawn_one(done), spawn_one(done)};
    const auto start = core::monotonic_ns();
    caf::send_as(pair[0], pair[1], Ball{hops});
    done->wait(1);
    const auto took = core::monotonic_ns() - start;
    end(pair);
    return static_cast<double>(took) / static_cast<double>(hops);
  }

  static void end(const std::vector<caf::actor>& actors) {
    for (const auto& actor : actors) {
      caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    }
  }

  Config config_;
  caf::actor_system system_;
  core::SystemClock clock_;
  supervision::LocalRuntime local_;
  std::uint64_t made_ = 0;
};

void report(const char* name,
            const std::vector<double>& ours_ns,
            const std::vector<double>& caf_ns) {
  const auto ours = bench::median(ours_ns);
  const auto caf = bench::median(caf_ns);
  bench::print_row(name, ours, "ns", "bare CAF", caf, ours / caf);
}

} // namespace

int main() {
  Bench bench;
  std::vector<double> ours_hop;
  std::vector<double> caf_hop;
  std::vector<double> bus;
  std::vector<double> fan_out;
  for (int i = 0; i < runs; ++i) {
    ours_hop.push_back(bench.ours_hop_ns());
    caf_hop.push_back(bench.caf_hop_ns());
    bus.push_back(bench.bus_ns());
    fan_out.push_back(bench.caf_fan_out_ns());
  }
  report("actor to actor hop", ours_hop, caf_hop);
  report("topic to 20 subscribers, per delivery", bus, fan_out);
  return 0;
}
