#include "actors/regime/models/view.hpp"

#include <chrono>
#include <cmath>

namespace troupe::regime {

namespace model_view_detail {

constexpr const char* rules_name = "rules";

std::vector<std::vector<double>> rows_of(const RegimeTransition& transition) {
  std::vector<std::vector<double>> out;
  for (const auto& row : transition) {
    out.emplace_back(row.begin(), row.end());
  }
  return out;
}

/// 1 / P(leaving). @returns nothing where it is never left
std::optional<double> expected_duration(const std::vector<double>& row, std::size_t at) {
  double leaves = 0.0;
  for (std::size_t j = 0; j < row.size(); ++j) {
    leaves += j == at ? 0.0 : row[j];
  }
  return leaves > 0.0 ? std::optional{1.0 / leaves} : std::nullopt;
}

messages::RegimeModelFit fit_of(const FittedModel& model, const ModelSet& set) {
  return {.version = set.version,
          .fitted_from = set.fitted_from,
          .fitted_until = set.fitted_until,
          .n_obs = set.n_obs,
          .log_likelihood = model.log_likelihood,
          .bic = model.bic,
          .iterations = model.iterations,
          .converged = model.converged};
}

/// A model as fitted: its states without present probabilities.
messages::RegimeModelProbabilities
fitted_view(const FittedModel& model, const ModelSet& set, trading::Interval interval) {
  constexpr std::chrono::duration<double> year = std::chrono::hours{365 * 24};
  constexpr double bps = 1e4;
  const double annual = std::sqrt(year / std::chrono::duration<double>(interval.duration()));
  messages::RegimeModelProbabilities out;
  out.model = name_of(model.kind);
  out.mapping = mapping_text(model.regimes);
  out.transition = model.transition;
  out.fit = fit_of(model, set);
  const auto stationary = stationary_of(model);
  for (std::size_t k = 0; k < model.regimes.size(); ++k) {
    const auto& like = model.states[k];
    messages::RegimeModelState state;
    state.regime = model.regimes[k];
    state.stationary = stationary[static_cast<Eigen::Index>(k)];
    state.expected_duration_bars = expected_duration(model.transition[k], k);
    state.share = like.share;
    state.volatility_annual = like.volatility * annual;
    state.volatility_ratio = like.volatility_ratio;
    state.choppiness = like.choppiness;
    state.mean_return_bps = like.mean_return * bps;
    out.states.push_back(state);
  }
  return out;
}

messages::RegimeModelProbabilities running_view(const ModelFilter& filter,
                                                double weight,
                                                const ModelSet& set,
                                                trading::Interval interval) {
  auto out = fitted_view(filter.model(), set, interval);
  out.weight = weight;
  out.probabilities = named(filter.probabilities());
  out.next = named(filter.next());
  const auto next = filter.next_states();
  for (std::size_t k = 0; k < out.states.size(); ++k) {
    out.states[k].probability = filter.states()[static_cast<Eigen::Index>(k)];
    out.states[k].next = next[static_cast<Eigen::Index>(k)];
  }
  return out;
}

messages::RegimeModelProbabilities rules_view(const Ensemble& ensemble, const Outlook& outlook) {
  messages::RegimeModelProbabilities out;
  out.model = rules_name;
  out.weight = ensemble.rules_weight();
  out.probabilities = named(distribution_of(ensemble.rules()));
  out.next = named(outlook.rules_next);
  out.mapping = "the confidence on the label, the rest on the candidate or in equal parts on the "
                "others; transitions as counted over the newest bars";
  out.transition = rows_of(outlook.rules);
  return out;
}

messages::RegimeVerdict verdict(std::string model, const Distribution& said, double weight) {
  messages::RegimeVerdict out;
  out.model = std::move(model);
  out.regime = most_probable(said);
  out.probability = said[index_of(out.regime)];
  out.weight = weight;
  return out;
}

} // namespace model_view_detail

using namespace model_view_detail;

std::vector<messages::RegimeVerdict> verdicts_of(const Ensemble& ensemble) {
  std::vector<messages::RegimeVerdict> out{
    verdict(rules_name, distribution_of(ensemble.rules()), ensemble.rules_weight())};
  for (std::size_t i = 0; i < ensemble.filters().size(); ++i) {
    const auto& filter = ensemble.filters()[i];
    auto one = verdict(name_of(filter.model().kind), filter.probabilities(), ensemble.weight(i));
    one.version = ensemble.set()->version;
    one.fitted_until = ensemble.set()->fitted_until;
    out.push_back(std::move(one));
  }
  return out;
}

std::map<std::string, std::string> said_by_model(const Ensemble& ensemble) {
  std::map<std::string, std::string> out{{rules_name, name_of(ensemble.rules().candidate)}};
  for (const auto& filter : ensemble.filters()) {
    out.emplace(name_of(filter.model().kind), name_of(most_probable(filter.probabilities())));
  }
  if (ensemble.set()) {
    out.emplace("ensemble", name_of(ensemble.candidate()));
  }
  return out;
}

messages::RegimeProbabilities probabilities_of(const Ensemble& ensemble,
                                               const std::deque<Moment>& moments,
                                               trading::Interval interval) {
  const auto outlook = outlook_of(ensemble, moments);
  messages::RegimeProbabilities out;
  out.interval = interval;
  out.regime = ensemble.regime();
  out.since = ensemble.since();
  out.since_replayed = ensemble.label().since_replayed;
  out.probabilities = named(ensemble.probabilities());
  out.next = named(outlook.next);
  out.regimes.assign(regimes_all.begin(), regimes_all.end());
  out.transition = rows_of(outlook.transition);
  for (std::size_t i = 0; i < regimes_all.size(); ++i) {
    if (const auto duration = expected_duration(out.transition[i], i)) {
      out.expected_duration_bars.emplace(name_of(regimes_all[i]), *duration);
    }
  }
  out.models.push_back(rules_view(ensemble, outlook));
  for (std::size_t i = 0; i < ensemble.filters().size(); ++i) {
    out.models.push_back(
      running_view(ensemble.filters()[i], ensemble.weight(i), *ensemble.set(), interval));
  }
  return out;
}

messages::RegimeModelSet
view_of(const ModelSet& set, const Ensemble* running, trading::Interval interval) {
  messages::RegimeModelSet out{.version = set.version,
                               .era = set.era,
                               .spec = set.spec,
                               .fitted_at = set.fitted_at,
                               .fitted_until = set.fitted_until,
                               .n_obs = set.n_obs,
                               .models = {},
                               .note = set.note};
  const bool runs = running != nullptr && running->ready() && running->set();
  for (std::size_t i = 0; i < set.models.size(); ++i) {
    out.models.push_back(
      runs ? running_view(running->filters().at(i), running->weight(i), set, interval)
           : fitted_view(set.models[i], set, interval));
  }
  return out;
}

} // namespace troupe::regime
