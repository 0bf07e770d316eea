#include "eventually.hpp"
#include "supervision/message_class.hpp"
#include "support.hpp"

#include <array>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

using namespace test;

namespace {

struct ThreadsConfig : caf::actor_system_config {
  ThreadsConfig() {
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", 4);
    set("scheduler.max-throughput", 300);
    sup::add_message_types(*this);
  }
};

/// A handler that stands still until the test lets it go.
struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
  std::atomic<int> inside{0};
  void pass() {
    ++inside;
    std::unique_lock lock{mutex};
    changed.wait(lock, [this] { return open; });
  }
  void release() {
    {
      const std::lock_guard lock{mutex};
      open = true;
    }
    changed.notify_all();
  }
};

struct Real {
  ThreadsConfig config;
  caf::actor_system system{config};
  core::SystemClock clock;
  sup::LocalRuntime local{system, clock, {.node = "real", .seed = 3}};
  sup::Runtime& rt = local.runtime();
  ~Real() { system.await_actors_before_shutdown(false); }
};

struct Ping {
  std::shared_ptr<std::promise<std::thread::id>> answer;
};
/// Takes some time.
struct Chore {
  int number = 0;
};
/// Of order class.
struct Fill {
  int number = 0;
};

} // namespace

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(Ping)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(Chore)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(Fill)

namespace {

caf::behavior blocker(sup::Actor*, std::shared_ptr<Gate> gate) {
  return {
    [gate](const Note& note) {
      if (note.value < 0) {
        gate->pass();
      }
    },
    [](const Crash& crash) { throw std::runtime_error(crash.text); },
    [](const Ping& ping) { ping.answer->set_value(std::this_thread::get_id()); },
  };
}

sup::ChildSpec blocking_child(const std::string& name, const std::shared_ptr<Gate>& gate) {
  sup::ChildSpec spec;
  spec.name = name;
  spec.start = [gate](sup::StartContext& context) { return context.spawn(blocker, gate); };
  spec.backoff.min = 0ns;
  spec.health_deadline = 300ms; // a handler may well be kept from running for some of it
  return spec;
}

} // namespace

TEST_CASE(
  "watchdog: a stuck child is given up, replaced, and passes its queue on when it returns") {
  const auto gate = std::make_shared<Gate>();
  Real real;
  std::atomic<int> escalations{0};
  sup::RootSupervisor root{real.rt,
                           {.name = "root", .children = {blocking_child("stuck", gate)}},
                           [&](const std::string&) { ++escalations; },
                           {.watchdog = {.interval = 5ms}}};
  REQUIRE(
    test::eventually([&] { return static_cast<bool>(real.rt.registry.find("stuck").actor); }));
  const auto first = real.rt.registry.find("stuck").actor;
  const auto late = std::make_shared<std::promise<std::thread::id>>();
  caf::anon_send(first, Note{-1});
  caf::anon_send(first, Ping{late});
  REQUIRE(test::eventually([&] { return real.rt.registry.find("stuck").epoch >= 2; }));
  CHECK(real.rt.actors.zombies() == 1);
  CHECK(real.rt.actors.ends("stuck").at(0).reason == "stuck");
  CHECK(real.rt.actors.ends("stuck").at(0).last_message == "Note");
  const auto answer = std::make_shared<std::promise<std::thread::id>>();
  real.rt.registry.send("stuck", caf::make_message(Ping{answer}));
  REQUIRE(answer->get_future().wait_for(20s) == std::future_status::ready);
  CHECK(real.rt.actors.actor("stuck")->detached);
  CHECK(root.stop(20s) == std::vector<std::string>{"stuck"}); // the zombie
  gate->release();
  CHECK(test::eventually([&] { return real.rt.actors.zombies() == 0; }));
  CHECK(escalations == 0);
}

TEST_CASE("watchdog: what waited for a zombie reaches its replacement") {
  const auto gate = std::make_shared<Gate>();
  Real real;
  sup::RootSupervisor root{real.rt,
                           {.name = "root", .children = {blocking_child("stuck", gate)}},
                           {},
                           {.watchdog = {.interval = 5ms}}};
  REQUIRE(
    test::eventually([&] { return static_cast<bool>(real.rt.registry.find("stuck").actor); }));
  const auto late = std::make_shared<std::promise<std::thread::id>>();
  const auto first = real.rt.registry.find("stuck").actor;
  caf::anon_send(first, Note{-1});
  caf::anon_send(first, Ping{late});
  REQUIRE(test::eventually([&] { return real.rt.registry.find("stuck").epoch >= 2; }));
  gate->release();
  CHECK(late->get_future().wait_for(20s) == std::future_status::ready);
  CHECK(root.stop(20s).empty());
}

TEST_CASE("watchdog: zombies on all but two scheduler threads end the node") {
  const auto gate = std::make_shared<Gate>();
  Real real;
  std::mutex mutex;
  std::string last_line;
  sup::RootSupervisor root{
    real.rt,
    {.name = "root", .children = {blocking_child("a", gate), blocking_child("b", gate)}},
    [&](const std::string& line) {
      const std::lock_guard lock{mutex};
      last_line = line;
    },
    {.watchdog = {.interval = 5ms}}};
  REQUIRE(test::eventually([&] { return static_cast<bool>(real.rt.registry.find("b").actor); }));
  real.rt.registry.send("a", caf::make_message(Note{-1}));
  real.rt.registry.send("b", caf::make_message(Note{-1}));
  CHECK(test::eventually([&] {
    const std::lock_guard lock{mutex};
    return last_line == "stuck handlers hold 2 of 4 scheduler threads";
  }));
  gate->release();
  CHECK(test::eventually([&] { return real.rt.actors.zombies() == 0; }));
  CHECK(root.stop(20s).empty());
}

TEST_CASE("watchdog: a stop with a stuck handler ends in time") {
  const auto gate = std::make_shared<Gate>();
  Real real;
  auto spec = blocking_child("stuck", gate);
  spec.health_deadline = 0ns; // nobody looks until the stop
  spec.shutdown = 50ms;
  sup::RootSupervisor root{real.rt, {.name = "root", .children = {spec}}, {}, {.watch = false}};
  REQUIRE(
    test::eventually([&] { return static_cast<bool>(real.rt.registry.find("stuck").actor); }));
  real.rt.registry.send("stuck", caf::make_message(Note{-1}));
  REQUIRE(test::eventually([&] { return gate->inside == 1; }));
  const auto before = std::chrono::steady_clock::now();
  CHECK(root.stop(10s) == std::vector<std::string>{"stuck"});
  CHECK(std::chrono::steady_clock::now() - before < 9s);
  CHECK(root.stopped());
  gate->release();
  CHECK(test::eventually([&] { return real.rt.actors.zombies() == 0; }));
}

TEST_CASE("threads: a flooded actor does not stop the others and its memory is bounded") {
  const auto gate = std::make_shared<Gate>();
  Real real;
  auto flooded = blocking_child("flooded", gate);
  flooded.mailbox_cap = 1000;
  flooded.health_deadline = 0ns;
  sup::RootSupervisor root{real.rt,
                           {.name = "root", .children = {flooded, blocking_child("other", gate)}},
                           {},
                           {.watch = false}};
  REQUIRE(
    test::eventually([&] { return static_cast<bool>(real.rt.registry.find("other").actor); }));
  real.rt.registry.send("flooded", caf::make_message(Note{-1}));
  REQUIRE(test::eventually([&] { return gate->inside == 1; }));
  for (int i = 0; i < 20'000; ++i) {
    real.rt.registry.send("flooded", caf::make_message(Note{i}));
  }
  CHECK(real.rt.actors.actor("flooded")->mailbox <= 1001);
  CHECK(real.rt.actors.actor("flooded")->rejected >= 18'999);
  const auto answer = std::make_shared<std::promise<std::thread::id>>();
  real.rt.registry.send("other", caf::make_message(Ping{answer}));
  CHECK(answer->get_future().wait_for(20s) == std::future_status::ready);
  gate->release();
  CHECK(root.stop(20s).empty());
}

TEST_CASE("threads: far more than can be handled is survived, orders whole, and recovered from") {
  sup::declare_order_class<Fill>();
  constexpr std::size_t cap = 200;
  constexpr int workers = 4;
  constexpr int offers = 100'000;
  constexpr int fill_every = 100;
  std::array<std::atomic<int>, workers> fills{};
  std::atomic<bool> in_order{true};
  Real real;
  sup::SupervisorSpec tree{.name = "root"};
  for (int i = 0; i < workers; ++i) {
    sup::ChildSpec spec;
    spec.name = "w" + std::to_string(i);
    spec.mailbox_cap = cap;
    spec.start = [&, i](sup::StartContext& context) {
      return context.spawn([&, i](sup::Actor*) -> caf::behavior {
        return {
          [](const Chore&) {
            const auto end = core::monotonic_ns() + 50'000;
            while (core::monotonic_ns() < end) {
            }
          },
          [&, i](const Fill& fill) {
            in_order = in_order && fill.number == fills[static_cast<std::size_t>(i)].fetch_add(1);
          },
          [](const Ping& ping) { ping.answer->set_value(std::this_thread::get_id()); },
        };
      });
    };
    tree.children.push_back(std::move(spec));
  }
  sup::RootSupervisor root{real.rt, std::move(tree), {}, {.watch = false}};
  REQUIRE(test::eventually([&] { return static_cast<bool>(real.rt.registry.find("w3").actor); }));
  std::uint64_t deepest = 0;
  for (int i = 0; i < offers; ++i) {
    const auto path = "w" + std::to_string(i % workers);
    real.rt.registry.send(path, caf::make_message(Chore{i}));
    if (i / workers % fill_every == 0) {
      real.rt.registry.send(path, caf::make_message(Fill{i / workers / fill_every}));
    }
    deepest = std::max(deepest, real.rt.actors.find(path)->depth());
  }
  constexpr std::uint64_t fills_each = offers / workers / fill_every;
  CHECK(deepest <= cap + fills_each);
  CHECK(real.rt.actors.actor("w0")->rejected > 0);
  for (int i = 0; i < workers; ++i) {
    const auto path = "w" + std::to_string(i);
    CHECK(test::eventually([&] { return real.rt.actors.find(path)->depth() == 0; }));
    CHECK(static_cast<std::uint64_t>(fills[static_cast<std::size_t>(i)].load()) == fills_each);
    const auto answer = std::make_shared<std::promise<std::thread::id>>();
    real.rt.registry.send(path, caf::make_message(Ping{answer}));
    CHECK(answer->get_future().wait_for(20s) == std::future_status::ready);
  }
  CHECK(in_order);
  CHECK(real.rt.dead_letters.alerts() == 0);
  CHECK(root.stop(20s).empty());
}

TEST_CASE("threads: the health canary answers") {
  Real real;
  sup::RootSupervisor root{real.rt, {.name = "root"}, {}, {.watchdog = {.interval = 1ms}}};
  CHECK(test::eventually([&] { return real.rt.health.canary() > 0ns; }));
  CHECK(real.rt.health.live());
  CHECK(test::eventually([&] { return real.rt.health.ready(); }));
  CHECK(root.stop(20s).empty());
  CHECK_FALSE(real.rt.health.ready());
}

TEST_CASE("threads: an actor with slow handlers gives its thread back after a few of them") {
  VirtualConfig config;
  caf::actor_system system{config};
  core::SystemClock clock;
  sup::LocalRuntime local{system, clock, {.node = "turns", .allow_detached = false}};
  auto& rt = local.runtime();
  int handled = 0;
  caf::actor actor;
  {
    sup::Identity identity{.path = "x/slow"};
    identity.runtime = std::shared_ptr<sup::Runtime>(rt.keep_alive.lock(), &rt);
    const sup::SpawnScope scope{std::move(identity)};
    actor = system.spawn([&](sup::Actor*) -> caf::behavior {
      return {[&](const Note& note) {
        ++handled;
        const auto end = core::monotonic_ns() + std::int64_t{note.value} * 1'000'000;
        while (core::monotonic_ns() < end) {
        }
      }};
    });
  }
  auto& scheduler = dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  scheduler.run();
  caf::anon_send(actor, Note{2}); // 2 ms
  scheduler.run();
  REQUIRE(handled == 1);
  for (int i = 0; i < 3; ++i) {
    caf::anon_send(actor, Note{2});
  }
  auto* const job = scheduler.jobs.front();
  scheduler.jobs.pop_front();
  class Unit final : public caf::execution_unit {
  public:
    using execution_unit::execution_unit;
    void exec_later(caf::resumable*) override {}
  } unit{&system};
  CHECK(job->resume(&unit, 300) == caf::resumable::resume_later);
  CHECK(handled == 2); // of 300 that it might have
  scheduler.jobs.push_back(job);
  scheduler.run();
  CHECK(handled == 4);
  caf::anon_send_exit(actor, caf::exit_reason::kill);
  scheduler.run();
}

TEST_CASE("threads: a crashed child is back at once where its back-off is 0") {
  const auto gate = std::make_shared<Gate>();
  Real real;
  sup::RootSupervisor root{
    real.rt,
    {.name = "root", .intensity = 1000, .children = {blocking_child("a", gate)}},
    {},
    {.watch = false}};
  REQUIRE(test::eventually([&] { return real.rt.registry.find("a").epoch == 1; }));
  std::vector<std::int64_t> took;
  for (std::uint64_t epoch = 2; epoch < 102; ++epoch) {
    const auto before = core::monotonic_ns();
    real.rt.registry.send("a", caf::make_message(Crash{"drill"}));
    REQUIRE(test::eventually([&] { return real.rt.registry.find("a").epoch == epoch; }));
    took.push_back(core::monotonic_ns() - before);
  }
  std::sort(took.begin(), took.end());
  MESSAGE("restart behind a stable reference: p50 ", took[50] / 1000, " us, p99 ", took[98] / 1000,
          " us");
  CHECK(root.stop(20s).empty());
}
