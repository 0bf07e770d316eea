/// Load beyond capacity in one process: an actor that is flooded beside others that are not, and
/// all of them offered ten times what they can handle. Prints one line per figure.
///   bench_load [SECONDS]   of the overload (60)
#include "core/clock.hpp"
#include "core/log.hpp"
#include "supervision/ask.hpp"
#include "supervision/message_class.hpp"
#include "supervision/messages.hpp"
#include "supervision/root_supervisor.hpp"
#include "supervision/supervisor.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <thread>
#include <unistd.h>
#include <vector>

namespace load_bench {

using namespace troupe;
using namespace std::chrono_literals;

struct Work {
  std::uint64_t number = 0;
};
/// As an order: never refused, never dropped.
struct Order {
  std::uint64_t number = 0;
};
struct Probe {
  using Reply = std::uint64_t;
  std::uint64_t number = 0;
};

} // namespace load_bench

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(load_bench::Work)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(load_bench::Order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(load_bench::Probe)

namespace load_bench {

constexpr std::size_t workers = 8;
constexpr std::size_t mailbox_cap = 1'000;
constexpr auto work_takes = 100us;

struct Shared {
  std::atomic<std::uint64_t> handled{0};
  std::atomic<std::uint64_t> orders{0};
};

caf::behavior worker(supervision::Actor*, Shared* shared) {
  return {
    [shared](const Work&) {
      const auto end = core::monotonic_ns() + std::chrono::nanoseconds{work_takes}.count();
      while (core::monotonic_ns() < end) {
      }
      ++shared->handled;
    },
    [shared](const Order&) { ++shared->orders; },
    [](const Probe& probe) { return probe.number; },
  };
}

struct Config : caf::actor_system_config {
  Config() {
    set("work-stealing.moderate-poll-attempts", 0);
    set("scheduler.max-throughput", 300);
    set("scheduler.max-threads", std::max(4U, std::thread::hardware_concurrency()));
    supervision::add_message_types(*this);
  }
};

double rss_mb() {
  std::ifstream file{"/proc/self/statm"};
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  file >> total >> resident;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

/// Asks one of the workers each millisecond, as a client outside, and keeps how long it took.
class Prober {
public:
  Prober(supervision::Runtime& runtime, std::size_t first, bool high_priority)
    : bridge_(runtime, "probe"), first_(first), high_priority_(high_priority),
      thread_([this] { run(); }) {}
  ~Prober() { stop(); }
  void stop() {
    ending_ = true;
    if (thread_.joinable()) {
      thread_.join();
    }
    while (bridge_.in_flight() > 0) {
      std::this_thread::sleep_for(1ms);
    }
  }
  void print(const char* name) {
    std::sort(times_ms_.begin(), times_ms_.end());
    if (times_ms_.empty()) {
      std::printf("%s: no answer\n", name);
      return;
    }
    const auto at = [&](double share) {
      return times_ms_[static_cast<std::size_t>(share * static_cast<double>(times_ms_.size() - 1))];
    };
    std::printf("%s: %zu answered, %llu refused or late, p50 %.2f ms, p99 %.2f ms, max %.1f ms\n",
                name, times_ms_.size(), static_cast<unsigned long long>(refused_), at(0.5),
                at(0.99), at(1.0));
    std::fflush(stdout);
  }

private:
  void run() {
    for (std::uint64_t i = 0; !ending_; ++i) {
      const auto which = first_ + i % (workers - first_);
      const auto from = core::monotonic_ns();
      bridge_.ask("worker-" + std::to_string(which), "", Probe{i},
                  {.high_priority = high_priority_, .use_breaker = false},
                  std::function{[this, from](core::Result<std::uint64_t> reply) {
                    const std::lock_guard hold{mutex_};
                    if (reply) {
                      times_ms_.push_back(static_cast<double>(core::monotonic_ns() - from) * 1e-6);
                    } else {
                      ++refused_;
                    }
                  }});
      std::this_thread::sleep_for(1ms);
    }
  }
  std::mutex mutex_;
  std::vector<double> times_ms_;
  std::uint64_t refused_ = 0;
  supervision::AskBridge bridge_;
  std::size_t first_;
  bool high_priority_;
  std::atomic<bool> ending_{false};
  std::thread thread_;
};

class Bench {
public:
  Bench()
    : local_(system_, clock_, {.node = "bench"}),
      root_(local_.runtime(), tree(), {}, {.watch = false}) {
    for (std::size_t i = 0; i < workers; ++i) {
      const auto name = "worker-" + std::to_string(i);
      local_.runtime().registry.set_front(name, name);
      while (!local_.runtime().registry.find(name).actor) {
        std::this_thread::sleep_for(1ms);
      }
    }
  }

  void flooded() {
    {
      Prober usual{local_.runtime(), 1, false};
      std::this_thread::sleep_for(2s);
      usual.stop();
      usual.print("others, no load");
    }
    const auto before_mb = rss_mb();
    std::atomic<bool> ending{false};
    std::uint64_t sent = 0;
    Prober others{local_.runtime(), 1, false};
    std::thread flood{[&] {
      while (!ending) {
        send(0, Work{++sent});
      }
    }};
    std::this_thread::sleep_for(5s);
    const auto during_mb = rss_mb();
    others.stop();
    ending = true;
    flood.join();
    others.print("others, one actor flooded");
    std::printf("flooded actor: %.0f messages/s offered, RSS +%.1f MB\n",
                static_cast<double>(sent) / 5, during_mb - before_mb);
    settle();
  }

  void overloaded(std::chrono::seconds time) {
    const auto capacity = capacity_per_s();
    const auto rate = 10 * capacity;
    const auto before_mb = rss_mb();
    auto most_mb = before_mb;
    const auto handled = shared_.handled.load();
    std::uint64_t offered = 0;
    std::uint64_t orders = 0;
    Prober urgent{local_.runtime(), 0, true};
    const auto from = core::monotonic_ns();
    const auto seconds = [&] { return static_cast<double>(core::monotonic_ns() - from) * 1e-9; };
    while (seconds() < static_cast<double>(time.count())) {
      const auto due = static_cast<std::uint64_t>(seconds() * rate);
      while (offered < due) {
        send(offered % workers, Work{offered});
        if (++offered % 1'000 == 0) {
          send(orders % workers, Order{orders});
          ++orders;
        }
      }
      most_mb = std::max(most_mb, rss_mb());
      std::this_thread::sleep_for(1ms);
    }
    const auto took_s = seconds();
    urgent.stop();
    std::printf(
      "capacity %.0f messages/s, offered %.0f/s for %.0f s, handled %.0f/s, RSS at most +%.1f MB\n",
      capacity, static_cast<double>(offered) / took_s, took_s,
      static_cast<double>(shared_.handled - handled) / took_s, most_mb - before_mb);
    urgent.print("asks of high priority meanwhile");
    const auto recovery_ms = settle();
    std::printf("recovered in %.0f ms; orders sent %llu, handled %llu, lost %llu\n", recovery_ms,
                static_cast<unsigned long long>(orders),
                static_cast<unsigned long long>(shared_.orders.load()),
                static_cast<unsigned long long>(local_.runtime().dead_letters.alerts()));
    Prober after{local_.runtime(), 0, false};
    std::this_thread::sleep_for(2s);
    after.stop();
    after.print("asks after");
    static_cast<void>(root_.stop(10s));
  }

private:
  supervision::SupervisorSpec tree() {
    supervision::SupervisorSpec spec{.name = "root"};
    for (std::size_t i = 0; i < workers; ++i) {
      supervision::ChildSpec child;
      child.name = "worker-" + std::to_string(i);
      child.start = [this](supervision::StartContext& c) { return c.spawn(worker, &shared_); };
      child.mailbox_cap = mailbox_cap;
      spec.children.push_back(std::move(child));
    }
    return spec;
  }
  template <class Message>
  void send(std::size_t which, Message message) {
    local_.runtime().registry.send(names_[which], caf::make_message(message));
  }
  double capacity_per_s() {
    const auto before = shared_.handled.load();
    const auto from = core::monotonic_ns();
    std::uint64_t sent = 0;
    while (core::monotonic_ns() - from < 2'000'000'000) {
      for (std::size_t i = 0; i < workers; ++i) {
        if (local_.runtime().actors.find(names_[i])->depth() < mailbox_cap / 2) {
          send(i, Work{++sent});
        }
      }
    }
    const auto rate = static_cast<double>(shared_.handled - before) * 1e9
                      / static_cast<double>(core::monotonic_ns() - from);
    settle();
    return rate;
  }
  /// @returns  ms until nothing waits anywhere
  double settle() {
    const auto from = core::monotonic_ns();
    for (const auto& name : names_) {
      while (local_.runtime().actors.find(name)->depth() > 0) {
        std::this_thread::sleep_for(1ms);
      }
    }
    return static_cast<double>(core::monotonic_ns() - from) * 1e-6;
  }

  std::vector<std::string> names_ = [] {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < workers; ++i) {
      out.push_back("worker-" + std::to_string(i));
    }
    return out;
  }();
  Shared shared_;
  Config config_;
  caf::actor_system system_{config_};
  core::SystemClock clock_;
  supervision::LocalRuntime local_;
  supervision::RootSupervisor root_;
};

} // namespace load_bench

int main(int argc, char** argv) {
  const int seconds = argc > 1 ? std::atoi(argv[1]) : 60;
  if (seconds < 1) {
    std::fprintf(stderr, "expected seconds of overload, at least 1, found \"%s\"\n", argv[1]);
    return 4;
  }
  static_cast<void>(troupe::core::log::set_level("off"));
  troupe::supervision::declare_order_class<load_bench::Order>();
  load_bench::Bench bench;
  bench.flooded();
  bench.overloaded(std::chrono::seconds{seconds});
  std::_Exit(0);
}
