// Asks, credit and backlogs between nodes that are processes of their own.
#include "process_fixture.hpp"
#include "supervision/ask.hpp"

#include <atomic>
#include <fstream>

using namespace troupe;
using namespace troupe::cluster;
using namespace troupe::cluster::test;
using core::Errc;
using supervision::Delivery;

namespace {

/// Something to do on the asker's own thread.
struct Do {
  std::function<void(supervision::Actor*)> what;
};

} // namespace

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(Do)

namespace {

/// An actor of ours on a node of the test, which asks.
struct Asker {
  Node& node;
  supervision::LocalRuntime local;
  caf::actor actor;
  Gate gate;
  std::vector<Errc> failed;
  std::vector<std::uint64_t> answered;
  std::int64_t last_ns = 0;

  explicit Asker(Node& its)
    : node(its),
      local(
        node.system, node.clock, {.node = "test"}, node.cluster->bus(), node.cluster->placement()) {
    supervision::Identity identity;
    auto& runtime = local.runtime();
    identity.runtime = std::shared_ptr<supervision::Runtime>(runtime.keep_alive.lock(), &runtime);
    identity.path = "test/asker";
    const supervision::SpawnScope scope{std::move(identity)};
    actor = node.system.spawn([](supervision::Actor* self) -> caf::behavior {
      return {[self](const Do& job) { job.what(self); }};
    });
  }
  ~Asker() { caf::anon_send_exit(actor, caf::exit_reason::kill); }

  void ask(Wait request, supervision::AskOptions options) {
    caf::anon_send(actor, Do{[this, request, options](supervision::Actor* self) {
                     supervision::ask(self, self->runtime(), "patient", "key", request, options,
                                      std::function{[this](core::Result<std::uint64_t> reply) {
                                        gate.change([&] {
                                          reply ? answered.push_back(*reply)
                                                : failed.push_back(reply.error().code);
                                          last_ns = core::monotonic_ns();
                                        });
                                      }});
                   }});
  }
  /// Waits until the peer's front has what was asked: what comes behind it on the same link is
  /// answered.
  void flush(const std::string& peer) {
    std::atomic<bool> sent = false;
    caf::anon_send(actor, Do{[&](supervision::Actor*) { sent = true; }});
    REQUIRE(node.until([&] { return sent.load(); }));
    REQUIRE(node.answers(peer));
  }
};

constexpr int asks = 50;
constexpr std::int64_t limit_ms = 100;

double rss_mb(pid_t pid) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/statm"};
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  file >> total >> resident;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

} // namespace

TEST_CASE("asks over nodes: pending ones fail within 100 ms of the node's DOWN") {
  const Directory directory;
  Process a{"a", directory.path + "/ca", "127.0.0.1:0", {}, Patience::SHIPPED};
  Node node{directory.path + "/ca", {a.address()}, Patience::SHIPPED};
  REQUIRE(node.reaches("a"));
  for (const int signal : {SIGSTOP, SIGKILL}) {
    Asker asker{node};
    for (int i = 0; i < asks; ++i) {
      asker.ask(Wait{}, {.deadline = 60s, .use_breaker = false});
    }
    asker.flush("a");
    CHECK(asker.failed.empty());
    std::int64_t down_ns = 0;
    const auto down = time_until_down(node, "a", [&] { a.signal(signal); });
    down_ns = core::monotonic_ns();
    REQUIRE(asker.gate.until([&] { return asker.failed.size() == asks; }, 20s));
    asker.gate.change([&] {
      const auto later_ms = (asker.last_ns - down_ns) / 1'000'000;
      CHECK(later_ms < limit_ms + down.stalled_ms);
      CHECK(std::count(asker.failed.begin(), asker.failed.end(), Errc::NODE_DOWN) == asks);
      MESSAGE("after signal ", signal, " down in ", down.took_ms, " ms, the last of ", asks,
              " asks failed ", later_ms, " ms later");
    });
    a.signal(SIGCONT);
    if (signal == SIGSTOP) {
      REQUIRE(node.reaches("a"));
      REQUIRE(node.answers("a"));
    }
  }
}

TEST_CASE("asks over nodes: the end of another node's front fails what it had taken") {
  const Directory directory;
  Process a{"a", directory.path + "/ca", "127.0.0.1:0", {}};
  Node node{directory.path + "/ca", {a.address()}};
  REQUIRE(node.reaches("a"));
  Asker asker{node};
  for (int round = 0; round < 5; ++round) {
    asker.failed.clear();
    for (int i = 0; i < asks; ++i) {
      asker.ask(Wait{}, {.deadline = 60s, .use_breaker = false});
    }
    asker.flush("a");
    const StallMeter meter;
    const auto from = core::monotonic_ns();
    REQUIRE(node.ask<std::uint64_t>("a", EndFront{1}).has_value());
    REQUIRE(asker.gate.until([&] { return asker.failed.size() == asks; }, 20s));
    asker.gate.change([&] {
      CHECK((asker.last_ns - from) / 1'000'000 < limit_ms + steps_to_down * meter.longest_ms());
      CHECK(std::count(asker.failed.begin(), asker.failed.end(), Errc::ACTOR_DOWN) == asks);
    });
  }
}

TEST_CASE("topics over nodes: a source that waits for the backlog hears when it has gone") {
  const Directory directory;
  Process a{"a", directory.path + "/ca", "127.0.0.1:0", {}};
  Node node{directory.path + "/ca", {a.address()}};
  REQUIRE(node.reaches("a"));
  Asker host{node};
  // A subscriber of ours that stands still: what arrives stays in its mailbox.
  Gate gate;
  bool open = false;
  std::atomic<std::uint64_t> last{0};
  supervision::Identity identity;
  auto& runtime = host.local.runtime();
  identity.runtime = std::shared_ptr<supervision::Runtime>(runtime.keep_alive.lock(), &runtime);
  identity.path = "test/slow";
  identity.detached = true;
  caf::actor slow;
  {
    const supervision::SpawnScope scope{std::move(identity)};
    slow = node.system.spawn<caf::detached>([&](supervision::Actor*) -> caf::behavior {
      return {
        [&](const Echo& event) {
          static_cast<void>(gate.until([&] { return open; }, 60s));
          last = event.number;
        },
        [](const supervision::TopicGap&) {},
      };
    });
  }
  node.cluster->bus()->subscribe({"trades", Delivery::LOSSLESS}, slow);
  const auto backlog = [&] {
    const auto found = node.ask<std::uint64_t>("a", GetBacklog{});
    return found ? *found : 0;
  };
  REQUIRE(node.until([&] {
    static_cast<void>(node.ask<std::uint64_t>("a", PublishMany{"trades", 1, true}));
    return backlog() > 0;
  }));
  REQUIRE(node.ask<std::uint64_t>("a", PublishMany{"trades", 2'000, true}).has_value());
  REQUIRE(node.until([&] { return backlog() >= 2'000; }));
  gate.change([&] { open = true; });
  // Nothing more is published: it is not an acknowledgement that tells.
  CHECK(node.until([&] { return backlog() == 0; }));
  // The last one counts as taken as soon as its handler begins.
  CHECK(node.until([&] { return last == 2'000; }));
  caf::anon_send_exit(slow, caf::exit_reason::kill);
}

TEST_CASE(
  "topics over nodes: a stopped peer leaves the sender's memory bounded and goes on after") {
  const Directory directory;
  Process a{"a", directory.path + "/ca", "127.0.0.1:0", {}};
  Node node{directory.path + "/ca", {a.address()}}; // patient: it holds on to the stopped peer
  REQUIRE(node.reaches("a"));
  REQUIRE(node.ask<std::uint64_t>("a", Subscribe{"trades", true}).has_value());
  const auto& bus = *node.cluster->bus();
  Echo event;
  event.values.assign(128, 0.5); // a kilobyte
  const auto publish = [&](std::uint64_t number) {
    event.number = number;
    node.cluster->bus()->publish({"trades", Delivery::LOSSLESS}, "BTC-USD",
                                 caf::make_message(event));
  };
  std::uint64_t number = 0;
  REQUIRE(node.until([&] {
    publish(++number);
    const auto seen = node.ask<Seen>("a", GetSeen{});
    return seen && seen->count > 0;
  }));
  const auto before_mb = rss_mb(::getpid());
  a.signal(SIGSTOP);
  const HubSettings bounds;
  constexpr std::uint64_t flood = 150'000;
  std::uint64_t most = 0;
  for (const auto end = number + flood; number < end;) {
    publish(++number);
    if (number % 1'000 == 0) {
      most = std::max(most, bus.stats().waiting_bytes);
    }
  }
  const auto more_mb = rss_mb(::getpid()) - before_mb;
  // What is under way is one batch over the credit at most, and 64 bytes more to hold each event.
  CHECK(most <= bounds.backlog_bytes_max + 5 * (bounds.credit_bytes + bounds.batch_bytes_max) / 4);
  CHECK(bus.stats().dropped > 0);
  CHECK(more_mb < 80); // the flood is twice that
  a.signal(SIGCONT);
  Seen seen;
  CHECK(node.until([&] {
    const auto found = node.ask<Seen>("a", GetSeen{});
    seen = found ? *found : seen;
    return seen.last == number;
  }));
  CHECK(seen.in_order);
  CHECK(seen.lost > 0); // and the peer was told how many
  CHECK(seen.lost + seen.count >= flood);
  MESSAGE(flood, " events to a stopped peer: RSS +", more_mb, " MB, at most ", most >> 20U,
          " MiB waited, ", seen.lost, " lost and told");
}
