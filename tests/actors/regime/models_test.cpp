#include "actors/regime/models/comparison.hpp"
#include "actors/regime/models/follower.hpp"
#include "actors/regime/models/view.hpp"
#include "models_synthetic.hpp"
#include "quant/markov/gaussian_hmm.hpp"
#include "synthetic.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

using namespace troupe;
using namespace troupe::regime;
using synthetic::draw;
using synthetic::fitted_set;
using synthetic::moments_of;
using synthetic::plan_of;
using trading::Regime;

namespace {

double sum_of(const Distribution& p) {
  return std::accumulate(p.begin(), p.end(), 0.0);
}

const FittedModel& model_of(const ModelSet& set, ModelKind kind) {
  const auto found = std::find_if(set.models.begin(), set.models.end(),
                                  [&](const FittedModel& model) { return model.kind == kind; });
  REQUIRE(found != set.models.end());
  return *found;
}

std::shared_ptr<const ModelSet> shared(ModelSet set) {
  return std::make_shared<const ModelSet>(std::move(set));
}

constexpr Hysteresis hysteresis{.confirm_bars = 3, .dwell_bars_min = 5};

} // namespace

TEST_CASE("models: rules as a distribution put the rest where the candidate is") {
  const RulesSaid same{.label = Regime::TRENDING, .candidate = Regime::TRENDING, .confidence = 0.7};
  const auto p = distribution_of(same);
  CHECK(p[0] == doctest::Approx(0.7));
  CHECK(p[1] == doctest::Approx(0.1));
  CHECK(p[2] == doctest::Approx(0.1));
  CHECK(p[3] == doctest::Approx(0.1));
  const RulesSaid torn{.label = Regime::TRENDING, .candidate = Regime::CHOPPY, .confidence = 0.3};
  const auto q = distribution_of(torn);
  CHECK(q[0] == doctest::Approx(0.3));
  CHECK(q[2] == doctest::Approx(0.7));
  CHECK(sum_of(q) == doctest::Approx(1.0));
  CHECK(most_probable(q) == Regime::CHOPPY);
  CHECK(named(q).at("CHOPPY") == doctest::Approx(0.7));
}

TEST_CASE("mapping: states stand for what they are like, whatever their number") {
  std::vector<StateStatistics> states(4);
  states[0] = {.share = 0.3, .volatility_ratio = 0.9, .choppiness = 40.0};
  states[1] = {.share = 0.06, .volatility_ratio = 2.6, .choppiness = 40.0};
  states[2] = {.share = 0.34, .volatility_ratio = 1.0, .choppiness = 60.0};
  states[3] = {.share = 0.3, .volatility_ratio = 1.0, .choppiness = 50.0};
  const std::vector<Regime> expected{Regime::TRENDING, Regime::CRISIS, Regime::CHOPPY,
                                     Regime::RANGING};
  std::vector<std::size_t> order{0, 1, 2, 3};
  do {
    std::vector<StateStatistics> mixed;
    std::vector<Regime> wanted;
    for (const auto i : order) {
      mixed.push_back(states[i]);
      wanted.push_back(expected[i]);
    }
    CHECK(map_states(mixed, 50.0, 10.0) == wanted);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("mapping: a crisis is rare and violent, and nothing is far from a mean without spread") {
  const auto one = [](StateStatistics state, double deviation = 10.0) {
    return map_states(std::vector{state}, 50.0, deviation).front();
  };
  CHECK(one({.share = 0.10, .volatility_ratio = 2.0, .choppiness = 50.0}) == Regime::CRISIS);
  CHECK(one({.share = 0.11, .volatility_ratio = 3.0, .choppiness = 50.0}) == Regime::RANGING);
  CHECK(one({.share = 0.05, .volatility_ratio = 1.99, .choppiness = 50.0}) == Regime::RANGING);
  CHECK(one({.share = 0.0, .volatility_ratio = 9.0, .choppiness = 50.0}) == Regime::RANGING);
  CHECK(one({.share = 0.5, .volatility_ratio = 1.0, .choppiness = 47.5}) == Regime::TRENDING);
  CHECK(one({.share = 0.5, .volatility_ratio = 1.0, .choppiness = 47.6}) == Regime::RANGING);
  CHECK(one({.share = 0.5, .volatility_ratio = 1.0, .choppiness = 52.5}) == Regime::CHOPPY);
  CHECK(one({.share = 0.5, .volatility_ratio = 1.0, .choppiness = 30.0}, 0.0) == Regime::RANGING);
  const auto text = mapping_text(std::vector{Regime::RANGING, Regime::CRISIS});
  CHECK(text
        == "state 0 is RANGING, state 1 is CRISIS; no state is like TRENDING, CHOPPY, which get 0");
}

TEST_CASE("mapping: statistics weigh each bar by the state's probability there") {
  std::vector<Observation> seen(4);
  seen[0] = {.log_return = 0.01, .choppiness = 40.0};
  seen[1] = {.log_return = -0.01, .choppiness = 40.0};
  seen[2] = {.log_return = 0.03, .choppiness = 60.0};
  seen[3] = {.log_return = -0.03, .choppiness = 60.0};
  Eigen::MatrixXd filtered(4, 2);
  filtered << 1, 0, 1, 0, 0, 1, 0, 1;
  const auto sharp = state_statistics(seen, filtered);
  CHECK(sharp[0].volatility == doctest::Approx(0.01));
  CHECK(sharp[1].volatility == doctest::Approx(0.03));
  CHECK(sharp[1].volatility_ratio == doctest::Approx(3.0));
  CHECK(sharp[1].choppiness == doctest::Approx(60.0));
  CHECK(sharp[1].share == doctest::Approx(0.5));
  filtered.setConstant(0.5);
  const auto blurred = state_statistics(seen, filtered);
  CHECK(blurred[0].volatility == doctest::Approx(blurred[1].volatility));
  CHECK(blurred[0].volatility_ratio == doctest::Approx(1.0));
  CHECK(blurred[0].mean_return == doctest::Approx(0.0));
}

TEST_CASE("fit: states of a known chain are found and stand for their regimes") {
  const auto drawn = draw(2'000);
  const auto& set = fitted_set();
  CHECK(set.n_obs == 2'000);
  CHECK(set.fitted_until == drawn.observations.back().at);
  CHECK(set.note.empty());
  const auto& hidden = model_of(set, ModelKind::hmm);
  std::vector<Regime> found = hidden.regimes;
  std::sort(found.begin(), found.end());
  CHECK(found
        == std::vector<Regime>{Regime::TRENDING, Regime::RANGING, Regime::CHOPPY, Regime::CRISIS});
  ModelFilter filter{std::make_shared<const FittedModel>(hidden)};
  const std::array wanted{Regime::TRENDING, Regime::RANGING, Regime::CHOPPY, Regime::CRISIS};
  int right = 0;
  for (std::size_t t = 0; t < drawn.observations.size(); ++t) {
    filter.update(drawn.observations[t]);
    right +=
      most_probable(filter.probabilities()) == wanted.at(static_cast<std::size_t>(drawn.states[t]))
        ? 1
        : 0;
  }
  CHECK(right > 1'950);
  const auto& switching = model_of(set, ModelKind::markov_switching);
  CHECK(std::count(switching.regimes.begin(), switching.regimes.end(), Regime::CRISIS) == 1);
}

TEST_CASE("fit: the newest bars only, the same numbers each time") {
  const auto long_path = draw(2'400).observations;
  auto plan = plan_of(2, 2);
  plan.spec.fit_bars = 500;
  const auto one = fit_models(long_path, plan);
  const auto other = fit_models(std::span{long_path}.last(500), plan);
  REQUIRE(one.has_value());
  REQUIRE(other.has_value());
  CHECK(one->n_obs == 500);
  CHECK(one->fitted_from == long_path[1'900].at);
  CHECK(core::json::encode(*one) == core::json::encode(*other));
}

TEST_CASE("fit: what cannot be fitted is refused, or left out by name") {
  const auto few = fit_models(draw(399).observations, plan_of());
  REQUIRE_FALSE(few.has_value());
  CHECK(few.error().code == core::Errc::NOT_READY);
  CHECK(few.error().message.find("at least 400 closed bars, found 399") != std::string::npos);
  auto still = draw(600).observations;
  for (auto& seen : still) {
    seen.log_return = 0.0;
  }
  const auto hidden_only = fit_models(still, plan_of(2, 2));
  REQUIRE(hidden_only.has_value());
  REQUIRE(hidden_only->models.size() == 1);
  CHECK(hidden_only->models[0].kind == ModelKind::hmm);
  CHECK(hidden_only->note == "markov_switching not fitted: DEGENERATE");
  for (auto& seen : still) {
    seen.choppiness = 100.0;
    seen.volatility_ratio = 0.0;
  }
  const auto nothing = fit_models(still, plan_of(2, 2));
  REQUIRE_FALSE(nothing.has_value());
  CHECK(nothing.error().code == core::Errc::NOT_READY);
  CHECK(nothing.error().message.find("hmm not fitted") != std::string::npos);
  still[5].log_return = std::numeric_limits<double>::quiet_NaN();
  CHECK_FALSE(fit_models(still, plan_of(2, 2)).has_value());
}

TEST_CASE("filter: equals the kernel's filtered probabilities and never looks ahead") {
  const auto observations = draw(300, 11).observations;
  const auto& hidden = model_of(fitted_set(), ModelKind::hmm);
  Eigen::MatrixXd x(300, 2);
  for (Eigen::Index t = 0; t < 300; ++t) {
    x.row(t) = hmm_point(observations[static_cast<std::size_t>(t)]).transpose();
  }
  const auto whole = quant::infer(hmm_of(hidden), x);
  REQUIRE(whole.has_value());
  ModelFilter filter{std::make_shared<const FittedModel>(hidden)};
  double scores = 0.0;
  for (Eigen::Index t = 0; t < 300; ++t) {
    filter.update(observations[static_cast<std::size_t>(t)]);
    scores += filter.log_score();
    CHECK((filter.states().transpose() - whole->filtered.row(t)).cwiseAbs().maxCoeff() < 1e-9);
  }
  CHECK(scores == doctest::Approx(whole->log_likelihood).epsilon(1e-9));
  CHECK((filter.next_states() - whole->next).cwiseAbs().maxCoeff() < 1e-9);
}

TEST_CASE("filter: the scores of a switching model are those of the returns themselves") {
  const auto observations = draw(300, 11).observations;
  auto model = model_of(fitted_set(), ModelKind::markov_switching);
  ModelFilter filter{std::make_shared<const FittedModel>(model)};
  // the same densities in other units
  model.scale *= 10.0;
  for (auto& covariance : model.covariances) {
    covariance[0][0] /= 100.0;
  }
  for (auto& mean : model.means) {
    mean[0] /= 10.0;
  }
  ModelFilter other{std::make_shared<const FittedModel>(model)};
  for (const auto& seen : observations) {
    filter.update(seen);
    other.update(seen);
    CHECK(filter.log_score() == doctest::Approx(other.log_score()).epsilon(1e-9));
    CHECK(sum_of(filter.probabilities()) == doctest::Approx(1.0));
    CHECK(sum_of(filter.next()) == doctest::Approx(1.0));
  }
  Observation broken = observations[0];
  broken.log_return = std::numeric_limits<double>::quiet_NaN();
  const auto before = filter.probabilities();
  filter.update(broken);
  CHECK(filter.probabilities() == before);
}

TEST_CASE("filter: damaged models are refused with what is wrong") {
  const auto refused = [](const std::function<void(FittedModel&)>& damage, ModelKind kind) {
    auto model = model_of(fitted_set(), kind);
    damage(model);
    const auto checked = check_model(model);
    REQUIRE_FALSE(checked.has_value());
    CHECK(checked.error().code == core::Errc::IO_ERROR);
    CHECK_THROWS_AS(ModelFilter{std::make_shared<const FittedModel>(model)}, std::invalid_argument);
  };
  for (const auto kind : {ModelKind::hmm, ModelKind::markov_switching}) {
    refused([](auto& m) { m.transition.pop_back(); }, kind);
    refused([](auto& m) { m.transition[0][0] += 0.5; }, kind);
    refused([](auto& m) { m.means[1].clear(); }, kind);
    refused([](auto& m) { m.covariances[0][0][0] = -1.0; }, kind);
    refused([](auto& m) { m.regimes.clear(); }, kind);
    refused([](auto& m) { m.states.pop_back(); }, kind);
    refused([](auto& m) { m.scale = 0.0; }, kind);
    refused([](auto& m) { m.means[0][0] = std::numeric_limits<double>::infinity(); }, kind);
  }
  auto twice = fitted_set();
  twice.models[1] = twice.models[0];
  CHECK_FALSE(check_set(twice).has_value());
  CHECK_FALSE(check_set(ModelSet{}).has_value());
  CHECK_THROWS_AS((Ensemble{hysteresis, shared(twice)}), std::invalid_argument);
}

TEST_CASE("ensemble: without models it is what the rules say") {
  Ensemble rules{hysteresis, nullptr};
  CHECK_FALSE(rules.ready());
  auto moments = moments_of(draw(20).observations, Regime::CHOPPY, 0.8);
  moments.back().rules.candidate = Regime::TRENDING;
  rules.apply(moments);
  CHECK(rules.regime() == Regime::CHOPPY);
  CHECK(rules.candidate() == Regime::TRENDING);
  CHECK(rules.confidence() == 0.8);
  CHECK(rules.since() == moments.front().observation.at);
  CHECK(said_by_model(rules) == std::map<std::string, std::string>{{"rules", "TRENDING"}});
}

TEST_CASE("ensemble: probabilities are the weighted mean, over the models that are there") {
  const auto moments = moments_of(draw(100).observations);
  Ensemble both{hysteresis, shared(fitted_set())};
  both.apply(moments);
  CHECK(both.rules_weight() == doctest::Approx(0.4));
  CHECK(sum_of(both.probabilities()) == doctest::Approx(1.0));
  for (std::size_t i = 0; i < regimes_all.size(); ++i) {
    const double mean = 0.4 * distribution_of(both.rules())[i]
                        + 0.4 * both.filters()[0].probabilities()[i]
                        + 0.2 * both.filters()[1].probabilities()[i];
    CHECK(both.probabilities()[i] == doctest::Approx(mean));
  }
  auto part = fitted_set();
  part.models.pop_back();
  const Ensemble one{hysteresis, shared(part)};
  CHECK(one.rules_weight() == doctest::Approx(0.5));
  CHECK(one.weight(0) == doctest::Approx(0.5));
  part.spec.weights = {.rules = 0.0, .hmm = 0.0, .markov_switching = 1.0};
  const Ensemble none{hysteresis, shared(part)};
  CHECK(none.rules_weight() == 1.0);
  const auto verdicts = verdicts_of(both);
  REQUIRE(verdicts.size() == 3);
  CHECK(verdicts[0].model == "rules");
  CHECK_FALSE(verdicts[0].version.has_value());
  CHECK(verdicts[1].model == "hmm");
  CHECK(verdicts[1].version == 1);
  CHECK(verdicts[1].fitted_until == fitted_set().fitted_until);
}

TEST_CASE("ensemble: a label waits to be confirmed, a crisis does not") {
  auto set = fitted_set();
  set.spec.weights = {.rules = 0.0, .hmm = 1.0, .markov_switching = 0.0};
  const auto path = [](std::initializer_list<std::pair<int, int>> parts) {
    core::Random random{3};
    std::vector<Observation> out;
    for (const auto& [state, bars] : parts) {
      const auto& like = synthetic::four_states.at(static_cast<std::size_t>(state));
      for (int i = 0; i < bars; ++i) {
        out.push_back({.at = {static_cast<std::int64_t>(out.size())},
                       .log_return = like.volatility * random.normal(),
                       .volatility_ratio = like.volatility_ratio,
                       .choppiness = like.choppiness});
      }
    }
    return out;
  };
  Ensemble ensemble{hysteresis, shared(set)};
  std::vector<Regime> labels;
  const auto observations = path({{0, 20}, {2, 2}, {0, 10}, {2, 10}, {3, 1}});
  for (const auto& moment : moments_of(observations)) {
    ensemble.apply(moment);
    labels.push_back(ensemble.regime());
  }
  CHECK(labels[19] == Regime::TRENDING);
  CHECK(labels[21] == Regime::TRENDING); // two choppy bars are no change
  CHECK(labels[33] == Regime::TRENDING);
  CHECK(labels[34] == Regime::CHOPPY); // the third one is
  CHECK(labels.back() == Regime::CRISIS);
  CHECK(ensemble.since() == observations.back().at);
  Ensemble ruled{hysteresis, shared(set)};
  ruled.apply(moments_of(path({{0, 20}}), Regime::CRISIS));
  CHECK(ruled.regime() == Regime::CRISIS); // the rules' crisis is everybody's
}

TEST_CASE("ensemble: what was said does not depend on what came later, nor for long on the start") {
  const auto moments = moments_of(draw(1'500, 21).observations);
  Ensemble whole{hysteresis, shared(fitted_set())};
  Ensemble late{hysteresis, shared(fitted_set())};
  std::vector<Distribution> said;
  for (std::size_t t = 0; t < moments.size(); ++t) {
    whole.apply(moments[t]);
    said.push_back(whole.probabilities());
    if (t >= 1'000) {
      late.apply(moments[t]);
    }
  }
  for (const std::size_t cut : {100U, 777U, 1'499U}) {
    Ensemble prefix{hysteresis, shared(fitted_set())};
    for (std::size_t t = 0; t <= cut; ++t) {
      prefix.apply(moments[t]);
    }
    CHECK(prefix.probabilities() == said[cut]);
  }
  CHECK(late.regime() == whole.regime());
  CHECK(late.since() == whole.since());
  for (std::size_t i = 0; i < regimes_all.size(); ++i) {
    CHECK(late.probabilities()[i] == doctest::Approx(whole.probabilities()[i]).epsilon(1e-6));
  }
}

TEST_CASE("ensemble: a successor's other label waits for the dwell of the one before") {
  const auto observations = draw(100).observations;
  auto set = fitted_set();
  set.spec.weights = {.rules = 1.0, .hmm = 0.0, .markov_switching = 0.0};
  auto torn = moments_of(observations, Regime::CHOPPY, 0.9);
  for (std::size_t i = 96; i < 100; ++i) {
    torn[i].rules.label = torn[i].rules.candidate = Regime::CRISIS; // three bars of dwell
  }
  Ensemble before{hysteresis, shared(set)};
  before.apply(torn);
  REQUIRE(before.regime() == Regime::CRISIS);
  Ensemble next{hysteresis, shared(set)};
  next.apply(moments_of(observations, Regime::TRENDING, 0.9));
  REQUIRE(next.regime() == Regime::TRENDING);
  next.succeed(before, observations.back().at);
  CHECK(next.regime() == Regime::CRISIS);
  CHECK(next.since() == before.since());
  auto more = moments_of(observations, Regime::TRENDING, 0.9);
  next.apply(more.back());
  CHECK(next.regime() == Regime::CRISIS);
  next.apply(more.back());
  CHECK(next.regime() == Regime::TRENDING);
  Ensemble rules{hysteresis, nullptr}; // without a set it is the rules' label, always
  rules.apply(more);
  rules.succeed(before, {99});
  CHECK(rules.regime() == Regime::TRENDING);
}

TEST_CASE("outlook: rows are distributions, the forecast follows from the present") {
  auto moments = moments_of(draw(600, 5).observations);
  for (std::size_t t = 0; t < moments.size(); ++t) {
    moments[t].rules.label = regimes_all.at((t / 50) % 3);
  }
  auto set = fitted_set();
  set.spec.weights = {.rules = 0.0, .hmm = 1.0, .markov_switching = 0.0};
  Ensemble ensemble{hysteresis, shared(set)};
  ensemble.apply(moments);
  const auto outlook = outlook_of(ensemble, moments);
  Distribution next{};
  for (std::size_t i = 0; i < regimes_all.size(); ++i) {
    CHECK(sum_of(outlook.transition[i]) == doctest::Approx(1.0));
    CHECK(sum_of(outlook.rules[i]) == doctest::Approx(1.0));
    for (std::size_t j = 0; j < regimes_all.size(); ++j) {
      next[j] += ensemble.filters()[0].probabilities()[i] * outlook.transition[i][j];
    }
  }
  for (std::size_t j = 0; j < regimes_all.size(); ++j) {
    CHECK(outlook.next[j] == doctest::Approx(next[j]));
  }
  // 49 of 50 bars stay, a quarter of a bar is added to each of four pairs
  CHECK(outlook.rules[0][0] == doctest::Approx((4 * 49 + 0.25) / (4 * 50 + 1.0)));
  CHECK(outlook.rules[3][0] == doctest::Approx(0.25)); // never seen
}

TEST_CASE("outlook: a regime that no model has is left to the rules") {
  auto set = fitted_set();
  for (auto& model : set.models) {
    std::fill(model.regimes.begin(), model.regimes.end(), Regime::RANGING);
  }
  set.spec.weights = {.rules = 0.0, .hmm = 1.0, .markov_switching = 0.0};
  const auto moments = moments_of(draw(100).observations);
  Ensemble ensemble{hysteresis, shared(set)};
  ensemble.apply(moments);
  const auto outlook = outlook_of(ensemble, moments);
  CHECK(outlook.transition[index_of(Regime::CRISIS)] == outlook.rules[index_of(Regime::CRISIS)]);
  CHECK(outlook.transition[index_of(Regime::RANGING)][index_of(Regime::RANGING)]
        == doctest::Approx(1.0));
  const auto view = probabilities_of(ensemble, moments, trading::intervals::h1);
  CHECK(view.expected_duration_bars.count("RANGING") == 0); // it is never left
  CHECK(view.expected_duration_bars.count("CRISIS") == 1);
}

TEST_CASE("view: states add up to their model and models to the ensemble") {
  const auto moments = moments_of(draw(700, 9).observations);
  Ensemble ensemble{hysteresis, shared(fitted_set())};
  ensemble.apply(moments);
  const auto view = probabilities_of(ensemble, moments, trading::intervals::h1);
  REQUIRE(view.models.size() == 3);
  double weights = 0.0;
  for (const auto& model : view.models) {
    weights += model.weight;
    double states = 0.0;
    double stationary = 0.0;
    for (const auto& state : model.states) {
      states += state.probability.value();
      stationary += state.stationary;
      CHECK(state.expected_duration_bars.value() >= 1.0);
      CHECK(state.volatility_annual > 0.0);
    }
    if (model.model != "rules") {
      CHECK(states == doctest::Approx(1.0));
      CHECK(stationary == doctest::Approx(1.0));
      REQUIRE(model.fit.has_value());
      CHECK(model.fit->n_obs == 2'000);
      CHECK(model.fit->bic > -2.0 * model.fit->log_likelihood);
    }
    CHECK_FALSE(model.mapping.empty());
  }
  CHECK(weights == doctest::Approx(1.0));
  CHECK(view.regimes.size() == 4);
  const auto fitted = view_of(fitted_set(), nullptr, trading::intervals::h1);
  CHECK(fitted.models.size() == 2);
  CHECK(fitted.models[0].probabilities.empty());
  CHECK_FALSE(fitted.models[0].states[0].probability.has_value());
  CHECK_FALSE(fitted.models[0].states[0].next.has_value());
  CHECK_FALSE(
    view_of(fitted_set(), &ensemble, trading::intervals::h1).models[0].probabilities.empty());
}

TEST_CASE("comparison: agreement, switches and scores are those of the bars counted") {
  const auto drawn = draw(400, 31);
  auto other = fitted_set();
  other.version = 2;
  other.spec.weights = {.rules = 1.0, .hmm = 0.0, .markov_switching = 0.0};
  Ensemble live{hysteresis, shared(fitted_set())};
  Ensemble shadow{hysteresis, shared(other)};
  Comparison comparison;
  CHECK(comparison.result().n_bars == 0);
  std::uint64_t agreed = 0;
  std::uint64_t switches = 0;
  double score = 0.0;
  std::optional<Regime> last;
  for (const auto& moment : moments_of(drawn.observations)) {
    live.apply(moment);
    shadow.apply(moment);
    comparison.count(moment, live, shadow);
    agreed += live.regime() == shadow.regime() ? 1U : 0U;
    switches += last && *last != live.regime() ? 1U : 0U;
    last = live.regime();
    score += live.filters()[0].log_score() / 400.0;
  }
  const auto result = comparison.result();
  CHECK(result.n_bars == 400);
  CHECK(result.from == drawn.observations.front().at);
  CHECK(result.until == drawn.observations.back().at);
  CHECK(result.agreement.value() == doctest::Approx(static_cast<double>(agreed) / 400.0));
  CHECK(result.live.switches == switches);
  CHECK(result.live.log_score_mean.at("hmm") == doctest::Approx(score));
  CHECK(result.shadow.switches == 0); // the rules never changed their mind
  CHECK(result.shadow.dwell_bars_mean.value() == doctest::Approx(400.0));
  CHECK(result.live.regime == live.regime());
}

TEST_CASE("follower: moments are the classifier's bars; a return over a gap is scaled to one bar") {
  const Settings settings;
  const auto bars = synthetic::Path{}.walk(100, 0.004).skip(3).walk(50, 0.004).bars();
  Follower follower{settings, trading::intervals::h1, 40};
  Classifier alone{settings, trading::intervals::h1};
  for (const auto& bar : bars) {
    follower.apply(bar);
    alone.apply(bar);
  }
  CHECK(follower.classifier().as_of() == alone.as_of());
  CHECK(follower.moments().size() == 40);
  CHECK(follower.taken() == bars.size() - alone.bars_needed() + 1);
  CHECK(follower.moments().back().rules.label == alone.regime());
  CHECK(follower.moments().back().observation.log_return == alone.features().log_return);
  const auto all = observations_of(settings, trading::intervals::h1, bars);
  const auto gap = std::find_if(
    all.begin(), all.end(), [&](const Observation& seen) { return seen.at == bars[100].ts_close; });
  REQUIRE(gap != all.end());
  const double whole = std::log(bars[100].close.to_double() / bars[99].close.to_double());
  CHECK(gap->log_return == doctest::Approx(whole / 2.0)); // four intervals
  Follower none{settings, trading::intervals::h1, 0};
  none.apply(bars[0]);
  CHECK(none.moments().empty());
}
