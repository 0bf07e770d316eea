#include "models_world.hpp"

using namespace troupe;
using namespace troupe::regime::tests;

TEST_CASE("models: a shadow runs on the same bars, is compared, promoted and rolled back") {
  ModelWorld w;
  w.fit_first();
  w.fit_shadow();
  for (int i = 0; i < 10; ++i) {
    w.bar();
  }
  const auto compared = w.models().data;
  REQUIRE(compared.comparison.has_value());
  CHECK(compared.comparison->n_bars == 10);
  CHECK(compared.comparison->until == w.now());
  CHECK(compared.comparison->live.log_score_mean.count("hmm") == 1);
  CHECK(compared.comparison->shadow.regime.has_value());
  CHECK(compared.live->version == 1);
  CHECK(compared.shadow->version == 2);
  CHECK(w.refusal(PromoteShadowModel{btc, {}, 9}).code == Errc::CONFLICT);
  const auto promoted = w.world.ask(PromoteShadowModel{btc, {}, 2});
  REQUIRE(promoted.has_value());
  CHECK(promoted->data.live->version == 2);
  CHECK(promoted->data.live->spec.hmm_states == 2);
  CHECK_FALSE(promoted->data.shadow.has_value());
  CHECK(promoted->data.previous.at(0).version == 1);
  CHECK(w.probability().data.models[1].states.size() == 2);
  const auto back = w.world.ask(RollbackModel{btc, {}, {}});
  REQUIRE(back.has_value());
  CHECK(back->data.live->version == 1);
  CHECK(back->data.pinned);
  CHECK(w.probability().data.models[1].states.size() == 3);
  for (int i = 0; i < 30; ++i) {
    w.bar();
  }
  w.seconds(700);
  CHECK(w.models().data.live->version == 1); // pinned: no refit
  CHECK(w.refusal(PromoteShadowModel{btc, {}, {}}).code == Errc::NOT_FOUND);
}

TEST_CASE("models: refits of a promoted set are of its own kind") {
  ModelWorld w;
  w.fit_first();
  w.fit_shadow();
  REQUIRE(w.world.ask(PromoteShadowModel{btc, {}, {}}).has_value());
  for (int i = 0; i < 24; ++i) {
    w.bar();
  }
  w.seconds(700);
  const auto models = w.models().data;
  CHECK(models.live->version == 3);
  CHECK(models.live->spec.hmm_states == 2);
}

TEST_CASE("models: a change of model that changes the label is an event of its own cause") {
  auto settings = ModelWorld::fast();
  ModelWorld w{settings};
  w.fit_first();
  // a shadow that listens to the switching model alone says something else at some bar of what
  // follows, a quiet stretch and a long trend
  const auto start = [&](messages::RegimeWeights weights) {
    REQUIRE(w.world.ask(StartShadowModel{btc, {}, {}, {}, {}, weights}).has_value());
    w.seconds(2);
    REQUIRE(w.models().data.shadow.has_value());
  };
  start({.rules = 0.0, .hmm = 0.0, .markov_switching = 1.0});
  bool other = false;
  for (int i = 0; i < 300 && !other; ++i) {
    w.bar();
    w.seconds(1);
    const auto models = w.models().data;
    // where the live label has served its dwell, so that another one need not wait
    const bool served = w.now() - w.world.get()->data.since >= 5h;
    other = served && models.comparison
            && models.comparison->live.regime != models.comparison->shadow.regime;
  }
  REQUIRE(other);
  const auto before = w.world.get()->data.regime;
  const auto events = w.world.changes->size();
  REQUIRE(w.world.ask(PromoteShadowModel{btc, {}, {}}).has_value());
  const auto after = w.world.get();
  CHECK(after->data.regime != before);
  REQUIRE(w.world.changes->size() == events + 1);
  CHECK(w.world.changes->back().cause == "refit");
  CHECK(w.world.changes->back().previous == before);
  CHECK(w.world.changes->back().state.since == w.now());
  for (std::size_t i = 0; i < events; ++i) {
    CHECK((w.world.changes->at(i).cause == "market" || w.world.changes->at(i).cause == "refit"));
    // the model used at t was fitted on data up to t
    for (const auto& verdict : w.world.changes->at(i).state.explanation) {
      CHECK((!verdict.fitted_until || *verdict.fitted_until <= w.world.changes->at(i).meta.as_of));
    }
  }
}

TEST_CASE("models: what cannot be done is refused with its code") {
  ModelWorld w;
  CHECK(w.refusal(PromoteShadowModel{btc, {}, {}}).code == Errc::NOT_FOUND);
  CHECK(w.refusal(RollbackModel{btc, {}, {}}).code == Errc::NOT_FOUND);
  CHECK(w.refusal(DiscardShadowModel{btc, {}}).code == Errc::NOT_FOUND);
  const auto states = w.refusal(StartShadowModel{btc, {}, 5, 1, 10, {}});
  CHECK(states.code == Errc::INVALID_ARGUMENT);
  for (const auto* text : {"hmm_states: expected a whole number from 2 to 4, found 5",
                           "switching_states", "fit_bars"}) {
    CHECK_MESSAGE(states.message.find(text) != std::string::npos, states.message);
  }
  const messages::RegimeWeights none{.rules = 0.0, .hmm = 0.0, .markov_switching = 0.0};
  CHECK(w.refusal(StartShadowModel{btc, {}, {}, {}, {}, none}).message.find("weights")
        != std::string::npos);
  const messages::RegimeWeights negative{.rules = -0.5, .hmm = 1.0, .markov_switching = 0.0};
  CHECK(w.refusal(StartShadowModel{btc, {}, {}, {}, {}, negative}).code == Errc::INVALID_ARGUMENT);
  const auto interval = w.refusal(GetRegimeModels{btc, trading::intervals::m1});
  CHECK(interval.code == Errc::INVALID_ARGUMENT);
  REQUIRE(w.world.ask(StartShadowModel{btc, {}, 2, {}, {}, {}}).has_value());
  w.fitter->mood = Mood::CRASHES;
  CHECK(w.refusal(PromoteShadowModel{btc, {}, {}}).code == Errc::NOT_READY);
  REQUIRE(w.world.ask(DiscardShadowModel{btc, {}}).has_value());
  CHECK_FALSE(w.models().data.shadow_spec.has_value());
  const auto nobody = w.world.ask(GetRegimeProbability{{"NOPE-USD", ""}, {}}, "NOPE-USD");
  CHECK(nobody.error().code == Errc::UNKNOWN_SYMBOL);
}

TEST_CASE(
  "models: an interval without models answers by the rules, and says so where asked for more") {
  auto settings = ModelWorld::fast();
  settings.intervals = {"1h", "1d"};
  settings.models.intervals = std::vector<std::string>{"1h"};
  ModelWorld w{settings};
  w.fit_first();
  const auto refused = w.refusal(GetRegimeProbability{btc, trading::intervals::d1});
  CHECK(refused.code == Errc::INVALID_ARGUMENT);
  CHECK(
    refused.message
    == "interval: expected one of 1h, on which models are fitted (regime.models.intervals), found "
       "1d");
}

TEST_CASE("models: those of another node are kept, and taken over where the work comes here") {
  std::optional<messages::RegimeModelsStored> told;
  {
    ModelWorld w;
    w.fit_first();
    w.fit_shadow();
    REQUIRE(w.world.ask(PromoteShadowModel{btc, {}, {}}).has_value());
    told = newest_stored(w.world, regime::models_kind);
    told->node = "n2";
    CHECK(told->version == w.models().data.stored_version);
  }
  auto settings = ModelWorld::fast();
  settings.models.first_fit_after = std::chrono::hours{1};
  ModelWorld w{settings};
  CHECK_FALSE(w.models().data.live.has_value());
  const auto publish = [&](const messages::RegimeModelsStored& event) {
    w.world.runtime().bus.publish(messages::topics::regime_models, "BTC-USD 1h",
                                  caf::make_message(event));
    w.world.run();
  };
  publish(*told);
  CHECK(w.models().data.live->version == 2);
  CHECK(w.models().data.stored_version == told->version);
  auto older = *told;
  older.version = 1;
  publish(older);
  CHECK(w.models().data.stored_version == told->version);
  auto damaged = *told;
  damaged.version = 99;
  damaged.body = "{}";
  publish(damaged);
  CHECK(w.models().data.live->version == 2); // what is damaged is left alone
  REQUIRE(supervision::kill_child(w.world.runtime(), w.world.child).has_value());
  w.world.run();
  w.seconds(2);
  CHECK(w.world.get().has_value());
}

TEST_CASE("bulk: an answer or an error for each, in the order asked for") {
  ModelWorld w;
  w.fit_first();
  w.world.placement->elsewhere["ETH-USD"] = "n2";
  const auto reply = w.world.ask(
    messages::ClassifyMany{
      std::vector<trading::InstrumentId>{{"NOPE-USD", ""}, btc, {"ETH-USD", ""}}, {}},
    "");
  REQUIRE(reply.has_value());
  REQUIRE(reply->data.items.size() == 3);
  CHECK(reply->data.answered == 1);
  CHECK(reply->data.failed == 2);
  CHECK(reply->data.interval == h1);
  CHECK(reply->data.items[0].symbol.symbol == "NOPE-USD");
  REQUIRE(reply->data.items[0].error.has_value());
  CHECK(reply->data.items[0].error->code == "UNKNOWN_SYMBOL");
  CHECK_FALSE(reply->data.items[0].error->retryable);
  REQUIRE(reply->data.items[1].state.has_value());
  CHECK(reply->data.items[1].state->regime == w.world.get()->data.regime);
  CHECK(reply->data.items[1].meta->method == "ensemble");
  REQUIRE(reply->data.items[2].error.has_value());
  CHECK(reply->data.items[2].error->retryable);
  CHECK(reply->meta.quality == Quality::degraded);
  CHECK(reply->meta.as_of == w.now());
  const auto all = w.world.ask(messages::ClassifyMany{}, "");
  REQUIRE(all.has_value());
  REQUIRE(all->data.items.size() == 1);
  CHECK(all->data.items[0].symbol == btc);
  CHECK(all->meta.quality == Quality::live);
}

TEST_CASE("bulk: refusals") {
  auto settings = ModelWorld::fast();
  settings.bulk_symbols_max = 2;
  ModelWorld w{settings};
  using Symbols = std::vector<trading::InstrumentId>;
  const auto refused = [&](std::optional<Symbols> symbols,
                           std::optional<trading::Interval> interval) {
    const auto reply = w.world.ask(messages::ClassifyMany{std::move(symbols), interval}, "");
    REQUIRE_FALSE(reply.has_value());
    CHECK(reply.error().code == Errc::INVALID_ARGUMENT);
    return reply.error().message;
  };
  CHECK(refused(Symbols{}, {}) == "symbols: expected 1 to 2 instruments, found 0");
  CHECK(refused(Symbols{{"A-USD", ""}, {"B-USD", ""}, {"C-USD", ""}}, {}).find("found 3")
        != std::string::npos);
  CHECK(refused(Symbols{btc, btc}, {}).find("each instrument once, found BTC-USD again")
        != std::string::npos);
  CHECK(refused(Symbols{btc}, trading::intervals::m5) == "interval: expected one of 1h, found 5m");
}
