/// What crossing from one node to another costs: two processes of this machine, mutual TLS over
/// loopback, beside a plain TCP ping-pong in the same run. Prints one line per figure.
#include "core/clock.hpp"
#include "core/inspect.hpp"
#include "core/log.hpp"
#include "nodes/cluster/caf_settings.hpp"
#include "nodes/cluster/cluster.hpp"
#include "nodes/cluster/process_id.hpp"
#include "supervision/ask.hpp"
#include "supervision/messages.hpp"
#include "supervision/runtime.hpp"
#include "supervision/wire_types.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/type_id.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace nodes_bench {

using namespace troupe;
using namespace std::chrono_literals;
using core::inspect;
using supervision::Delivery;
using supervision::Topic;

struct Ask {
  using Reply = std::uint64_t;
  std::uint64_t number = 0;
};
BOOST_DESCRIBE_STRUCT(Ask, (), (number))

/// Publishes so many trades, as fast as the bus takes them.
struct Publish {
  using Reply = std::uint64_t;
  std::uint64_t count = 0;
};
BOOST_DESCRIBE_STRUCT(Publish, (), (count))

struct Trade {
  std::uint64_t number = 0; ///< within its burst, from 1
  std::string instrument;
  std::int64_t price = 0;
  std::int64_t quantity = 0;
  std::int64_t ts_event = 0;
};
BOOST_DESCRIBE_STRUCT(Trade, (), (number, instrument, price, quantity, ts_event))

} // namespace nodes_bench

CAF_BEGIN_TYPE_ID_BLOCK(nodes_bench, first_custom_type_id + 128)
  CAF_ADD_TYPE_ID(nodes_bench, (nodes_bench::Ask))
  CAF_ADD_TYPE_ID(nodes_bench, (nodes_bench::Publish))
  CAF_ADD_TYPE_ID(nodes_bench, (nodes_bench::Trade))
CAF_END_TYPE_ID_BLOCK(nodes_bench)

namespace nodes_bench {

const Topic trades{"trades", Delivery::LOSSLESS};
constexpr std::size_t backlog_high = 20'000; ///< events: a source that can wait waits

struct Node {
  struct Config : caf::actor_system_config {
    Config() {
      cluster::apply_caf_settings(*this);
      add_message_types<caf::id_block::troupe_supervision>();
      add_message_types<caf::id_block::nodes_bench>();
      supervision::declare_wire_types<caf::id_block::nodes_bench>();
    }
  };
  Config config;
  caf::actor_system system{config};
  core::SystemClock clock;
  std::unique_ptr<cluster::Cluster> cluster;
  std::unique_ptr<supervision::LocalRuntime> local;

  Node(const std::string& name,
       const std::string& directory,
       const std::vector<std::string>& roles,
       const std::vector<std::string>& seeds) {
    cluster::Cluster::Options options;
    options.self.node = name;
    options.self.incarnation = cluster::random_incarnation();
    options.self.roles = roles;
    options.authority_directory = directory;
    options.settings.listen = "127.0.0.1:0";
    options.settings.seeds = seeds;
    options.clock = &clock;
    cluster = cluster::Cluster::make(system, std::move(options)).value();
    local = std::make_unique<supervision::LocalRuntime>(
      system, clock, supervision::LocalRuntimeSettings{.node = name}, cluster->bus(),
      cluster->placement());
  }

  template <class F, class... Ts>
  caf::actor spawn(const std::string& path, F function, Ts&&... arguments) {
    auto& runtime = local->runtime();
    supervision::Identity identity;
    identity.runtime = std::shared_ptr<supervision::Runtime>(runtime.keep_alive.lock(), &runtime);
    identity.path = path;
    const supervision::SpawnScope scope{std::move(identity)};
    return system.spawn(std::move(function), std::forward<Ts>(arguments)...);
  }
};

caf::behavior answering(supervision::Actor* self) {
  return {
    [](const Ask& ask) { return ask.number; },
    [self](const Publish& what) {
      auto& bus = self->runtime().bus;
      for (std::uint64_t i = 1; i <= what.count; ++i) {
        bus.publish(trades, "BTC-USD",
                    caf::make_message(Trade{i, "BTC-USD.SIM-A", 6'500'000'000'000, 12'000'000,
                                            1'700'000'000'000'000'000}));
        while (i % 256 == 0 && bus.backlog() > backlog_high) {
          std::this_thread::sleep_for(100us);
        }
      }
      return what.count;
    },
  };
}

/// The other node: answers until it is killed.
[[noreturn]] void be_peer(const std::string& directory, int address_to) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL); // ends with the one that measures
  static_cast<void>(core::log::set_level("error"));
  Node node{"peer", directory, {"echo"}, {}};
  const auto front = node.spawn("echo/front", answering);
  node.cluster->join([&](std::string_view) { return front; });
  const auto address = node.cluster->listening().to_text() + '\n';
  if (::write(address_to, address.data(), address.size()) < 0) {
    std::abort();
  }
  for (;;) {
    ::pause();
  }
}

class Done {
public:
  void set() {
    const std::lock_guard lock{mutex_};
    done_ = true;
    changed_.notify_all();
  }
  void reset() {
    const std::lock_guard lock{mutex_};
    done_ = false;
  }
  /// Ends the program where nothing more comes.
  void wait(const char* what) {
    std::unique_lock lock{mutex_};
    if (!changed_.wait_for(lock, 60s, [this] { return std::exchange(done_, false); })) {
      std::printf("gave up after 60 s: %s\n", what);
      std::fflush(stdout);
      std::_Exit(1);
    }
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
};

struct Asks {
  std::vector<double> times_us;
  std::size_t left = 0;
  std::int64_t from_ns = 0;
  Done done;
};

/// One ask after the other, as a service asks another.
void ask_next(supervision::Actor* self, Asks* asks) {
  asks->from_ns = core::monotonic_ns();
  supervision::ask(self, self->runtime(), "echo", "key", Ask{asks->left}, {},
                   std::function{[self, asks](core::Result<std::uint64_t> reply) {
                     if (!reply) {
                       std::printf("an ask failed: %s\n", reply.error().message.c_str());
                       std::fflush(stdout);
                       std::_Exit(1);
                     }
                     asks->times_us.push_back(
                       static_cast<double>(core::monotonic_ns() - asks->from_ns) * 1e-3);
                     if (--asks->left == 0) {
                       asks->done.set();
                     } else {
                       ask_next(self, asks);
                     }
                   }});
}

caf::behavior asker(supervision::Actor* self, Asks* asks) {
  return {[self, asks](caf::ok_atom) { ask_next(self, asks); }};
}

struct Received {
  std::uint64_t last = 0;
  std::uint64_t count = 0;
  std::uint64_t lost = 0;
  std::atomic<std::uint64_t> wanted{0};
  Done done;
};

caf::behavior subscriber(supervision::Actor*, Received* received) {
  return {
    [received](const Trade& trade) {
      ++received->count;
      received->last = trade.number;
      if (trade.number == received->wanted) {
        received->done.set();
      }
    },
    [received](const supervision::TopicGap& gap) { received->lost += gap.lost; },
  };
}

double percentile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

/// Keeps the calling thread on one core, or on all of them.
void stay_on(std::optional<unsigned> core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  for (unsigned i = 0; i < std::thread::hardware_concurrency(); ++i) {
    if (!core || *core == i) {
      CPU_SET(i, &cores);
    }
  }
  ::sched_setaffinity(0, sizeof cores, &cores);
}

/// 64 bytes to another process and back over plain TCP: what a link could cost at best.
/// @param apart  each side on a core of its own, which is idle when its message comes; else where
///               the kernel puts them: mostly both on one
std::vector<double> ping_pong_us(std::size_t times, bool apart) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = static_cast<sockaddr*>(static_cast<void*>(&address));
  socklen_t size = sizeof address;
  if (::bind(listener, generic, size) != 0 || ::listen(listener, 1) != 0
      || ::getsockname(listener, generic, &size) != 0) {
    return {0};
  }
  const int one = 1;
  char bytes[64] = {};
  const auto child = ::fork();
  if (apart) {
    stay_on(child == 0 ? 1 : 0);
  }
  if (child == 0) {
    const int peer = ::socket(AF_INET, SOCK_STREAM, 0);
    ::connect(peer, generic, size);
    ::setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    while (::recv(peer, bytes, sizeof bytes, MSG_WAITALL) == sizeof bytes) {
      ::send(peer, bytes, sizeof bytes, MSG_NOSIGNAL);
    }
    ::_exit(0);
  }
  const int peer = ::accept(listener, nullptr, nullptr);
  ::setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  std::vector<double> out;
  for (std::size_t i = 0; i < times; ++i) {
    const auto from = core::monotonic_ns();
    ::send(peer, bytes, sizeof bytes, MSG_NOSIGNAL);
    ::recv(peer, bytes, sizeof bytes, MSG_WAITALL);
    out.push_back(static_cast<double>(core::monotonic_ns() - from) * 1e-3);
  }
  ::close(peer);
  ::close(listener);
  ::waitpid(child, nullptr, 0);
  stay_on(std::nullopt);
  return out;
}

/// Events per second from publish on one node to the handler on the other.
double topic_rate(const caf::actor& gateway,
                  caf::scoped_actor& self,
                  Received& received,
                  std::uint64_t events) {
  received.done.reset();
  received.wanted = events;
  const auto from = core::monotonic_ns();
  self
    ->request(gateway, caf::infinite,
              supervision::Routed{"echo", "", 1, caf::make_message(Publish{events})})
    .receive([](std::uint64_t) {}, [](const caf::error&) { std::_Exit(1); });
  received.done.wait("not all events came");
  return static_cast<double>(events) * 1e9 / static_cast<double>(core::monotonic_ns() - from);
}

/// Leaves its node running: the process ends with it.
void measure(const std::string& directory, const std::string& seed) {
  constexpr int runs = 5;
  constexpr std::size_t asks_per_run = 4'000;
  constexpr std::uint64_t events = 400'000;
  static_cast<void>(core::log::set_level("error"));
  auto& node = *new Node{"bench", directory, {}, {seed}};
  auto& received = *new Received; // these outlive the actors that write to them
  auto& asks = *new Asks;
  node.cluster->join([](std::string_view) { return caf::actor{}; });
  while (!node.cluster->placement()->gateway("peer")) {
    std::this_thread::sleep_for(1ms);
  }
  const auto gateway = node.cluster->placement()->gateway("peer");
  const auto one = node.spawn("bench/asker", asker, &asks);
  const auto taker = node.spawn("bench/taker", subscriber, &received);
  node.cluster->bus()->subscribe(trades, taker);
  caf::scoped_actor self{node.system};
  std::vector<double> p50;
  std::vector<double> p99;
  std::vector<double> raw;
  std::vector<double> apart;
  std::vector<double> rates;
  while (received.last == 0) { // until the peer knows of the subscription
    self
      ->request(gateway, caf::infinite,
                supervision::Routed{"echo", "", 1, caf::make_message(Publish{1})})
      .receive([](std::uint64_t) {}, [](const caf::error&) { std::_Exit(1); });
    std::this_thread::sleep_for(20ms);
  }
  for (int run = 0; run < runs; ++run) {
    raw.push_back(percentile(ping_pong_us(asks_per_run, false), 0.5));
    apart.push_back(percentile(ping_pong_us(asks_per_run, true), 0.5));
    asks.times_us.clear();
    asks.left = asks_per_run;
    caf::anon_send(one, caf::ok_atom_v);
    asks.done.wait("not all asks were answered");
    p50.push_back(percentile(asks.times_us, 0.5));
    p99.push_back(percentile(asks.times_us, 0.99));
    rates.push_back(topic_rate(gateway, self, received, events));
  }
  const auto limit = percentile(raw, 0.5);
  std::printf("tcp_ping_pong p50 %.1f us, on two cores %.1f us\n", limit, percentile(apart, 0.5));
  std::printf("ask_between_nodes p50 %.1f us, p99 %.1f us, ratio %.2f\n", percentile(p50, 0.5),
              percentile(p99, 0.5), percentile(p50, 0.5) / limit);
  std::printf("lossless_topic %.0f events/s, lost %llu\n", percentile(rates, 0.5),
              static_cast<unsigned long long>(received.lost));
  std::fflush(stdout);
}

} // namespace nodes_bench

int main() {
  std::string directory = std::filesystem::temp_directory_path() / "troupe-bench-XXXXXX";
  if (::mkdtemp(directory.data()) == nullptr) {
    return 1;
  }
  int address[2];
  if (::pipe(address) != 0) {
    return 1;
  }
  const auto peer = ::fork(); // before this process has threads
  if (peer == 0) {
    nodes_bench::be_peer(directory + "/ca", address[1]);
  }
  ::close(address[1]);
  std::string seed;
  char c = 0;
  while (::read(address[0], &c, 1) == 1 && c != '\n') {
    seed += c;
  }
  nodes_bench::measure(directory + "/ca", seed);
  ::kill(peer, SIGKILL);
  ::waitpid(peer, nullptr, 0);
  std::filesystem::remove_all(directory);
  std::_Exit(0); // the figures are out; the order of CAF's end does not matter here
}
