// What holds between nodes that are processes of their own.
#include "process_fixture.hpp"

#include <bit>
#include <limits>

using namespace troupe;
using namespace troupe::cluster;
using namespace troupe::cluster::test;
using supervision::Delivery;

namespace {

struct Collected {
  Gate gate;
  std::vector<std::uint64_t> numbers;
  std::uint64_t lost = 0;

  /// Waits for event number `last` of a burst of so many, in order.
  [[nodiscard]] bool whole(std::uint64_t last, std::chrono::milliseconds limit = 20s) {
    return gate.until([&] { return !numbers.empty() && numbers.back() == last; }, limit);
  }
};

/// Publishes single trades, numbered 1, until the first arrives: before the subscription is known
/// there, nothing is meant for us. More than one may still be on its way.
bool subscribed(Node& node, Collected& all) {
  for (int i = 0; i < 400; ++i) {
    static_cast<void>(node.ask<std::uint64_t>("a", PublishMany{"trades", 1, true}));
    if (all.gate.until([&] { return !all.numbers.empty(); }, 50ms)) {
      return true;
    }
  }
  return false;
}

caf::behavior collector(caf::event_based_actor*, Collected* into) {
  return {
    [into](const Echo& event) {
      into->gate.change([&] { into->numbers.push_back(event.number); });
    },
    [into](const supervision::TopicGap& gap) {
      into->gate.change([&] { into->lost += gap.lost; });
    },
  };
}

} // namespace

TEST_CASE("cluster: messages to another process arrive bit for bit and are answered directly") {
  const Directory directory;
  Process a{"a", directory.path + "/ca", "127.0.0.1:0", {}};
  Node node{directory.path + "/ca", {a.address()}};
  REQUIRE(node.reaches("a"));
  using limits = std::numeric_limits<double>;
  Echo sent;
  sent.number = 42;
  sent.value = -0.0;
  sent.single = std::numeric_limits<float>::denorm_min();
  sent.values = {limits::quiet_NaN(),  limits::infinity(),    -limits::infinity(),
                 limits::denorm_min(), -limits::denorm_min(), -0.0,
                 limits::max(),        limits::min(),         0.1};
  sent.nested = {{limits::quiet_NaN(), sent.values}, {-limits::infinity(), {}}};
  const auto got = node.ask<Echo>("a", sent);
  REQUIRE(got.has_value());
  CHECK(core::binary::encode(*got) == core::binary::encode(sent));
  CHECK(std::bit_cast<std::uint64_t>(got->value) == std::bit_cast<std::uint64_t>(-0.0));
  CHECK(node.ask<Echo>("a", sent, "nothing").error().code == core::Errc::NOT_FOUND);
  CHECK(node.cluster->placement()->owner("echo", "BTC-USD")->node == "a");
  // CAF's identity of a process must not be its number, which is 1 in every container.
  CHECK_FALSE(caf::to_string(node.system.node()).ends_with('#' + std::to_string(::getpid())));
}

TEST_CASE("cluster: killed at once and frozen in 1.2 s a node is down and comes back by itself") {
  const Directory directory;
  auto a = std::make_unique<Process>("a", directory.path + "/ca", "127.0.0.1:0",
                                     std::vector<std::string>{}, Patience::SHIPPED);
  const auto address = a->address();
  // A seed that nobody answers for must not hold anything up (TEST-NET-1 is routed nowhere).
  Node node{directory.path + "/ca", {"192.0.2.1:7070", address}, Patience::SHIPPED};
  REQUIRE(node.reaches("a"));

  const auto killed = time_until_down(node, "a", [&] { a->kill(); });
  CHECK(killed.within(1'200));
  a = std::make_unique<Process>("a", directory.path + "/ca", address, std::vector<std::string>{},
                                Patience::SHIPPED);
  REQUIRE(node.reaches("a"));
  CHECK(node.answers("a"));

  const auto frozen = time_until_down(node, "a", [&] { a->signal(SIGSTOP); });
  CHECK(frozen.within(1'200));
  a->signal(SIGCONT);
  REQUIRE(node.reaches("a"));
  CHECK(node.answers("a"));
  MESSAGE("down after kill ", killed.took_ms, " ms, after SIGSTOP ", frozen.took_ms,
          " ms; the machine may have added ", std::max(killed.stalled_ms, frozen.stalled_ms));
}

TEST_CASE("cluster: a node stops although BASP hears late of its gateway's end") {
  const Directory directory;
  const Process a{"a", directory.path + "/ca", "127.0.0.1:0", {}};
  {
    Node node{directory.path + "/ca", {a.address()}};
    REQUIRE(node.answers("a"));
    // BASP watches the gateway by now. What is attached later is called earlier: it holds up what
    // BASP is told until a stop that does not wait for that is over. The check is that the stop
    // ends.
    int found = 0;
    for (caf::actor_id id = 1; id < 1'000; ++id) {
      if (const auto registered = node.system.registry().get(id)) {
        registered->get()->attach_functor([] { std::this_thread::sleep_for(300ms); });
        ++found;
      }
    }
    REQUIRE(found > 0);
  }
}

TEST_CASE("cluster: a cut link with both ends alive is made anew without a change of owners") {
  const Directory directory;
  Process a{"a", directory.path + "/ca", "127.0.0.1:0", {}};
  Node node{directory.path + "/ca", {a.address()}};
  REQUIRE(node.reaches("a"));
  const auto owners = node.cluster->view()->owners;
  const auto links = node.cluster->link_stats()->established.load();
  std::vector<std::string> down;
  caf::scoped_actor watcher{node.system};
  node.cluster->placement()->watch(caf::actor_cast<caf::actor>(watcher));
  for (std::uint64_t cut = 1; cut <= 5; ++cut) {
    node.cluster->cut("a");
    // The link may be back before anybody could see it gone: it is counted, not looked for.
    REQUIRE(node.until([&] { return node.cluster->link_stats()->established >= links + cut; }));
    CHECK(node.answers("a"));
  }
  CHECK(node.cluster->view()->owners == owners);
  for (bool more = true; more;) {
    watcher->receive(
      [&](const ViewChanged& change) {
        down.insert(down.end(), change.down.begin(), change.down.end());
      },
      caf::after(0ms) >> [&] { more = false; });
  }
  CHECK(down.empty());
}

TEST_CASE("cluster: one seed leads to every member and its death leaves the other links") {
  const Directory directory;
  auto hub = std::make_unique<Process>("hub", directory.path + "/ca", "127.0.0.1:0",
                                       std::vector<std::string>{});
  Process b{"b", directory.path + "/ca", "127.0.0.1:0", {hub->address()}};
  Process c{"c", directory.path + "/ca", "127.0.0.1:0", {b.address()}};
  Node node{directory.path + "/ca", {hub->address()}};
  REQUIRE(node.reaches("hub"));
  REQUIRE(node.reaches("b"));
  REQUIRE(node.reaches("c"));
  CHECK(node.cluster->placement()->carriers("echo") == std::vector<std::string>{"b", "c", "hub"});
  const auto links = node.cluster->link_stats()->established.load();
  static_cast<void>(time_until_down(node, "hub", [&] { hub->kill(); }));
  CHECK(node.ask<Echo>("b", Echo{}).has_value());
  CHECK(node.ask<Echo>("c", Echo{}).has_value());
  CHECK(node.cluster->link_stats()->established == links); // the same links as before
  CHECK(node.cluster->placement()->carriers("echo") == std::vector<std::string>{"b", "c"});
}

TEST_CASE("cluster: topics arrive whole or newest and nothing waits for nobody") {
  Collected all; // outlives the actors that write to it
  Collected newest;
  const Directory directory;
  Process a{"a", directory.path + "/ca", "127.0.0.1:0", {}};
  Node node{directory.path + "/ca", {a.address()}};
  REQUIRE(node.reaches("a"));
  const auto lossless = node.system.spawn(collector, &all);
  const auto conflated = node.system.spawn(collector, &newest);
  node.cluster->bus()->subscribe({"trades", Delivery::LOSSLESS}, lossless);
  node.cluster->bus()->subscribe({"quotes", Delivery::CONFLATED}, conflated);
  REQUIRE(subscribed(node, all));
  REQUIRE(node.ask<std::uint64_t>("a", PublishMany{"trades", 5'000, true}).has_value());
  REQUIRE(all.whole(5'000));
  all.gate.change([&] {
    REQUIRE(all.numbers.size() >= 5'000);
    CHECK(std::is_sorted(all.numbers.end() - 5'000, all.numbers.end()));
    CHECK(std::adjacent_find(all.numbers.end() - 5'000, all.numbers.end()) == all.numbers.end());
    CHECK(all.lost == 0);
  });

  REQUIRE(node.ask<std::uint64_t>("a", PublishMany{"quotes", 5'000, false}).has_value());
  CHECK(newest.gate.until([&] {
    return std::count_if(newest.numbers.begin(), newest.numbers.end(),
                         [](std::uint64_t n) { return n > 4'992; })
           >= 8;
  }));

  // The other way round: the peer subscribes to nothing, so nothing waits for it here.
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    node.cluster->bus()->publish({"local", Delivery::LOSSLESS}, "k", caf::make_message(Echo{}));
  }
  CHECK(node.cluster->bus()->stats().waiting_bytes == 0);
  caf::anon_send_exit(lossless, caf::exit_reason::kill);
  caf::anon_send_exit(conflated, caf::exit_reason::kill);
}

TEST_CASE("cluster: round trips and batched items between two processes keep their pace") {
  Collected all; // outlives the actors that write to it
  const Directory directory;
  Process a{"a", directory.path + "/ca", "127.0.0.1:0", {}};
  Node node{directory.path + "/ca", {a.address()}};
  REQUIRE(node.reaches("a"));
  caf::scoped_actor asker{node.system};
  const auto gateway = node.cluster->placement()->gateway("a");
  std::vector<std::int64_t> times_ns;
  for (int i = 0; i < 2'000; ++i) {
    const auto from = core::monotonic_ns();
    asker->request(gateway, 10s, Routed{"echo", "", 1, caf::make_message(Echo{})})
      .receive([](const Echo&) {}, [](const caf::error&) { FAIL("no answer"); });
    times_ns.push_back(core::monotonic_ns() - from);
  }
  std::nth_element(times_ns.begin(), times_ns.begin() + 1'000, times_ns.end());
  const auto lossless = node.system.spawn(collector, &all);
  node.cluster->bus()->subscribe({"trades", Delivery::LOSSLESS}, lossless);
  REQUIRE(subscribed(node, all));
  const auto from = core::monotonic_ns();
  REQUIRE(node.ask<std::uint64_t>("a", PublishMany{"trades", 50'000, true}).has_value());
  CHECK(all.whole(50'000, 60s));
  const auto took_ns = core::monotonic_ns() - from;
  all.gate.change([&] { CHECK(all.lost == 0); });
  MESSAGE("round trip p50 ", times_ns[1'000] / 1'000, " us, ", 50'000'000'000'000 / took_ns,
          " items/s");
  caf::anon_send_exit(lossless, caf::exit_reason::kill);
}
