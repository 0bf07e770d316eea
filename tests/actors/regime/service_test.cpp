#include "world.hpp"

using namespace troupe;
using namespace troupe::regime::tests;
using regime::synthetic::Path;

TEST_CASE("service: warms up from history and answers with all it is made of") {
  World world;
  const auto bars = crash_path();
  world.history->bars = first(bars, 300);
  world.beat(bars[299].ts_close + 90s);
  REQUIRE(world.history->asked.size() == 1);
  CHECK(world.history->asked[0].limit == 500);
  CHECK(world.history->asked[0].symbol == trading::InstrumentId{"BTC-USD", ""});
  const auto answer = world.get();
  REQUIRE(answer.has_value());
  const auto expected = regime::synthetic::run(World::only_hours(), first(bars, 300)).back();
  CHECK(answer->data.regime == expected.regime);
  CHECK(answer->data.confidence == expected.confidence);
  CHECK(answer->data.since == expected.since);
  CHECK(answer->data.interval == h1);
  CHECK(answer->data.features.count("adx") == 1);
  CHECK(answer->data.models.count("rules") == 1);
  CHECK(answer->meta.as_of == bars[299].ts_close);
  CHECK(answer->meta.quality == Quality::live);
  CHECK(answer->meta.age_ms == 90'000);
  CHECK(answer->meta.method == "rules");
  CHECK(answer->meta.n_obs == 300);
  REQUIRE(answer->meta.inputs.has_value());
  CHECK(answer->meta.inputs->at(0).name == "bars BTC-USD 1h");
  CHECK(world.get({"BTC-USD", "SIM-A"}).has_value());
}

TEST_CASE("service: publishes a regime when it is first known and when it changes") {
  World world;
  const auto bars = crash_path();
  world.history->bars = first(bars, 300);
  world.beat(bars[299].ts_close);
  REQUIRE(world.changes->size() == 1);
  CHECK_FALSE(world.changes->at(0).previous.has_value());
  const auto before = world.changes->at(0).state.regime;
  world.bar(bars[300]);
  REQUIRE(world.changes->size() == 2);
  CHECK(world.changes->at(1).state.regime == Regime::CRISIS);
  CHECK(world.changes->at(1).previous == before);
  CHECK(world.changes->at(1).cause == "market");
  CHECK(world.changes->at(1).state.since == bars[300].ts_close);
  CHECK(world.changes->at(1).meta.as_of == bars[300].ts_close);
}

TEST_CASE("service: bars of other venues and intervals change nothing") {
  World world;
  const auto bars = crash_path();
  world.history->bars = first(bars, 300);
  world.beat(bars[299].ts_close);
  world.bar(bars[300], false);
  CHECK(world.get()->meta.as_of == bars[299].ts_close);
}

TEST_CASE("service: not ready says how many bars there are of how many") {
  World world;
  const auto bars = crash_path();
  world.history->bars = first(bars, 12);
  world.beat(bars[11].ts_close);
  const auto answer = world.get();
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().code == Errc::NOT_READY);
  CHECK(answer.error().message.find("28") != std::string::npos);
  CHECK(answer.error().message.find("12") != std::string::npos);
  for (std::size_t i = 12; i < 28; ++i) {
    CHECK(world.code() == Errc::NOT_READY);
    world.bar(bars[i]);
  }
  CHECK(world.get()->meta.n_obs == 28);
}

TEST_CASE("service: history that comes later is asked for until there are enough bars") {
  World world;
  const auto bars = crash_path();
  world.beat(bars[299].ts_close);
  CHECK(world.code() == Errc::NOT_READY);
  world.history->bars = first(bars, 300);
  world.advance(11s);
  CHECK(world.get()->meta.n_obs == 300);
}

TEST_CASE("service: retries with back-off while history is unavailable") {
  World world;
  const auto bars = crash_path();
  world.history->failure = core::Error{Errc::UNAVAILABLE, "the store is away"};
  world.beat(bars[299].ts_close);
  CHECK(world.code() == Errc::NOT_READY);
  for (int i = 0; i < 100; ++i) {
    world.advance(100ms);
  }
  const auto asked = world.history->asked.size();
  CHECK(asked > 3);
  CHECK(asked < 12);
  world.history->failure.reset();
  world.history->bars = first(bars, 300);
  for (int i = 0; i < 600; ++i) {
    world.advance(100ms);
  }
  CHECK(world.get().has_value());
}

TEST_CASE("service: quality is stale without beats and follows the source's word") {
  World world;
  const auto bars = crash_path();
  world.history->bars = first(bars, 300);
  world.beat(bars[299].ts_close);
  CHECK(world.get()->meta.quality == Quality::live);
  world.advance(6s);
  CHECK(world.get()->meta.quality == Quality::stale);
  CHECK(world.get()->meta.inputs->at(0).quality == Quality::stale);
  world.beat(bars[299].ts_close);
  CHECK(world.get()->meta.quality == Quality::live);
  world.beat(bars[299].ts_close, trading::Freshness::RESYNC);
  CHECK(world.get()->meta.quality == Quality::stale);
  world.beat(bars[299].ts_close, trading::Freshness::DOWN);
  CHECK(world.get()->meta.quality == Quality::degraded);
  world.beat(bars[299].ts_close);
  CHECK(world.get()->meta.quality == Quality::live);
  // prices go on, but trades that its bars are made of were lost
  world.beat(bars[299].ts_close, trading::Freshness::LIVE, "SIM-A", true, "BTC-USD",
             trading::Freshness::RESYNC);
  CHECK(world.get()->meta.quality == Quality::stale);
  CHECK(world.get()->meta.inputs->at(0).quality == Quality::stale);
  world.beat(bars[299].ts_close);
  world.bar(bars[300], true, Quality::degraded);
  CHECK(world.get()->meta.quality == Quality::degraded);
}

TEST_CASE("service: a hole between live bars is filled from history") {
  World world;
  const auto bars = crash_path();
  world.history->bars = first(bars, 290);
  world.beat(bars[299].ts_close);
  world.history->bars = first(bars, 310);
  world.bar(bars[310]);
  REQUIRE(world.history->asked.size() == 2);
  CHECK(world.history->asked[1].start == bars[289].ts_close);
  CHECK(world.history->asked[1].end == bars[310].ts_open);
  const auto answer = world.get();
  const auto expected = regime::synthetic::run(World::only_hours(), first(bars, 311)).back();
  CHECK(answer->meta.n_obs == 311);
  CHECK(answer->data.regime == expected.regime);
  CHECK(answer->data.since == expected.since);
}

TEST_CASE("service: lost events on the bus are fetched again from history") {
  World world;
  const auto bars = crash_path();
  world.history->bars = first(bars, 300);
  world.beat(bars[299].ts_close);
  world.history->bars = bars;
  caf::anon_send(world.runtime().registry.find("regime/front").actor,
                 supervision::TopicGap{messages::topics::bars.name, "n2", 61});
  world.run();
  CHECK(world.get()->meta.as_of == bars.back().ts_close);
}

TEST_CASE("service: a child that is killed in mid-stream ends where an uninterrupted run does") {
  World world;
  const auto bars = crash_path();
  world.history->bars = first(bars, 280);
  world.beat(bars[279].ts_close);
  for (std::size_t i = 280; i < bars.size(); ++i) {
    world.history->bars = first(bars, i + 1);
    world.bar(bars[i]);
    if (i == 320) {
      REQUIRE(supervision::kill_child(world.runtime(), world.child).has_value());
      world.run();
      world.advance(1s);
    }
  }
  world.beat(bars.back().ts_close);
  const auto answer = world.get();
  REQUIRE(answer.has_value());
  const auto expected = regime::synthetic::run(World::only_hours(), bars).back();
  CHECK(answer->data.regime == expected.regime);
  CHECK(answer->data.since == expected.since);
  CHECK(answer->data.confidence == doctest::Approx(expected.confidence));
  CHECK(world.runtime().actors.actor(world.child)->epoch == 2);
}

TEST_CASE("service: the front's end costs its children nothing") {
  World world;
  const auto bars = crash_path();
  world.history->bars = first(bars, 300);
  world.beat(bars[299].ts_close);
  REQUIRE(supervision::kill_child(world.runtime(), "regime/front").has_value());
  world.run();
  world.advance(1s);
  world.bar(bars[300]);
  CHECK(world.get()->data.regime == Regime::CRISIS);
  CHECK(world.history->asked.size() == 1);
  CHECK(world.runtime().actors.actor(world.child)->epoch == 1);
}

TEST_CASE("service: unknown symbols and other venues are told apart from silence") {
  World world;
  CHECK(world.code() == Errc::NOT_READY);
  const auto bars = crash_path();
  world.history->bars = first(bars, 300);
  world.beat(bars[299].ts_close, trading::Freshness::LIVE, "SIM-B", false);
  CHECK(world.code() == Errc::NOT_READY);
  world.beat(bars[299].ts_close);
  CHECK(world.code() == Errc::NONE);
  CHECK(world.code({"NOPE-USD", ""}) == Errc::UNKNOWN_SYMBOL);
  const auto other = world.get({"BTC-USD", "SIM-B"});
  REQUIRE_FALSE(other.has_value());
  CHECK(other.error().code == Errc::UNKNOWN_SYMBOL);
  CHECK(other.error().message.find("BTC-USD.SIM-A") != std::string::npos);
  const auto interval = world.get({"BTC-USD", ""}, trading::intervals::m5);
  REQUIRE_FALSE(interval.has_value());
  CHECK(interval.error().code == Errc::INVALID_ARGUMENT);
}

TEST_CASE("service: a symbol that another node owns is let go and taken back") {
  World world;
  const auto bars = crash_path();
  world.history->bars = first(bars, 300);
  world.beat(bars[299].ts_close);
  REQUIRE(world.code() == Errc::NONE);
  world.placement->elsewhere["BTC-USD"] = "n2";
  caf::anon_send(world.placement->watcher, supervision::ViewChanged{3, {}});
  world.run();
  world.advance(100ms);
  CHECK_FALSE(world.runtime().registry.find(world.child).actor);
  // an asker with an old view meets the front itself
  caf::scoped_actor asker{world.runtime().system};
  auto response = asker->request(world.runtime().registry.find("regime/front").actor, caf::infinite,
                                 messages::GetRegime{{"BTC-USD", ""}, {}});
  world.run();
  Errc code = Errc::NONE;
  response.receive([](const messages::RegimeReply&) {},
                   [&](const caf::error& error) { code = core::from_caf(error).code; });
  CHECK(code == Errc::MOVED);
  world.placement->elsewhere.clear();
  caf::anon_send(world.placement->watcher, supervision::ViewChanged{4, {}});
  world.run();
  CHECK(world.code() == Errc::NONE);
}

TEST_CASE("service: the primary venue's change starts over on the new venue's bars") {
  World world;
  const auto bars = crash_path();
  world.history->bars = first(bars, 300);
  world.beat(bars[299].ts_close);
  REQUIRE(world.code() == Errc::NONE);
  world.history->bars = Path{}.chop(200, 1.0).bars();
  world.beat(bars[299].ts_close, trading::Freshness::LIVE, "SIM-B");
  CHECK(world.get()->data.regime == Regime::CHOPPY);
  CHECK(world.get()->meta.n_obs == 200);
}

TEST_CASE("service: symbols beyond symbols_max are refused") {
  auto settings = World::only_hours();
  settings.symbols_max = 1;
  World world{settings};
  world.history->bars = first(crash_path(), 300);
  world.beat({});
  world.beat({}, trading::Freshness::LIVE, "SIM-A", true, "ETH-USD");
  CHECK(world.code() == Errc::NONE);
  CHECK(world.code({"ETH-USD", ""}) == Errc::UNKNOWN_SYMBOL);
}

TEST_CASE("service: says by epoch what it owns and has no history of yet") {
  World world;
  const auto& health = world.runtime().health;
  const auto waiting = [&] { return health.loaded(messages::regime_service)->waiting; };
  CHECK(waiting() == 0);
  world.history->failure = core::Error{Errc::UNAVAILABLE, "no history"};
  world.beat(core::Timestamp{} + 1h);
  CHECK(waiting() == 1);
  const auto told = [&] {
    for (const auto& condition : health.report().degraded) {
      if (condition.name == messages::regime_service) {
        return condition.reason;
      }
    }
    return std::string{};
  };
  CHECK(told() == "1 symbols have no history yet, such as BTC-USD");
  caf::anon_send(world.placement->watcher, supervision::ViewChanged{7, {}});
  world.run();
  CHECK(health.loaded(messages::regime_service)->epoch == 7);
  CHECK(waiting() == 1);
  world.history->failure.reset();
  for (int i = 0; i < 600 && waiting() > 0; ++i) {
    world.advance(100ms);
  }
  CHECK(waiting() == 0);
  CHECK(told().empty());
  world.placement->elsewhere["BTC-USD"] = "n2"; // what is not owned is not waited for
  caf::anon_send(world.placement->watcher, supervision::ViewChanged{8, {}});
  world.run();
  CHECK(health.loaded(messages::regime_service)->epoch == 8);
  CHECK(waiting() == 0);
}
