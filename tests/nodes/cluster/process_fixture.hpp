#pragma once

// A cluster of real processes: this one and helpers that it starts, stops and kills.
#include "link_fixture.hpp"
#include "nodes/cluster/cluster.hpp"
#include "peer/peer_messages.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace troupe::cluster::test {

using supervision::Routed;
using supervision::ViewChanged;

/// A directory for the authority that all nodes of a test share.
struct Directory {
  std::string path;
  Directory() {
    std::string pattern = std::filesystem::temp_directory_path() / "cluster-XXXXXX";
    path = ::mkdtemp(pattern.data());
  }
  ~Directory() { std::filesystem::remove_all(path); }
};

/// How soon a silent peer is given up. Tests of anything else are patient: on a machine that does
/// other things too, a live peer may be silent for a second.
enum class Patience : std::uint8_t { SHIPPED, LONG };

/// A helper process; killed at the end if it still runs.
class Process {
public:
  Process(const std::string& name,
          const std::string& directory,
          const std::string& listen,
          const std::vector<std::string>& seeds,
          Patience patience = Patience::LONG) {
    int in[2];
    int out[2];
    REQUIRE(::pipe(in) == 0);
    REQUIRE(::pipe(out) == 0);
    std::vector<std::string> args{CLUSTER_PEER, patience == Patience::LONG ? "long" : "shipped",
                                  name, directory, listen};
    args.insert(args.end(), seeds.begin(), seeds.end());
    std::vector<char*> raw;
    for (auto& arg : args) {
      raw.push_back(arg.data());
    }
    raw.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(in[0], 0);
      ::dup2(out[1], 1);
      for (int fd = 3; fd < 256; ++fd) {
        ::close(fd);
      }
      ::execv(CLUSTER_PEER, raw.data());
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    stdin_ = in[1];
    char c = 0;
    while (::read(out[0], &c, 1) == 1 && c != '\n') {
      address_ += c;
    }
    ::close(out[0]);
    REQUIRE_FALSE(address_.empty());
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    ::close(stdin_);
    kill();
  }
  [[nodiscard]] const std::string& address() const { return address_; }
  void signal(int number) const { ::kill(pid_, number); }
  [[nodiscard]] pid_t pid() const { return pid_; }
  void kill() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(std::exchange(pid_, 0), nullptr, 0);
    }
  }

private:
  pid_t pid_ = 0;
  int stdin_ = -1;
  std::string address_;
};

/// This process as a node.
struct Node {
  struct Config : caf::actor_system_config {
    explicit Config(Patience patience) {
      apply_caf_settings(*this);
      add_test_types(*this);
      if (patience == Patience::LONG) {
        be_patient(*this);
      }
    }
  };
  Config config;
  caf::actor_system system{config};
  core::SystemClock clock;
  std::unique_ptr<Cluster> cluster;

  Node(const std::string& directory,
       const std::vector<std::string>& seeds,
       Patience patience = Patience::LONG)
    : config(patience) {
    Cluster::Options options;
    if (patience == Patience::LONG) {
      be_patient(options.settings);
    }
    options.self.node = "test";
    options.self.incarnation = random_incarnation();
    options.self.fingerprint = 7;
    options.authority_directory = directory;
    options.settings.listen = "127.0.0.1:0";
    options.settings.seeds = seeds;
    options.clock = &clock;
    cluster = Cluster::make(system, std::move(options)).value();
    cluster->join([](std::string_view) { return caf::actor{}; });
  }

  [[nodiscard]] bool reaches(const std::string& name, bool want = true) {
    return until([&] { return !cluster->placement()->gateway(name) != want; });
  }
  /// Whether it answers again, over whatever link: the handle of a lost link may stay for a moment.
  [[nodiscard]] bool answers(const std::string& name) {
    return until([&] { return ask<Echo>(name, Echo{}).has_value(); });
  }
  /// Looks again at every change of the view, and every few milliseconds at what is no part of it.
  [[nodiscard]] bool until(const std::function<bool()>& holds,
                           std::chrono::milliseconds limit = 20s) {
    caf::scoped_actor watcher{system};
    const auto end = std::chrono::steady_clock::now() + limit;
    cluster->placement()->watch(caf::actor_cast<caf::actor>(watcher));
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) {
        return false;
      }
      watcher->receive([](const ViewChanged&) {}, caf::after(5ms) >> [] {});
    }
    return true;
  }
  [[nodiscard]] MemberState state(const std::string& name) const {
    const auto view = cluster->view();
    const auto* member = view->find(name);
    return member == nullptr ? MemberState::DOWN : member->state;
  }

  template <class Reply, class Request>
  core::Result<Reply>
  ask(const std::string& node, Request request, const std::string& service = "echo") {
    caf::scoped_actor asker{system};
    core::Result<Reply> out = core::Error{core::Errc::TIMEOUT, "nothing came"};
    asker
      ->request(cluster->placement()->gateway(node), 10s,
                Routed{service, "", 1, caf::make_message(std::move(request))})
      .receive([&](const Reply& reply) { out = reply; },
               [&](const caf::error& error) { out = core::from_caf(error); });
    return out;
  }
};

/// The longest this process was kept from running while this lived: what a loaded machine adds to
/// every step of what is being timed.
class StallMeter {
public:
  StallMeter() : thread_([this] { run(); }) {}
  StallMeter(const StallMeter&) = delete;
  StallMeter& operator=(const StallMeter&) = delete;
  ~StallMeter() {
    ending_ = true;
    thread_.join();
  }
  [[nodiscard]] std::int64_t longest_ms() const { return longest_ns_.load() / 1'000'000; }

private:
  void run() {
    auto before = core::monotonic_ns();
    while (!ending_) {
      std::this_thread::sleep_for(1ms);
      const auto now = core::monotonic_ns();
      longest_ns_ = std::max(longest_ns_.load(), now - before);
      before = now;
    }
  }
  std::atomic<bool> ending_{false};
  std::atomic<std::int64_t> longest_ns_{0};
  std::thread thread_;
};

/// Steps between threads and processes from a peer's end to the last watcher: each may have to wait
/// for the processor as long as the meter saw.
constexpr std::int64_t steps_to_down = 8;

struct TimeToDown {
  std::int64_t took_ms = 0;
  std::int64_t stalled_ms = 0; ///< by the machine, at most
  [[nodiscard]] bool within(std::int64_t limit_ms) const { return took_ms < limit_ms + stalled_ms; }
};

inline TimeToDown
time_until_down(Node& node, const std::string& name, const std::function<void()>& act) {
  caf::scoped_actor watcher{node.system};
  node.cluster->placement()->watch(caf::actor_cast<caf::actor>(watcher));
  const StallMeter meter;
  const auto since = core::monotonic_ns();
  act();
  bool down = false;
  bool late = false;
  while (!down && !late) {
    watcher->receive(
      [&](const ViewChanged& change) {
        down = std::find(change.down.begin(), change.down.end(), name) != change.down.end();
      },
      caf::after(20s) >> [&] { late = true; });
  }
  REQUIRE(down);
  return {(core::monotonic_ns() - since) / 1'000'000, steps_to_down * meter.longest_ms()};
}

} // namespace troupe::cluster::test
