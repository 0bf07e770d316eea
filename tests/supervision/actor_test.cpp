#include "supervision/message_class.hpp"
#include "support.hpp"

using namespace test;
using Lines = std::vector<std::string>;

namespace {

template <class... Ts>
void send_high(const caf::actor& to, Ts&&... values) {
  caf::anon_send<caf::message_priority::high>(to, std::forward<Ts>(values)...);
}

} // namespace

TEST_CASE("actor: a full mailbox refuses requests and parks one-way messages") {
  World world;
  const auto log = make_log();
  const auto full = world.spawn({.path = "x/full", .mailbox_cap = 3}, worker, log);
  for (int i = 0; i < 5; ++i) {
    caf::anon_send(full, Note{i});
  }
  auto answer = core::Errc::NONE;
  world.actors.push_back(world.system.spawn([&](caf::event_based_actor* self) {
    self->request(full, caf::infinite, GetValue{1})
      .then([](int) { FAIL("the mailbox was full"); },
            [&](caf::error& error) { answer = core::from_caf(error).code; });
  }));
  world.scheduler.prioritize(world.actors.back());
  world.scheduler.run_once();
  send_high(full, Note{100});
  const auto info = world.rt.actors.actor("x/full");
  REQUIRE(info);
  CHECK(info->mailbox == 4);
  CHECK(info->mailbox_cap == 3);
  CHECK(info->rejected == 3);
  world.run();
  CHECK(*log == Lines{"start x/full", "note 100", "note 0", "note 1", "note 2"});
  CHECK(answer == core::Errc::OVERLOADED);
  CHECK(world.letters("mailbox full") == 2);
  const auto after = world.rt.actors.actor("x/full");
  REQUIRE(after);
  CHECK(after->mailbox == 0);
  CHECK(after->handled == 4);
}

TEST_CASE("actor: exit passes a full mailbox before what waits") {
  World world;
  const auto log = make_log();
  const auto tree = world.tree({.name = "s", .children = {child("a", log)}});
  for (int i = 0; i < 10; ++i) {
    world.send("s/a", Note{i});
  }
  log->clear();
  caf::anon_send_exit(tree, caf::exit_reason::user_shutdown);
  world.scheduler.prioritize(tree);
  world.run();
  CHECK(log->back() == "end s/a");
  CHECK(log->size() + world.letters("stopped") == 11);
}

TEST_CASE("actor: what it does not handle is a dead letter and an error to the asker") {
  World world;
  const auto log = make_log();
  const auto actor = world.spawn({.path = "x/y"}, worker, log);
  caf::anon_send(actor, std::string{"hello"});
  world.run();
  const auto letter = world.rt.dead_letters.tail(1).at(0);
  CHECK(letter.reason == "unhandled");
  CHECK(letter.to == "x/y");
  CHECK(letter.type == "@str");
  CHECK(letter.text.find("hello") != std::string::npos);
}

TEST_CASE("actor: messages after its end are counted and requests answered") {
  World world;
  const auto log = make_log();
  const auto actor = world.spawn({.path = "x/y"}, worker, log);
  caf::anon_send(actor, Note{1});
  caf::anon_send_exit(actor, caf::exit_reason::kill);
  caf::anon_send(actor, Note{2});
  world.run();
  caf::anon_send(actor, Note{3});
  CHECK(world.letters("down") == 1);
  CHECK(world.letters("stopped") + log->size() == 4); // start, end and what was handled
  CHECK_FALSE(world.rt.actors.actor("x/y"));
}

TEST_CASE("actor: helpers appear below their parent") {
  World world;
  const auto log = make_log();
  caf::actor helper;
  world.spawn({.path = "svc/main"}, [&](sup::Actor* self) -> caf::behavior {
    helper = self->spawn(worker, log);
    return {[](const Note&) {}};
  });
  REQUIRE(log->size() == 1);
  CHECK(log->at(0).rfind("start svc/main/~", 0) == 0);
  CHECK(sup::as_actor(helper)->service() == "svc");
  CHECK(&sup::as_actor(helper)->runtime() == &world.rt);
  caf::anon_send_exit(helper, caf::exit_reason::kill);
}

TEST_CASE("actor: counters hold handled, sent and the time in handlers") {
  World world;
  const auto log = make_log();
  const auto sink = world.spawn({.path = "x/sink"}, worker, log);
  const auto source = world.spawn({.path = "x/source"}, [&](sup::Actor* self) -> caf::behavior {
    return {[self, sink](const Note& note) { self->send(sink, note); }};
  });
  for (int i = 0; i < 10; ++i) {
    caf::anon_send(source, Note{i});
  }
  world.run();
  const auto info = world.rt.actors.actor("x/source");
  REQUIRE(info);
  CHECK(info->handled == 10);
  CHECK(info->received == 10);
  CHECK(info->sent == 10);
  CHECK(info->busy_s > 0.0);
  CHECK(info->p50_us > 0.0);
  CHECK(info->p99_us >= info->p50_us);
  CHECK(info->max_us > 0.0);
  CHECK(info->current_message.empty());
  CHECK(core::json::encode(*info).find("\"state\":\"RUNNING\"") != std::string::npos);
}

TEST_CASE("order class: passes a full mailbox, waits for a child that is down, alerts when lost") {
  sup::declare_order_class<Risky>();
  sup::declare_order_class<Risky>();
  CHECK(sup::message_class(sup::message_type<Risky>()) == sup::MessageClass::ORDER);
  CHECK(sup::message_class(sup::message_type<Note>()) == sup::MessageClass::ORDINARY);
  World world;
  const auto log = make_log();
  auto small = child("a", log);
  small.mailbox_cap = 1;
  const auto tree = world.tree({.name = "s", .children = {small}});
  const sup::ServiceRef ref{world.rt.registry, "s/a"};
  for (int i = 0; i < 3; ++i) {
    ref.send(Note{i});
    ref.send(Risky{});
  }
  log->clear();
  world.run();
  CHECK(*log == Lines{"note 0", "risky at 1", "risky at 1", "risky at 1"});
  CHECK(world.letters("mailbox full") == 2);

  ref.send(Crash{"x"});
  world.run();
  CHECK(ref.send(Risky{})); // held without the spec saying so
  CHECK_FALSE(ref.send(Note{9}));
  log->clear();
  world.advance(100ms);
  CHECK(*log == Lines{"start s/a", "risky at 2"});
  CHECK(world.rt.dead_letters.alerts() == 0);

  CHECK_FALSE(sup::ServiceRef(world.rt.registry, "no/such").send(Risky{}));
  CHECK(world.rt.dead_letters.alerts() == 1);
  CHECK(world.rt.dead_letters.tail(1).at(0).alert);
  ref.send(Risky{.crashes_until_epoch = 9}); // a poison message of order class is parked, not tried
  world.run();
  CHECK(world.rt.dead_letters.alerts() == 2);
  CHECK(world.rt.dead_letters.tail(1).at(0).reason == "crashed");
}

TEST_CASE("dead letters: say what caused them and how large they were") {
  World world;
  const auto log = make_log();
  const auto source = world.spawn({.path = "x/source"}, [&](sup::Actor*) -> caf::behavior {
    return {[&](const Note&) {
              sup::ServiceRef(world.rt.registry, "no/such").send(std::string(100, 'x'));
            },
            [](const std::string&) {}};
  });
  caf::anon_send(source, std::string{"first"});
  caf::anon_send(source, Note{1});
  world.run();
  const auto inside = world.rt.dead_letters.tail(1).at(0);
  CHECK(inside.cause == "x/source@1#2");
  CHECK(inside.size >= 100);
  CHECK(inside.size < 120);
  sup::ServiceRef(world.rt.registry, "no/such").send(Note{1});
  const auto outside = world.rt.dead_letters.tail(1).at(0);
  CHECK(outside.cause.empty());
  CHECK(outside.size == outside.text.size()); // cannot travel
}

TEST_CASE("dead letters: a ring of 4096 with exact counters") {
  core::ManualClock clock{core::Timestamp{5}};
  sup::DeadLetters letters{clock};
  std::size_t observed = 0;
  letters.observe([&](const sup::DeadLetter&) { ++observed; });
  for (int i = 0; i < 5000; ++i) {
    letters.add("from", i % 2 == 0 ? "a" : "b", "down", caf::make_message(std::string(1000, 'x')));
  }
  CHECK(observed == 5000);
  CHECK(letters.total() == 5000);
  CHECK(letters.tail(10'000).size() == 4096);
  CHECK(letters.tail(1).at(0).id == 5000);
  CHECK_FALSE(letters.get(904));
  REQUIRE(letters.get(905));
  CHECK(letters.get(905)->at.ns == 5);
  const auto counts = letters.counts();
  REQUIRE(counts.size() == 2);
  CHECK(counts[0].count == 2500);
  CHECK(counts[0].type == "@str");
  letters.add_text("", "venue", "Order", "refused", std::string(2000, 'y'));
  CHECK(letters.tail(1).at(0).text.size() == 512);
  CHECK(letters.tail(1).at(0).size == 2000);
}

TEST_CASE("dead letters: the number of counters is bounded") {
  core::ManualClock clock;
  sup::DeadLetters letters{clock};
  for (int i = 0; i < 3000; ++i) {
    letters.add_text("", "to " + std::to_string(i), "T", "down", "");
  }
  CHECK(letters.counts().size() == sup::DeadLetters::counters_max + 1);
  std::uint64_t sum = 0;
  for (const auto& count : letters.counts()) {
    sum += count.count;
  }
  CHECK(sum == 3000);
}

TEST_CASE("registry: names follow restarts and epochs grow") {
  World world;
  const auto log = make_log();
  world.tree({.name = "s", .children = {child("a", log)}});
  const sup::ServiceRef ref{world.rt.registry, "s/a"};
  const auto first = ref.actor();
  CHECK(ref.send(Crash{"x"}));
  world.run();
  CHECK_FALSE(ref.actor());
  CHECK(ref.entry().epoch == 1);
  CHECK_FALSE(ref.send(Note{1}));
  CHECK(world.letters("down") == 1);
  world.advance(100ms);
  CHECK(ref.actor() != first);
  CHECK(ref.entry().epoch == 2);
  CHECK(ref.send(Note{2}));
  world.run();
  CHECK(log->back() == "note 2");
  CHECK_FALSE(sup::ServiceRef(world.rt.registry, "no/such").send(Note{3}));
}

TEST_CASE("registry: messages are held for the replacement up to the spec's limit") {
  World world;
  const auto log = make_log();
  auto held = child("a", log);
  held.hold = 2;
  world.tree({.name = "s", .children = {held}});
  const sup::ServiceRef ref{world.rt.registry, "s/a"};
  CHECK(ref.send(Crash{"x"}));
  world.run();
  log->clear();
  CHECK(ref.send(Note{1}));
  CHECK(ref.send(Note{2}));
  CHECK_FALSE(ref.send(Note{3}));
  world.advance(100ms);
  CHECK(*log == Lines{"start s/a", "note 1", "note 2"});
  CHECK(world.letters("down") == 1);
}

TEST_CASE("registry: fronts by service") {
  World world;
  const auto log = make_log();
  world.tree({.name = "s", .children = {child("a", log)}});
  CHECK_FALSE(world.rt.registry.front("alpha").actor);
  world.rt.registry.set_front("alpha", "s/a");
  CHECK(world.rt.registry.front("alpha").actor == world.rt.registry.find("s/a").actor);
  CHECK(world.rt.registry.services() == Lines{"alpha"});
  CHECK(sup::tell(world.rt, "alpha", "", caf::make_message(Note{4})));
  world.run();
  CHECK(log->back() == "note 4");
  world.rt.registry.clear_front("alpha");
  CHECK_FALSE(sup::tell(world.rt, "alpha", "", caf::make_message(Note{5})));
  CHECK(world.letters("no front") == 1);
}

TEST_CASE("health: ready when every condition holds and degraded beside it") {
  sup::Health health;
  CHECK_FALSE(health.ready());
  health.set("supervisors", true);
  health.set("view", false, "no seed answers");
  CHECK_FALSE(health.ready());
  health.set_degraded("cache", "redis is down");
  const auto report = health.report();
  CHECK(report.live);
  REQUIRE(report.conditions.size() == 2);
  CHECK(report.conditions[1].reason == "no seed answers");
  CHECK(report.degraded.size() == 1);
  health.set("view", true);
  CHECK(health.ready());
  health.clear_degraded("cache");
  CHECK(health.report().degraded.empty());
  CHECK_FALSE(health.loaded("regime").has_value());
  health.set_loaded("regime", {.epoch = 3, .waiting = 2});
  CHECK(health.loaded("regime")->epoch == 3);
  CHECK(health.loaded("regime")->waiting == 2);
  CHECK(health.begin_ping(core::monotonic_ns() - 2'000'000'000));
  CHECK_FALSE(health.live());
  CHECK_FALSE(health.begin_ping(core::monotonic_ns()));
  health.end_ping(core::monotonic_ns());
  CHECK(health.live());
  CHECK(health.canary() >= 2s);
}
