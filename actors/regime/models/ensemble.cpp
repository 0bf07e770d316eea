#include "actors/regime/models/ensemble.hpp"

#include <stdexcept>
#include <utility>

namespace troupe::regime {

namespace ensemble_detail {

double configured_weight(const messages::RegimeWeights& weights, ModelKind kind) {
  return kind == ModelKind::hmm ? weights.hmm : weights.markov_switching;
}

void add(Distribution& sum, double weight, const Distribution& term) {
  for (std::size_t i = 0; i < sum.size(); ++i) {
    sum[i] += weight * term[i];
  }
}

/// @returns whether there was something to scale
bool scale_to_one(Distribution& row) {
  double sum = 0.0;
  for (const double p : row) {
    sum += p;
  }
  if (!(sum > 0.0)) {
    return false;
  }
  for (double& p : row) {
    p /= sum;
  }
  return true;
}

} // namespace ensemble_detail

using namespace ensemble_detail;

Ensemble::Ensemble(Hysteresis hysteresis, std::shared_ptr<const ModelSet> set)
  : hysteresis_(hysteresis), set_(std::move(set)) {
  if (!set_) {
    return;
  }
  if (const auto checked = check_set(*set_); !checked) {
    throw std::invalid_argument(checked.error().message);
  }
  for (const auto& model : set_->models) {
    filters_.emplace_back(std::shared_ptr<const FittedModel>{set_, &model});
  }
  weigh();
}

void Ensemble::weigh() {
  const auto& configured = set_->spec.weights;
  double sum = configured.rules;
  for (const auto& model : set_->models) {
    sum += configured_weight(configured, model.kind);
  }
  // where all weight is on a model that could not be fitted, the rules stand in
  rules_weight_ = sum > 0.0 ? configured.rules / sum : 1.0;
  for (const auto& model : set_->models) {
    weights_.push_back(sum > 0.0 ? configured_weight(configured, model.kind) / sum : 0.0);
  }
}

void Ensemble::apply(const Moment& moment) {
  rules_ = moment.rules;
  probabilities_ = {};
  add(probabilities_, rules_weight_, distribution_of(rules_));
  for (std::size_t i = 0; i < filters_.size(); ++i) {
    filters_[i].update(moment.observation);
    add(probabilities_, weights_[i], filters_[i].probabilities());
  }
  const auto at = moment.observation.at;
  if (!set_) {
    label_.mirror(rules_.state(at));
    return;
  }
  const bool ruled = rules_.label == trading::Regime::CRISIS;
  label_.take(ruled ? trading::Regime::CRISIS : most_probable(probabilities_), at, hysteresis_);
}

void Ensemble::apply(const std::deque<Moment>& moments) {
  for (const auto& moment : moments) {
    apply(moment);
  }
}

void Ensemble::resume(const LabelState& kept) {
  if (set_) {
    label_.resume(kept);
  }
}

void Ensemble::succeed(const Ensemble& before, core::Timestamp now) {
  if (set_) {
    label_.succeed(before.label(), now, hysteresis_);
  }
}

double Ensemble::confidence() const {
  return set_ ? probabilities_[index_of(regime())] : rules_.confidence;
}

RegimeTransition rules_transition(const std::deque<Moment>& moments) {
  constexpr double prior = 0.25;
  RegimeTransition out;
  for (auto& row : out) {
    row.fill(prior);
  }
  for (std::size_t t = 1; t < moments.size(); ++t) {
    out[index_of(moments[t - 1].rules.label)][index_of(moments[t].rules.label)] += 1.0;
  }
  for (auto& row : out) {
    scale_to_one(row);
  }
  return out;
}

RegimeTransition regime_transition(const ModelFilter& filter) {
  constexpr double present_min = 1e-12;
  const auto& model = filter.model();
  const auto transition = transition_of(model);
  const auto stationary = stationary_of(model);
  const auto now = filter.probabilities();
  RegimeTransition out{};
  for (std::size_t i = 0; i < model.regimes.size(); ++i) {
    const auto from = index_of(model.regimes[i]);
    const auto state = static_cast<Eigen::Index>(i);
    const double weight = now[from] > present_min ? filter.states()[state] : stationary[state];
    for (std::size_t j = 0; j < model.regimes.size(); ++j) {
      out[from][index_of(model.regimes[j])] +=
        weight * transition(state, static_cast<Eigen::Index>(j));
    }
  }
  for (auto& row : out) {
    scale_to_one(row);
  }
  return out;
}

Outlook outlook_of(const Ensemble& ensemble, const std::deque<Moment>& moments) {
  Outlook out{.transition = {}, .rules = rules_transition(moments)};
  const auto rules = distribution_of(ensemble.rules());
  for (std::size_t i = 0; i < rules.size(); ++i) {
    add(out.rules_next, rules[i], out.rules[i]);
    add(out.transition[i], ensemble.rules_weight(), out.rules[i]);
  }
  add(out.next, ensemble.rules_weight(), out.rules_next);
  for (std::size_t m = 0; m < ensemble.filters().size(); ++m) {
    const auto& filter = ensemble.filters()[m];
    const auto transition = regime_transition(filter);
    for (std::size_t i = 0; i < transition.size(); ++i) {
      add(out.transition[i], ensemble.weight(m), transition[i]);
    }
    add(out.next, ensemble.weight(m), filter.next());
  }
  for (std::size_t i = 0; i < out.transition.size(); ++i) {
    if (!scale_to_one(out.transition[i])) {
      out.transition[i] = out.rules[i]; // the rules have no weight, and no model has this regime
    }
  }
  return out;
}

} // namespace troupe::regime
