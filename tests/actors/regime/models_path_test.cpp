#include "actors/regime/models/path.hpp"
#include "models_world.hpp"

#include <algorithm>

using namespace troupe;
using namespace troupe::regime::tests;

namespace {

Settings late_fits() {
  auto settings = ModelWorld::fast();
  settings.models.first_fit_after = std::chrono::hours{1'000};
  return settings;
}

/// Lives through the long trend at the end of the path.
void live_on(ModelWorld& w) {
  w.fit_first();
  while (w.world.history->bars.size() < long_path().size()) {
    w.bar();
  }
  w.seconds(3);
}

} // namespace

TEST_CASE("path: since outlives the process though the bars that brought it are gone") {
  const ScratchFile file;
  messages::RegimeState before;
  std::size_t versions = 0;
  {
    ModelWorld w{ModelWorld::fast(), file.url()};
    CHECK(w.world.get()->data.since_replayed); // nothing was kept of what was before
    live_on(w);
    before = w.world.get()->data;
    versions = w.models().data.live->version;
    CHECK_FALSE(before.since_replayed);
    CHECK(w.probability().data.since == before.since);
  }
  const auto& bars = long_path();
  ModelWorld w{late_fits(), file.url(), {bars.end() - 60, bars.end()}};
  REQUIRE(before.since < w.world.history->bars.front().ts_open); // a replay cannot know it
  const auto after = w.world.get();
  REQUIRE(after.has_value());
  CHECK(after->data.regime == before.regime);
  CHECK(after->data.since == before.since);
  CHECK_FALSE(after->data.since_replayed);
  CHECK(w.models().data.live->version == versions);
  CHECK(w.world.changes->empty()); // nothing changed
  REQUIRE_FALSE(w.world.states->empty());
  CHECK(w.world.states->at(0).cause == "standing");
  CHECK(w.world.states->at(0).state.since == before.since);
}

TEST_CASE("path: a change in the bars that were missed is told once, against what was told last") {
  const ScratchFile file;
  Regime told{};
  {
    ModelWorld w{ModelWorld::fast(), file.url()};
    w.fit_first();
    told = w.world.changes->back().state.regime;
  }
  ModelWorld w{late_fits(), file.url(), long_path()};
  const auto now = w.world.get()->data;
  REQUIRE(now.regime != told);
  REQUIRE(w.world.changes->size() == 1);
  CHECK(w.world.changes->at(0).previous == told);
  CHECK(now.since > long_path().at(begin_bars - 1).ts_close);
}

TEST_CASE("path: an instrument that moves here goes on from what the other node said") {
  messages::RegimeModelsStored theirs;
  {
    ModelWorld other;
    live_on(other);
    theirs = newest_stored(other.world, regime::paths_kind);
  }
  ModelWorld w{late_fits(), {}, long_path()};
  w.world.placement->nodes = {"n1", "n2"};
  const trading::InstrumentId moved{"ETH-USD", ""};
  const auto seconds = [&](int count) {
    for (int i = 0; i < count; ++i) {
      w.world.beat(w.now(), trading::Freshness::LIVE, "SIM-A", true, moved.symbol);
      w.world.advance(1s);
    }
  };
  const auto changes = [&] {
    const auto& all = *w.world.changes;
    return std::count_if(all.begin(), all.end(),
                         [&](const auto& change) { return change.state.instrument == moved; });
  };
  const auto say = [&](const regime::RegimePath& path) {
    theirs.node = "n2";
    theirs.instrument = moved;
    theirs.version += 100;
    theirs.body = core::json::encode(path);
    w.world.runtime().bus.publish(messages::topics::regime_models, "theirs",
                                  caf::make_message(theirs));
    seconds(1);
  };
  seconds(2);
  REQUIRE(w.world.get(moved).has_value());
  CHECK(w.world.get(moved)->data.since_replayed);
  CHECK(changes() == 0); // nothing is said before the other node's word had time to come
  SUBCASE("which comes") {
    auto path = *regime::restored_path(theirs.body);
    path.live.label = path.rules.label = Regime::CHOPPY;
    path.live.candidate = path.rules.candidate = Regime::CHOPPY;
    path.live.as_of = path.rules.as_of = w.now();
    path.live.since = path.rules.since = core::Timestamp{} + 5h;
    path.live.since_replayed = path.rules.since_replayed = false;
    path.published = Regime::CHOPPY;
    say(path);
    const auto after = w.world.get(moved);
    CHECK(after->data.regime == Regime::CHOPPY);
    CHECK(after->data.since == core::Timestamp{} + 5h);
    CHECK_FALSE(after->data.since_replayed);
    seconds(12);
    CHECK(changes() == 0);
    // later words change nothing any more
    path.live.label = path.rules.label = Regime::RANGING;
    path.published = Regime::RANGING;
    say(path);
    CHECK(w.world.get(moved)->data.regime == Regime::CHOPPY);
  }
  SUBCASE("which does not come") {
    seconds(8);
    CHECK(changes() == 1);
  }
}

TEST_CASE("path: a comparison of live and shadow goes on after a restart") {
  const ScratchFile file;
  messages::RegimeModelComparison kept;
  {
    ModelWorld w{ModelWorld::fast(), file.url()};
    w.fit_first();
    w.fit_shadow();
    const auto none = *w.models().data.comparison;
    CHECK(none.n_bars == 0);
    CHECK_FALSE(none.agreement.has_value());
    CHECK_FALSE(none.live.dwell_bars_mean.has_value());
    CHECK_FALSE(none.shadow.crisis_share.has_value());
    for (int i = 0; i < 10; ++i) {
      w.bar();
    }
    kept = *w.models().data.comparison;
    CHECK(kept.n_bars == 10);
    CHECK(kept.agreement.has_value());
  }
  ModelWorld w{late_fits(), file.url(), first(long_path(), begin_bars + 10)};
  const auto back = *w.models().data.comparison;
  CHECK(back.n_bars == 10);
  CHECK(back.from == kept.from);
  CHECK(back.until == kept.until);
  CHECK(back.agreement == kept.agreement);
  for (const auto& [was, is] : {std::pair{kept.live, back.live}, {kept.shadow, back.shadow}}) {
    CHECK(is.regime == was.regime);
    CHECK(is.switches == was.switches);
    CHECK(is.log_score_mean.at("hmm") == doctest::Approx(was.log_score_mean.at("hmm")));
  }
  w.bar();
  CHECK(w.models().data.comparison->n_bars == 11);
}

TEST_CASE("path: is stored before it is older than the bars that are replayed") {
  ModelWorld w{late_fits()};
  w.seconds(1);
  const auto settings = late_fits();
  while (w.world.history->bars.size() < long_path().size()) {
    w.bar();
    const auto path = regime::restored_path(newest_stored(w.world, regime::paths_kind).body);
    REQUIRE(path.has_value());
    CHECK(w.now() - path->live.as_of <= settings.warm_up_bars / 4 * h1.duration());
  }
}

TEST_CASE("path: what is damaged is refused by name") {
  const auto refused = regime::restored_path("{\"version\": \"x\"}");
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Errc::IO_ERROR);
  CHECK(refused.error().message.find("path of labels is damaged") != std::string::npos);
}
