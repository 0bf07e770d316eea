#include "models_world.hpp"

using namespace troupe;
using namespace troupe::regime::tests;

TEST_CASE("models: until the first fit the rules stand in, and it is said") {
  ModelWorld w;
  const auto reply = w.probability();
  CHECK(reply.meta.quality == Quality::fallback);
  CHECK(reply.meta.method == "rules");
  CHECK(reply.data.models.size() == 1);
  CHECK(reply.data.note.find("no model is fitted yet") != std::string::npos);
  CHECK(sum_of(reply.data.probabilities) == doctest::Approx(1.0));
  CHECK(w.world.get()->meta.quality == Quality::live);
  CHECK(w.world.get()->meta.method == "rules");
}

TEST_CASE("models: are fitted on stored history up to now, and explain the answer") {
  ModelWorld w;
  w.fit_first();
  const auto reply = w.probability();
  CHECK(reply.meta.quality == Quality::live);
  CHECK(reply.meta.method == "ensemble");
  CHECK(reply.meta.n_obs == 1'200);
  REQUIRE(reply.meta.inputs->size() == 2);
  CHECK(reply.meta.inputs->at(1).name == "models BTC-USD 1h version 1");
  CHECK(reply.meta.inputs->at(1).as_of == w.now());
  REQUIRE(reply.data.models.size() == 3);
  CHECK(reply.data.models[1].states.size() == 3);
  CHECK(reply.data.models[2].states.size() == 2);
  CHECK(reply.data.models[1].fit->fitted_until == w.now());
  CHECK(reply.data.models[1].fit->version == 1);
  CHECK(reply.data.note.empty());
  for (const auto* values : {&reply.data.probabilities, &reply.data.next}) {
    CHECK(sum_of(*values) == doctest::Approx(1.0));
  }
  const auto current = w.world.get();
  REQUIRE(current.has_value());
  CHECK(current->meta.method == "ensemble");
  CHECK(current->data.explanation.size() == 3);
  CHECK(current->data.models.count("ensemble") == 1);
  CHECK(current->data.confidence
        == current->data.probabilities.at(regime::name_of(current->data.regime)));
  // history was asked for nothing after the newest bar that was lived through
  for (const auto& asked : w.world.history->asked) {
    CHECK((!asked.end || *asked.end <= w.now()));
  }
}

TEST_CASE("models: follow the bars, and are refitted when enough came") {
  ModelWorld w;
  w.fit_first();
  for (int i = 0; i < 23; ++i) {
    const auto& bar = w.bar();
    CHECK(w.probability().meta.as_of == bar.ts_close);
  }
  w.seconds(700);
  CHECK(w.models().data.live->version == 1); // 23 of 24 bars
  w.bar();
  w.seconds(3);
  const auto models = w.models();
  CHECK(models.data.live->version == 2);
  CHECK(models.data.live->fitted_until == w.now());
  REQUIRE(models.data.previous.size() == 1);
  CHECK(models.data.previous[0].version == 1);
  CHECK(models.data.stored_version == 2);
}

TEST_CASE(
  "models: a fitter that hangs costs nobody an answer; the next fit goes to its replacement") {
  ModelWorld w;
  w.fit_first();
  w.fitter->mood = Mood::HANGS;
  for (int i = 0; i < 24; ++i) {
    w.bar();
  }
  w.seconds(610);
  CHECK(w.fitter->begun == 2);
  CHECK(w.models().data.fitting);
  CHECK(w.probability().meta.quality == Quality::live);
  w.seconds(125); // the deadline is two minutes
  auto models = w.models();
  CHECK_FALSE(models.data.fitting);
  CHECK(models.data.live->version == 1); // the last good one
  CHECK(models.data.note.find("the last fit failed: TIMEOUT") != std::string::npos);
  CHECK(w.probability().meta.quality == Quality::degraded);
  CHECK(w.probability().meta.inputs->at(1).quality == Quality::degraded);
  CHECK(w.world.get().has_value());
  // the watchdog replaces it
  w.fitter->mood = Mood::WORKS;
  REQUIRE(supervision::kill_child(w.world.runtime(), "regime/models/fitter").has_value());
  w.seconds(65);
  models = w.models();
  CHECK(models.data.live->version == 2);
  CHECK(models.data.note.empty());
  CHECK(w.probability().meta.quality == Quality::live);
}

TEST_CASE("models: a fitter that crashes is started again, the last good model stays, marked") {
  ModelWorld w;
  w.fit_first();
  w.fitter->mood = Mood::CRASHES;
  for (int i = 0; i < 24; ++i) {
    w.bar();
  }
  w.seconds(610);
  auto models = w.models();
  CHECK(models.data.live->version == 1);
  CHECK(models.data.note.find("the last fit failed") != std::string::npos);
  CHECK(w.world.get()->meta.quality == Quality::degraded);
  CHECK(w.world.runtime().registry.find("regime/models/fitter").epoch >= 2);
  w.fitter->mood = Mood::WORKS;
  w.seconds(65);
  CHECK(w.models().data.live->version == 2);
  CHECK(w.world.get()->meta.quality == Quality::live);
}

TEST_CASE("models: too little history is told, and made good later") {
  ModelWorld w;
  w.world.history->bars = first(long_path(), 300);
  w.world.beat(w.now());
  auto settings = ModelWorld::fast();
  w.seconds(5);
  CHECK_FALSE(w.models().data.live.has_value());
  CHECK(w.models().data.note.find("at least 400 closed bars") != std::string::npos);
  w.world.history->bars = first(long_path(), begin_bars);
  w.seconds(65);
  CHECK(w.models().data.live.has_value());
}

TEST_CASE("models: are stored, and back after a restart with the same label") {
  const ScratchFile file;
  std::string live;
  Regime label{};
  {
    ModelWorld w{ModelWorld::fast(), file.url()};
    w.fit_first();
    w.fit_shadow();
    live = core::json::encode(w.probability().data.models);
    label = w.world.get()->data.regime;
  }
  ModelWorld w{ModelWorld::fast(), file.url()};
  const auto models = w.models();
  REQUIRE(models.data.live.has_value());
  CHECK(models.data.live->version == 1);
  REQUIRE(models.data.shadow.has_value());
  CHECK(models.data.shadow->version == 2);
  CHECK(models.meta.source == "store");
  CHECK(w.fitter->begun == 0);
  CHECK(core::json::encode(w.probability().data.models) == live);
  CHECK(w.world.get()->data.regime == label);
  CHECK(w.world.changes->empty()); // nothing changed
  REQUIRE(w.world.states->size() == 1);
  CHECK(w.world.states->at(0).meta.method == "ensemble");
  CHECK(w.world.states->at(0).previous == label);
}

TEST_CASE("models: a set that was fitted on bars to come is not used before they came") {
  const ScratchFile file;
  {
    ModelWorld w{ModelWorld::fast(), file.url()};
    w.fit_first();
  }
  auto settings = ModelWorld::fast();
  settings.models.first_fit_after = std::chrono::hours{1};
  ModelWorld w{settings, file.url()};
  // time goes back: a recording begins anew
  w.world.history->bars = first(long_path(), 900);
  REQUIRE(supervision::kill_child(w.world.runtime(), w.world.child).has_value());
  w.world.run();
  w.seconds(2);
  CHECK(w.probability().meta.method == "rules");
  CHECK(w.models().data.note.find("still to come") != std::string::npos);
  while (w.world.history->bars.size() < begin_bars - 1) {
    w.bar();
  }
  CHECK(w.probability().meta.method == "rules");
  w.bar();
  CHECK(w.probability().meta.method == "ensemble");
  CHECK(w.fitter->begun == 0);
}

TEST_CASE("models: without a store they are fitted all the same, and orders are refused") {
  ModelWorld w{ModelWorld::fast(), "sqlite:/nowhere/at/all/store.db"};
  w.seconds(5);
  const auto models = w.models();
  REQUIRE(models.data.live.has_value());
  CHECK(models.data.stored_version == 0);
  CHECK(models.meta.source == "memory");
  CHECK(models.data.note.find("cannot be read") != std::string::npos);
  CHECK(w.probability().meta.method == "ensemble");
  CHECK(w.refusal(StartShadowModel{btc, {}, 2, {}, {}, {}}).code == Errc::NOT_READY);
}
