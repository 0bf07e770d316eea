#include "models_world.hpp"

using namespace troupe;
using namespace troupe::regime::tests;

TEST_CASE("quality: age grows with the clock while the source is silent") {
  World world;
  const auto bars = crash_path();
  world.history->bars = first(bars, 300);
  world.beat(bars[299].ts_close + 90s);
  CHECK(world.get()->meta.age_ms == 90'000);
  world.advance(60s);
  const auto later = world.get()->meta;
  CHECK(later.age_ms == 150'000);
  CHECK(later.quality == Quality::stale);
  const auto bulk = world.ask(messages::ClassifyMany{});
  REQUIRE(bulk.has_value());
  CHECK(bulk->meta.age_ms == 150'000);
  CHECK(bulk->meta.n_obs == 300);
  CHECK(bulk->data.items.at(0).meta->age_ms == 150'000);
}

TEST_CASE("quality: a killed child does not take an old beat for a new one") {
  World world;
  const auto bars = crash_path();
  world.history->bars = first(bars, 300);
  world.beat(bars[299].ts_close);
  world.advance(30s);
  REQUIRE(supervision::kill_child(world.runtime(), world.child).has_value());
  world.run();
  world.advance(1s);
  CHECK(world.get()->meta.age_ms >= 31'000);
  CHECK(world.get()->meta.quality == Quality::stale);
}

TEST_CASE("quality: its loss and its return are told once each, and are no changes") {
  World world;
  const auto bars = crash_path();
  world.history->bars = first(bars, 300);
  world.beat(bars[299].ts_close);
  REQUIRE(world.changes->size() == 1);
  REQUIRE(world.states->size() == 1); // the first label
  CHECK(world.states->at(0).meta.quality == Quality::live);
  for (int i = 0; i < 20; ++i) {
    world.advance(1s);
  }
  REQUIRE(world.states->size() == 2);
  const auto& lost = world.states->at(1);
  CHECK(lost.meta.quality == Quality::stale);
  CHECK(lost.cause == "standing");
  CHECK(lost.previous == lost.state.regime);
  CHECK(lost.meta.age_ms >= 5'000);
  CHECK(lost.meta.age_ms <= 6'000);
  for (int i = 0; i < 3; ++i) {
    world.beat(bars[299].ts_close + 21s);
    world.advance(1s);
  }
  REQUIRE(world.states->size() == 3);
  CHECK(world.states->at(2).meta.quality == Quality::live);
  world.beat(bars[299].ts_close + 25s, trading::Freshness::STALE);
  CHECK(world.states->back().meta.quality == Quality::stale);
  CHECK(world.changes->size() == 1);
}

TEST_CASE("quality: where every fit fails and none was ever made, all answers say so alike") {
  auto settings = ModelWorld::fast();
  ModelWorld w{settings};
  w.fitter->mood = Mood::CRASHES;
  w.seconds(5);
  CHECK(w.world.get()->meta.quality == Quality::fallback);
  CHECK(w.probability().meta.quality == Quality::fallback);
}

TEST_CASE("quality: others are told which intervals are kept") {
  auto settings = World::only_hours();
  settings.intervals = {"1m", "1h"};
  World world{settings};
  std::vector<messages::RegimeIntervals> told;
  caf::scoped_actor listener{world.runtime().system};
  world.runtime().bus.subscribe(messages::topics::regime_intervals,
                                caf::actor_cast<caf::actor>(listener.ptr()));
  world.advance(6s);
  listener->receive([&](const messages::RegimeIntervals& event) { told.push_back(event); },
                    caf::after(std::chrono::seconds{0}) >> [] {});
  REQUIRE(told.size() == 1);
  CHECK(told[0].node == "n1");
  CHECK(told[0].intervals
        == std::vector<trading::Interval>{trading::intervals::m1, trading::intervals::h1});
}
