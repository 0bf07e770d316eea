#include "supervision/message_stats.hpp"
#include "support.hpp"

using namespace test;

namespace {

sup::MessageTypeInfo type_of(const sup::MessageStats& stats, const std::string& name) {
  for (const auto& type : stats.types()) {
    if (type.type == name) {
      return type;
    }
  }
  return {};
}

} // namespace

TEST_CASE("message stats: by type, what waits, how long it took, the newest first") {
  sup::MessageStats stats;
  const auto note = sup::message_type<Note>();
  const auto crash = sup::message_type<Crash>();
  stats.on_enter(note);
  stats.on_enter(note);
  stats.on_enter(crash);
  stats.on_leave(note);
  stats.on_handled(note, 1'000'000, 3'000);
  CHECK(type_of(stats, "Note").waiting == 1);
  CHECK(type_of(stats, "Note").received == 2);
  CHECK(type_of(stats, "Note").max_us == 3.0);
  CHECK(type_of(stats, "Crash").waiting == 1);
  stats.on_handled(crash, 3'000'000, 1'000);
  const auto recent = stats.recent(4'000'000);
  REQUIRE(recent.size() == 2);
  CHECK(recent[0].type == "Crash");
  CHECK(recent[0].ago_ms == 1.0);
  CHECK(recent[1].took_us == 3.0);
}

namespace {

template <std::size_t>
struct Kind {};

/// One message of each of so many types.
template <std::size_t... I>
void enter_each(sup::MessageStats& stats, std::index_sequence<I...>) {
  (stats.on_enter(sup::message_type<Kind<I>>()), ...);
}

} // namespace

TEST_CASE("message stats: beyond the slots all types count as one, the ring keeps the newest") {
  sup::MessageStats stats;
  enter_each(stats, std::make_index_sequence<2 * sup::MessageStats::slots>{});
  std::uint64_t sum = 0;
  for (const auto& slot : {type_of(stats, "(other types)")}) {
    sum += slot.received;
  }
  CHECK(sum == sup::MessageStats::slots);
  for (std::int64_t i = 0; i < 100; ++i) {
    stats.on_handled(sup::message_type<Note>(), i, i * 1'000);
  }
  const auto recent = stats.recent(100);
  CHECK(recent.size() == sup::MessageStats::recent_max);
  CHECK(recent.front().took_us == 99.0);
}

TEST_CASE("trace: a restarted actor is followed, its crash shows, and it costs no message") {
  World world;
  const auto log = make_log();
  world.tree({.name = "s", .children = {child("a", log)}});
  auto trace =
    world.rt.actors.start_trace({.path = "s/a", .events_max = 100, .duration = 60s}).value();
  world.send("s/a", Note{1});
  world.send("s/a", Crash{"x"});
  world.advance(1s);
  world.send("s/a", Note{2});
  world.run();
  std::vector<std::string> lines;
  for (const auto& event : trace->events()) {
    if (event.type == "Note" || event.type == "Crash") {
      lines.push_back(std::string(boost::describe::enum_to_string(event.kind, "?")) + " "
                      + event.type + " " + std::to_string(event.causal_id));
    }
  }
  REQUIRE(lines.size() == 6);
  CHECK(lines[0].starts_with("ENTERED Note"));
  CHECK(lines[1].starts_with("ENTERED Crash"));
  CHECK(lines[2].starts_with("HANDLED Note"));
  CHECK(lines[3].starts_with("CRASHED Crash"));
  CHECK(lines[0].substr(8) == lines[2].substr(8));
  CHECK(lines[5].starts_with("HANDLED Note"));
  world.rt.actors.end_trace(trace);
  CHECK_FALSE(world.rt.actors.find("s/a")->traced);
  const auto before = trace->events().size();
  world.send("s/a", Note{3});
  world.run();
  CHECK(trace->events().size() == before);
}

TEST_CASE("trace: its count, its number and its bounds are limits") {
  World world;
  const auto log = make_log();
  world.tree({.name = "s", .children = {child("a", log)}});
  auto& actors = world.rt.actors;
  auto trace = actors.start_trace({.path = "s/a", .events_max = 2, .duration = 60s}).value();
  for (int i = 0; i < 5; ++i) {
    world.send("s/a", Note{i});
  }
  world.run();
  CHECK(trace->events().size() == 2);
  CHECK(trace->finished(core::monotonic_ns()));
  std::vector<std::shared_ptr<sup::Trace>> all{trace};
  while (all.size() < sup::TraceBook::traces_max) {
    all.push_back(actors.start_trace({.path = "s/a"}).value());
  }
  CHECK(actors.start_trace({.path = "s/a"}).error().code == core::Errc::OVERLOADED);
  for (const auto& one : all) {
    actors.end_trace(one);
  }
  CHECK(actors.start_trace({.path = "s/b"}).error().code == core::Errc::NOT_FOUND);
  CHECK(actors.start_trace({}).error().code == core::Errc::INVALID_ARGUMENT);
  CHECK(actors.start_trace({.path = "s/a", .duration = 61s}).error().code
        == core::Errc::INVALID_ARGUMENT);
  CHECK(actors.start_trace({.path = "s/a", .events_max = 0}).error().code
        == core::Errc::INVALID_ARGUMENT);
}

TEST_CASE("trace: a text is looked for in the messages of all actors") {
  World world;
  const auto log = make_log();
  world.tree({.name = "s", .children = {child("a", log), child("b", log)}});
  auto trace =
    world.rt.actors.start_trace({.match = "no such text", .events_max = 9, .duration = 60s})
      .value();
  world.send("s/a", Note{1});
  world.send("s/b", Note{1});
  world.run();
  CHECK(trace->events().empty());
  CHECK(trace->skipped() == 0);
  world.rt.actors.end_trace(trace);
}

TEST_CASE("trace: what traced actors of other nodes cause is followed at any actor") {
  World world;
  const auto log = make_log();
  world.tree({.name = "s", .children = {child("a", log), child("b", log)}});
  auto trace =
    world.rt.actors.start_trace({.from_nodes = {"x", "desk"}, .events_max = 9, .duration = 60s})
      .value();
  const auto cause = sup::TraceBook::origin_of("desk") << 32U | 5;
  world.send("s/b", Note{1}); // by nobody's cause
  {
    const sup::TraceBook::Inherited inherited{cause};
    world.send("s/a", Note{2});
  }
  {
    const sup::TraceBook::Inherited inherited{sup::TraceBook::origin_of("another") << 32U | 5};
    world.send("s/a", Note{3});
  }
  world.run();
  const auto events = trace->events();
  REQUIRE(events.size() == 2);
  for (const auto& event : events) {
    CHECK(event.actor == "s/a");
    CHECK(event.causal_id == cause);
  }
  CHECK(events[0].kind == sup::TraceKind::ENTERED);
  CHECK(events[1].kind == sup::TraceKind::HANDLED);
  world.rt.actors.end_trace(trace);
  CHECK(world.rt.actors.start_trace({.path = "s/a", .from_nodes = {"x"}}).error().code
        == core::Errc::INVALID_ARGUMENT);
  CHECK(world.rt.actors.start_trace({.from_nodes = std::vector<std::string>(65, "x")}).error().code
        == core::Errc::INVALID_ARGUMENT);
}

TEST_CASE("totals: of a group, over restarts; restarts by reason") {
  World world;
  const auto log = make_log();
  world.tree({.name = "s", .children = {child("A-1", log), child("B-2", log)}});
  for (const auto* path : {"s/A-1", "s/B-2"}) {
    world.send(path, Note{1});
    world.send(path, Crash{"x"});
  }
  world.advance(1s);
  world.send("s/A-1", Note{2});
  world.run();
  bool found = false;
  for (const auto& totals : world.rt.actors.totals()) {
    if (totals.group == "s/*") {
      found = true;
      CHECK(totals.actors == 2);
      CHECK(totals.handled == 5);
      CHECK(totals.service == "s");
    }
  }
  CHECK(found);
  const auto restarts = world.rt.actors.restart_counts();
  REQUIRE(restarts.size() == 1);
  CHECK(restarts[0].group == "s/*");
  CHECK(restarts[0].reason == "error");
  CHECK(restarts[0].count == 2);
}

TEST_CASE("breakers: how long calls took, by bucket") {
  World world;
  const auto edge = world.rt.breakers.edge("a>b");
  for (const auto took : {50us, 100us, 101us}) {
    CHECK(edge->allow().has_value());
    edge->report(core::Errc::NONE, took);
  }
  CHECK(edge->allow().has_value());
  edge->report(core::Errc::TIMEOUT, 9s);
  const auto latency = edge->latency();
  CHECK(latency.buckets.front() == 2);
  CHECK(latency.buckets[1] == 1);
  CHECK(latency.buckets.back() == 1);
  CHECK(latency.sum_ns == std::chrono::nanoseconds{9s + 251us}.count());
}

TEST_CASE("conflation: replaced events are counted") {
  World world;
  const auto log = make_log();
  world.tree({.name = "s", .children = {child("a", log)}});
  auto* actor = sup::as_actor(world.rt.registry.find("s/a").actor);
  REQUIRE(actor != nullptr);
  for (int i = 0; i < 3; ++i) {
    actor->offer("slot", caf::make_message(Note{i}));
  }
  actor->offer("other", caf::make_message(Note{9}));
  world.run();
  CHECK(actor->record()->conflated == 2);
  CHECK(type_of(actor->record()->messages, "Note").received == 2);
  CHECK(type_of(actor->record()->messages, "Note").waiting == 0);
}
