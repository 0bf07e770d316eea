#include "support.hpp"

#include <rapidcheck.h>

using namespace test;
using sup::ChildSpec;
using sup::Restart;
using sup::Strategy;
using Lines = std::vector<std::string>;

namespace {

sup::SupervisorSpec abc(Strategy strategy, const Log& log) {
  return {.name = "s",
          .strategy = strategy,
          .children = {child("a", log), child("b", log), child("c", log)}};
}

} // namespace

TEST_CASE("supervisor: starts in order and stops in reverse order") {
  World world;
  const auto log = make_log();
  const auto tree = world.tree(abc(Strategy::one_for_one, log));
  CHECK(*log == Lines{"start s/a", "start s/b", "start s/c"});
  log->clear();
  caf::anon_send_exit(tree, caf::exit_reason::user_shutdown);
  world.run();
  CHECK(*log == Lines{"end s/c", "end s/b", "end s/a"});
  CHECK(world.state("s/a") == "STOPPED");
  CHECK_FALSE(world.rt.registry.find("s/a").actor);
}

TEST_CASE("supervisor: one_for_one restarts the crashed child alone") {
  World world;
  const auto log = make_log();
  world.tree(abc(Strategy::one_for_one, log));
  log->clear();
  world.send("s/b", Crash{"bad"});
  world.run();
  CHECK(*log == Lines{"crash bad", "end s/b"});
  CHECK(world.state("s/b") == "RESTARTING");
  world.advance(90ms);
  CHECK(log->size() == 2);
  world.advance(10ms);
  CHECK(*log == Lines{"crash bad", "end s/b", "start s/b"});
  CHECK(world.rt.registry.find("s/b").epoch == 2);
  CHECK(world.rt.registry.find("s/a").epoch == 1);
}

TEST_CASE("supervisor: rest_for_one restarts the crashed child and those after it") {
  World world;
  const auto log = make_log();
  world.tree(abc(Strategy::rest_for_one, log));
  log->clear();
  world.send("s/b", Crash{"bad"});
  world.advance(100ms);
  CHECK(*log == Lines{"crash bad", "end s/b", "end s/c", "start s/b", "start s/c"});
}

TEST_CASE("supervisor: one_for_all restarts all in order") {
  World world;
  const auto log = make_log();
  world.tree(abc(Strategy::one_for_all, log));
  log->clear();
  world.send("s/b", Crash{"bad"});
  world.advance(100ms);
  CHECK(
    *log
    == Lines{"crash bad", "end s/b", "end s/c", "end s/a", "start s/a", "start s/b", "start s/c"});
}

TEST_CASE("supervisor: an earlier crash while a group restarts widens the group") {
  World world;
  const auto log = make_log();
  world.tree(abc(Strategy::rest_for_one, log));
  log->clear();
  world.send("s/c", Crash{"c"});
  world.run();
  world.send("s/a", Crash{"a"});
  world.advance(200ms);
  CHECK(*log
        == Lines{"crash c", "end s/c", "crash a", "end s/a", "end s/b", "start s/a", "start s/b",
                 "start s/c"});
}

TEST_CASE("supervisor: permanent, transient and temporary children end by their rules") {
  World world;
  const auto log = make_log();
  auto spec = abc(Strategy::one_for_one, log);
  spec.children[1].restart = Restart::transient;
  spec.children[2].restart = Restart::temporary;
  world.tree(spec);
  const auto end_normally = [&](const std::string& path) {
    caf::anon_send_exit(world.rt.registry.find(path).actor, caf::exit_reason::user_shutdown);
    world.advance(200ms);
    return world.state(path);
  };
  CHECK(end_normally("s/a") == "RUNNING");
  CHECK(end_normally("s/b") == "STOPPED");
  CHECK(sup::restart_child(world.rt, "s/b"));
  world.run();
  CHECK(world.state("s/b") == "RUNNING");
  world.send("s/b", Crash{"b"});
  world.send("s/c", Crash{"c"});
  world.advance(200ms);
  CHECK(world.state("s/b") == "RUNNING");
  CHECK(world.state("s/c") == "STOPPED");
}

TEST_CASE("supervisor: more restarts than its intensity escalate to the parent") {
  World world;
  const auto log = make_log();
  auto inner = abc(Strategy::one_for_one, log);
  inner.intensity = 2;
  for (auto& item : inner.children) {
    item.backoff.min = 0ns;
  }
  auto inner_child = sup::supervise(inner);
  inner_child.backoff = {.min = 50ms, .jitter = 0.0};
  world.tree({.name = "top", .children = {inner_child, child("d", log)}});
  for (int i = 0; i < 2; ++i) {
    world.send("top/s/a", Crash{"a"});
    world.run();
  }
  CHECK(world.rt.registry.find("top/s/a").epoch == 3);
  CHECK(world.rt.registry.find("top/s").epoch == 1);
  log->clear();
  world.send("top/s/a", Crash{"a"});
  world.run();
  CHECK(*log == Lines{"crash a", "end top/s/a", "end top/s/c", "end top/s/b"});
  CHECK(world.state("top/s") == "RESTARTING");
  world.advance(50ms);
  CHECK(world.rt.registry.find("top/s").epoch == 2);
  CHECK(world.rt.registry.find("top/s/a").epoch == 4);
  CHECK(world.rt.registry.find("top/d").epoch == 1);
  const auto ends = world.rt.actors.ends("top/s");
  REQUIRE(ends.size() == 1);
  CHECK(ends[0].error.find("gives up: 3 restarts within 10000 ms, the last of top/s/a")
        != std::string::npos);
}

TEST_CASE("supervisor: restarts spread over more than the period do not escalate") {
  World world;
  const auto log = make_log();
  auto spec = abc(Strategy::one_for_one, log);
  spec.intensity = 1;
  spec.period = 1s;
  world.tree(spec);
  for (int i = 0; i < 5; ++i) {
    world.send("s/a", Crash{"a"});
    world.advance(8s);
  }
  CHECK(world.rt.registry.find("s/a").epoch == 6);
}

TEST_CASE("supervisor: the root's escalation is called once with a last line") {
  World world;
  const auto log = make_log();
  auto spec = abc(Strategy::one_for_one, log);
  spec.intensity = 0;
  std::vector<std::string> lines;
  sup::RootSupervisor root{
    world.rt, spec, [&](const std::string& line) { lines.push_back(line); }, {.watch = false}};
  world.run();
  CHECK(world.rt.health.ready());
  world.send("a", Crash{"fatal"});
  world.run();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("supervisor root gives up") != std::string::npos);
  CHECK(lines[0].find("fatal") != std::string::npos);
  CHECK(root.stopped());
}

TEST_CASE("backoff: doubles from min to max and varies by its jitter") {
  const sup::Backoff plain{.min = 100ms, .max = 1s, .jitter = 0.0};
  const std::vector<std::chrono::nanoseconds> wanted{100ms, 200ms, 400ms, 800ms, 1s, 1s};
  for (unsigned i = 0; i < wanted.size(); ++i) {
    CHECK(plain.delay(i, 0.7) == wanted[i]);
  }
  const sup::Backoff varied{.min = 100ms};
  CHECK(varied.delay(0, 0.0) == 80ms);
  CHECK(varied.delay(0, 0.5) == 100ms);
  CHECK(varied.delay(1, 1.0) == 240ms);
  CHECK(varied.delay(1000, 0.5) == 10s);
}

TEST_CASE("supervisor: the delay between restarts grows and begins anew after a long run") {
  World world;
  const auto log = make_log();
  auto spec = abc(Strategy::one_for_one, log);
  spec.intensity = 100;
  world.tree(spec);
  const auto delay = [&] {
    const auto epoch = world.rt.registry.find("s/a").epoch;
    world.send("s/a", Crash{"a"});
    std::chrono::milliseconds waited{0};
    while (world.rt.registry.find("s/a").epoch == epoch) {
      world.advance(10ms);
      waited += 10ms;
    }
    return waited;
  };
  CHECK(delay() == 100ms);
  CHECK(delay() == 200ms);
  CHECK(delay() == 400ms);
  world.advance(30s);
  CHECK(delay() == 100ms);
}

namespace {

/// Ignores requests to end; only a kill ends it.
caf::behavior stubborn(sup::Actor* self, Log log) {
  self->set_exit_handler([log](const caf::exit_msg&) { log->push_back("asked"); });
  return {[](const Note&) {}};
}

} // namespace

TEST_CASE("supervisor: a child that does not stop is killed at its deadline") {
  World world;
  const auto log = make_log();
  auto spec = abc(Strategy::one_for_one, log);
  spec.children[1].start = [log](sup::StartContext& context) {
    return context.spawn(stubborn, log);
  };
  spec.children[1].shutdown = 300ms;
  const auto tree = world.tree(spec);
  log->clear();
  caf::anon_send_exit(tree, caf::exit_reason::user_shutdown);
  world.advance(290ms);
  CHECK(*log == Lines{"end s/c", "asked"});
  world.advance(10ms);
  CHECK(*log == Lines{"end s/c", "asked", "end s/a"});
  const auto ends = world.rt.actors.ends("s/b");
  REQUIRE(ends.size() == 1);
  CHECK(ends[0].reason == "kill");
}

TEST_CASE("supervisor: a crashing one-way message is parked and the queue passes on") {
  World world;
  const auto log = make_log();
  world.tree(abc(Strategy::one_for_one, log));
  log->clear();
  world.send("s/a", Note{1});
  world.send("s/a", Crash{"bad"});
  world.send("s/a", Note{2});
  world.send("s/a", Note{3});
  world.advance(100ms);
  CHECK(*log == Lines{"note 1", "crash bad", "end s/a", "start s/a", "note 2", "note 3"});
  REQUIRE(world.rt.dead_letters.total() == 1);
  const auto letter = world.rt.dead_letters.tail(1).at(0);
  CHECK(letter.to == "s/a");
  CHECK(letter.type == "Crash");
  CHECK(letter.reason == "crashed");
}

TEST_CASE("supervisor: an idempotent message is tried once more and parked when it crashes twice") {
  World world;
  const auto log = make_log();
  auto spec = abc(Strategy::one_for_one, log);
  spec.children[0].idempotent = sup::idempotent<Risky>();
  world.tree(spec);
  log->clear();
  world.send("s/a", Risky{2});
  world.advance(100ms);
  CHECK(*log == Lines{"risky at 1", "end s/a", "start s/a", "risky at 2"});
  CHECK(world.rt.dead_letters.total() == 0);
  log->clear();
  world.send("s/a", Risky{99});
  world.advance(2s);
  CHECK(*log == Lines{"risky at 2", "end s/a", "start s/a", "risky at 3", "end s/a", "start s/a"});
  CHECK(world.letters("crashed twice") == 1);
}

TEST_CASE("supervisor: queued requests of a crashed child are answered at once and never run") {
  World world;
  const auto log = make_log();
  world.tree(abc(Strategy::one_for_one, log));
  world.rt.registry.set_front("alpha", "s/a");
  std::vector<core::Errc> codes;
  world.spawn({.path = "asker"}, [&](sup::Actor* self) -> caf::behavior {
    const auto note = [&](const core::Result<int>& reply) {
      codes.push_back(reply ? core::Errc::NONE : reply.error().code);
    };
    sup::ask(self, world.rt, "alpha", "", GetValue{1}, {}, std::function{note});
    sup::ask(self, world.rt, "alpha", "", GetValue{-1}, {}, std::function{note});
    sup::ask(self, world.rt, "alpha", "", GetValue{2}, {}, std::function{note});
    return {[](const Note&) {}};
  });
  CHECK(codes == std::vector{core::Errc::NONE, core::Errc::INTERNAL, core::Errc::ACTOR_DOWN});
  CHECK(world.letters("crashed") == 1);
}

TEST_CASE("supervisor: the exception text is the last error and the ring keeps 64 ends") {
  World world;
  const auto log = make_log();
  auto spec = abc(Strategy::one_for_one, log);
  spec.intensity = 1000;
  spec.children[0].backoff.min = 0ns;
  world.tree(spec);
  for (int i = 0; i < 70; ++i) {
    world.send("s/a", Crash{"number " + std::to_string(i)});
    world.run();
  }
  const auto ends = world.rt.actors.ends("s/a");
  REQUIRE(ends.size() == 64);
  CHECK(ends.front().error == "std::runtime_error: number 6");
  CHECK(ends.back().error == "std::runtime_error: number 69");
  CHECK(ends.back().last_message == "Crash");
  CHECK(ends.back().epoch == 70);
  CHECK(ends.back().abnormal);
  const auto info = world.rt.actors.actor("s/a");
  REQUIRE(info);
  CHECK(info->restarts == 70);
  CHECK(info->last_error == "std::runtime_error: number 69");
}

TEST_CASE("supervisor: a start function that throws counts as a crash") {
  World world;
  const auto log = make_log();
  auto spec = abc(Strategy::one_for_one, log);
  auto tries = std::make_shared<int>(0);
  spec.children[1].start = [log, tries](sup::StartContext& context) {
    if (++*tries < 3) {
      throw std::runtime_error("no database");
    }
    return context.spawn(worker, log);
  };
  world.tree(spec);
  CHECK(*log == Lines{"start s/a", "start s/c"});
  world.advance(300ms);
  CHECK(*log == Lines{"start s/a", "start s/c", "start s/b"});
  CHECK(world.rt.actors.ends("s/b").size() == 2);
}

TEST_CASE("supervisor: a nested supervisor is up before the next sibling starts") {
  World world;
  const auto log = make_log();
  world.tree({.name = "top",
              .children = {sup::supervise(abc(Strategy::one_for_one, log)), child("z", log)}});
  CHECK(*log == Lines{"start top/s/a", "start top/s/b", "start top/s/c", "start top/z"});
  const auto tree = world.rt.actors.tree("top/s");
  REQUIRE(tree.size() == 1);
  CHECK(tree[0].kind == "supervisor");
  CHECK(tree[0].children.size() == 3);
  CHECK(core::json::encode(tree[0]).find("\"path\":\"top/s/a\"") != std::string::npos);
}

TEST_CASE("supervisor: a killed supervisor takes its children along and comes back") {
  World world;
  const auto log = make_log();
  world.tree({.name = "top", .children = {sup::supervise(abc(Strategy::one_for_one, log))}});
  log->clear();
  CHECK(sup::kill_child(world.rt, "top/s"));
  world.advance(1s);
  CHECK(log->size() == 6);
  CHECK(world.rt.registry.find("top/s/a").epoch == 2);
  CHECK(world.rt.actors.actors().size() == 5);
}

TEST_CASE("supervisor: restart and kill by path") {
  World world;
  const auto log = make_log();
  world.tree(abc(Strategy::one_for_all, log));
  log->clear();
  CHECK(sup::restart_child(world.rt, "s/b"));
  world.run();
  CHECK(*log == Lines{"end s/b", "start s/b"});
  log->clear();
  CHECK(sup::kill_child(world.rt, "s/b"));
  world.advance(200ms);
  CHECK(log->size() == 6);
  CHECK(sup::restart_child(world.rt, "s/nobody").error().code == core::Errc::NOT_FOUND);
  CHECK(sup::kill_child(world.rt, "").error().code == core::Errc::NOT_FOUND);
}

TEST_CASE("supervisor: dynamic children come and go") {
  World world;
  const auto log = make_log();
  const auto tree = world.tree({.name = "s", .dynamic = true, .children_max = 2});
  const auto start = [&](const std::string& name) {
    const auto answer = std::make_shared<core::Errc>(core::Errc::INTERNAL);
    world.spawn({.path = "starter"}, [&](sup::Actor* self) -> caf::behavior {
      self->request(tree, 1s, sup::StartChild{std::make_shared<const ChildSpec>(child(name, log))})
        .then([answer](const caf::actor&) { *answer = core::Errc::NONE; },
              [answer](caf::error& error) { *answer = core::from_caf(error).code; });
      return {[](const Note&) {}};
    });
    return *answer;
  };
  CHECK(start("x") == core::Errc::NONE);
  CHECK(start("x") == core::Errc::CONFLICT);
  CHECK(start("y") == core::Errc::NONE);
  CHECK(start("z") == core::Errc::OVERLOADED);
  world.send("s/x", Crash{"x"});
  world.advance(100ms);
  CHECK(world.rt.registry.find("s/x").epoch == 2);
  CHECK(sup::stop_child(world.rt, "s/x"));
  world.run();
  CHECK(world.state("s/x") == "none");
  CHECK_FALSE(world.rt.registry.find("s/x").actor);
  CHECK(start("z") == core::Errc::NONE);
}

TEST_CASE("supervisor: wrong specs are refused with their path") {
  const auto log = make_log();
  const auto text = [](const sup::SupervisorSpec& spec) {
    return sup::check(spec).error().message;
  };
  auto twice = abc(Strategy::one_for_one, log);
  twice.children[1].name = "a";
  CHECK(text(twice) == "s: two children are named a");
  auto none = abc(Strategy::one_for_one, log);
  none.children[1].start = nullptr;
  CHECK(text({.name = "top", .children = {sup::supervise(none)}})
        == "top/s: child b needs either a start function or a supervisor");
  CHECK(text({.name = "d", .strategy = Strategy::one_for_all, .dynamic = true})
        == "d: a dynamic supervisor must be one_for_one");
  CHECK(text({.name = "a/b"}).find("without '/'") != std::string::npos);
}

TEST_CASE("supervisor: after any kills every permanent child runs or the root has given up") {
  CHECK(rc::check([] {
    World world;
    const auto log = make_log();
    const auto strategy = [] {
      return *rc::gen::element(Strategy::one_for_one, Strategy::rest_for_one,
                               Strategy::one_for_all);
    };
    sup::SupervisorSpec top{.name = "top", .strategy = strategy(), .intensity = 4};
    std::vector<std::string> paths;
    const int branches = *rc::gen::inRange(1, 4);
    for (int b = 0; b < branches; ++b) {
      sup::SupervisorSpec inner{.name = "b" + std::to_string(b), .strategy = strategy()};
      const int leaves = *rc::gen::inRange(1, 4);
      for (int i = 0; i < leaves; ++i) {
        inner.children.push_back(child("w" + std::to_string(i), log));
        paths.push_back("top/" + inner.name + "/" + inner.children.back().name);
      }
      paths.push_back("top/" + inner.name);
      top.children.push_back(sup::supervise(inner));
    }
    const auto tree = world.tree(top);
    bool ended = false;
    tree->attach_functor([&ended](const caf::error&) { ended = true; });
    const int kills = *rc::gen::inRange(0, 25);
    for (int i = 0; i < kills; ++i) {
      const auto path = *rc::gen::elementOf(paths);
      if (*rc::gen::arbitrary<bool>()) {
        static_cast<void>(sup::kill_child(world.rt, path));
      } else if (const auto actor = world.rt.registry.find(path).actor) {
        caf::anon_send(actor, Crash{"drill"});
      }
      world.advance(std::chrono::milliseconds{*rc::gen::inRange(0, 400)});
    }
    world.advance(60s);
    for (const auto& path : paths) {
      const bool running = static_cast<bool>(world.rt.registry.find(path).actor);
      RC_ASSERT(running == !ended);
    }
  }));
}
