#include "quant/markov/markov_switching.hpp"

#include <Eigen/LU>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>

namespace troupe::quant {

namespace switching_detail {

std::size_t power(std::size_t base, std::size_t exponent) {
  std::size_t out = 1;
  for (std::size_t i = 0; i < exponent; ++i) {
    out *= base;
  }
  return out;
}

std::size_t lags_of(const MarkovSwitchingModel& model) {
  return static_cast<std::size_t>(std::max<Eigen::Index>(model.order(), 1));
}

Eigen::Index at(std::size_t i) {
  return static_cast<Eigen::Index>(i);
}

/// y[t] - sum phi[i] y[t-i]
double
level_of(const Eigen::VectorXd& phi, const Eigen::Ref<const Eigen::VectorXd>& y, Eigen::Index t) {
  double level = y[t];
  for (Eigen::Index i = 0; i < phi.size(); ++i) {
    level -= phi[i] * y[t - 1 - i];
  }
  return level;
}

JointStates::JointStates(const MarkovSwitchingModel& model)
  : lags_(lags_of(model)), by_regime_(model.order() == 0) {
  const auto k = static_cast<std::size_t>(model.regimes());
  for (Eigen::Index i = 0; i < model.regimes(); ++i) {
    constant_.push_back(-0.5 * std::log(2.0 * std::numbers::pi * model.variances[i]));
    half_precision_.push_back(0.5 / model.variances[i]);
  }
  const std::size_t size = power(k, lags_ + 1);
  centre_.resize(size);
  transition_.resize(size);
  regime_.resize(size);
  for (std::size_t s = 0; s < size; ++s) {
    regime_[s] = static_cast<std::uint8_t>(regime(s, 0));
    centre_[s] = model.means[at(regime(s, 0))];
    for (Eigen::Index i = 0; i < model.order(); ++i) {
      centre_[s] -=
        model.autoregression[i] * model.means[at(regime(s, static_cast<std::size_t>(i) + 1))];
    }
    transition_[s] = model.transition(at(regime(s, 1)), at(regime(s, 0)));
  }
}

std::size_t JointStates::regime(std::size_t state, std::size_t lags) const {
  return state / power(regimes(), lags_ - lags) % regimes();
}

std::vector<double> JointStates::first_histories(const Eigen::VectorXd& stationary) const {
  // a history is the joint state without its leading digit: its newest regime is lag 1
  std::vector<double> out(histories());
  for (std::size_t h = 0; h < out.size(); ++h) {
    double probability = stationary[at(regime(h, lags_))];
    for (std::size_t lag = lags_; lag > 1; --lag) {
      // the transition from lag to lag - 1, looked up in a state with these two leading
      const std::size_t pair = regime(h, lag - 1) * regimes() + regime(h, lag);
      probability *= transition_[pair * power(regimes(), lags_ - 1)];
    }
    out[h] = probability;
  }
  return out;
}

double hamilton_step(const JointStates& states,
                     double level,
                     std::vector<double>& histories,
                     std::vector<double>& joint,
                     double* densities) {
  const std::size_t k = states.regimes();
  const std::size_t past = states.histories();
  const std::size_t alike = states.alike();
  double largest = -std::numeric_limits<double>::infinity();
  // predictions into `joint`; log densities into `densities`, once for states that share one
  for (std::size_t s = 0, h = 0; s < joint.size(); s += alike) {
    double predicted = 0.0;
    for (std::size_t i = s; i < s + alike; ++i) {
      joint[i] = states.transition(i) * histories[h];
      predicted += joint[i];
      h = h + 1 == past ? 0 : h + 1;
    }
    densities[s] = states.log_density(s, level);
    if (predicted > 0.0) {
      largest = std::max(largest, densities[s]);
    }
  }
  double sum = 0.0;
  for (std::size_t s = 0; s < joint.size(); s += alike) {
    // of what is impossible anyway the density may be anything: one above the largest could
    // overflow
    const double density = densities[s] <= largest ? std::exp(densities[s] - largest) : 0.0;
    for (std::size_t i = s; i < s + alike; ++i) {
      densities[i] = density;
      joint[i] *= density;
      sum += joint[i];
    }
  }
  if (!(sum > 0.0) || !std::isfinite(largest)) {
    return -std::numeric_limits<double>::infinity();
  }
  const double inverse = 1.0 / sum;
  for (std::size_t s = 0; s < joint.size(); ++s) {
    joint[s] *= inverse;
    densities[s] *= inverse;
  }
  for (std::size_t h = 0; h < past; ++h) {
    double probability = 0.0;
    for (std::size_t oldest = 0; oldest < k; ++oldest) {
      probability += joint[h * k + oldest];
    }
    histories[h] = probability;
  }
  return largest + std::log(sum);
}

std::optional<Reason> HamiltonKim::run(const MarkovSwitchingModel& model,
                                       const Eigen::Ref<const Eigen::VectorXd>& y) {
  if (!model.usable()) {
    return Reason::BAD_PARAMETER;
  }
  if (y.size() <= model.order()) {
    return Reason::TOO_SHORT;
  }
  if (!y.allFinite() || y.cwiseAbs().maxCoeff() > observation_max) {
    return Reason::BAD_SAMPLE;
  }
  auto stationary = stationary_distribution(model.transition);
  if (!stationary) {
    return stationary.reason();
  }
  stationary_ = *std::move(stationary);
  states_.emplace(model);
  const Eigen::Index size = y.size() - model.order();
  const auto joint_states = at(states_->size());
  joint_.resize(size, joint_states);
  densities_.resize(size, joint_states);
  smoothed_.resize(size, joint_states);
  auto histories = states_->first_histories(stationary_);
  std::vector<double> joint(states_->size());
  log_likelihood_ = 0.0;
  for (Eigen::Index t = 0; t < size; ++t) {
    log_likelihood_ += hamilton_step(*states_, level_of(model.autoregression, y, t + model.order()),
                                     histories, joint, densities_.data() + t * joint_states);
    std::copy(joint.begin(), joint.end(), joint_.data() + t * joint_states);
  }
  if (!std::isfinite(log_likelihood_)) {
    return Reason::DEGENERATE;
  }
  // future[h]: p(later observations | history h) over p(later observations | earlier ones)
  const std::size_t k = states_->regimes();
  const std::size_t past = states_->histories();
  std::vector<double> future(past, 1.0);
  std::vector<double> before(past);
  for (Eigen::Index t = size - 1; t >= 0; --t) {
    const double* filtered = joint_.data() + t * joint_states;
    const double* density = densities_.data() + t * joint_states;
    double* smoothed = smoothed_.data() + t * joint_states;
    std::fill(before.begin(), before.end(), 0.0);
    for (std::size_t s = 0, h = 0, next = 0, digit = 0; s < joint.size(); ++s) {
      smoothed[s] = filtered[s] * future[next];
      before[h] += states_->transition(s) * density[s] * future[next];
      h = h + 1 == past ? 0 : h + 1;
      if (++digit == k) { // next = s / k
        digit = 0;
        ++next;
      }
    }
    future.swap(before);
  }
  return std::nullopt;
}

SwitchingInference HamiltonKim::inference(const MarkovSwitchingModel& model) const {
  const Eigen::Index k = model.regimes();
  const Eigen::Index size = joint_.rows();
  SwitchingInference out;
  out.log_likelihood = log_likelihood_;
  out.predicted.resize(size, k);
  out.filtered.resize(size, k);
  out.smoothed.resize(size, k);
  const auto past = at(states_->histories());
  for (Eigen::Index t = 0; t < size; ++t) {
    for (Eigen::Index j = 0; j < k; ++j) {
      out.filtered(t, j) = joint_.row(t).segment(j * past, past).sum();
      out.smoothed(t, j) = smoothed_.row(t).segment(j * past, past).sum();
    }
    out.predicted.row(t) = t == 0 ? stationary_.transpose()
                                  : Eigen::RowVectorXd(out.filtered.row(t - 1) * model.transition);
  }
  out.next = model.transition.transpose() * out.filtered.row(size - 1).transpose();
  return out;
}

void HamiltonKim::score(const MarkovSwitchingModel& model,
                        const Eigen::Ref<const Eigen::VectorXd>& y,
                        SwitchingScore& out) const {
  const Eigen::Index k = model.regimes();
  const Eigen::Index p = model.order();
  const std::size_t lags = lags_of(model);
  const Eigen::Index size = joint_.rows();
  out.log_likelihood = log_likelihood_;
  out.transition = Eigen::MatrixXd::Zero(k, k);
  out.means = Eigen::VectorXd::Zero(k);
  out.log_variances = Eigen::VectorXd::Zero(k);
  out.autoregression = Eigen::VectorXd::Zero(p);
  // sums over time by joint state: weight, weight * e, weight * e^2
  std::vector<double> weights(states_->size(), 0.0);
  std::vector<double> first(states_->size(), 0.0);
  std::vector<double> second(states_->size(), 0.0);
  std::vector<double> precision(states_->size());
  for (std::size_t s = 0; s < states_->size(); ++s) {
    precision[s] = 1.0 / model.variances[at(states_->regime(s, 0))];
  }
  for (Eigen::Index t = 0; t < size; ++t) {
    const double level = level_of(model.autoregression, y, t + p);
    const double* w = smoothed_.data() + t * at(states_->size());
    double pull = 0.0;
    for (std::size_t s = 0; s < states_->size(); ++s) {
      const double e = level - states_->centre(s);
      const double we = w[s] * e;
      weights[s] += w[s];
      first[s] += we;
      second[s] += we * e;
      pull += we * precision[s];
    }
    for (Eigen::Index i = 0; i < p; ++i) {
      out.autoregression[i] += pull * y[t + p - 1 - i];
    }
  }
  for (std::size_t s = 0; s < states_->size(); ++s) {
    const Eigen::Index now = at(states_->regime(s, 0));
    const double pull = first[s] * precision[s];
    out.means[now] += pull;
    out.log_variances[now] += 0.5 * (second[s] * precision[s] - weights[s]);
    for (Eigen::Index i = 0; i < p; ++i) {
      const Eigen::Index then = at(states_->regime(s, static_cast<std::size_t>(i) + 1));
      out.means[then] -= model.autoregression[i] * pull;
      out.autoregression[i] -= pull * model.means[then];
    }
    // regimes before the first observation moved too
    const double* w = smoothed_.data();
    out.transition(at(states_->regime(s, 1)), now) += weights[s];
    for (std::size_t lag = 2; lag <= lags; ++lag) {
      out.transition(at(states_->regime(s, lag)), at(states_->regime(s, lag - 1))) += w[s];
    }
  }
  // counts over probabilities, and the stationary distribution's own dependence
  Eigen::VectorXd oldest = Eigen::VectorXd::Zero(k);
  for (std::size_t s = 0; s < states_->size(); ++s) {
    oldest[at(states_->regime(s, lags))] += smoothed_(0, at(s));
  }
  out.transition = (model.transition.array() > 0.0)
                     .select(out.transition.array() / model.transition.array(), 0.0)
                     .matrix();
  oldest = (stationary_.array() > 0.0).select(oldest.array() / stationary_.array(), 0.0).matrix();
  const Eigen::MatrixXd system =
    Eigen::MatrixXd::Identity(k, k) - model.transition + Eigen::MatrixXd::Ones(k, k);
  out.transition += stationary_ * system.partialPivLu().solve(oldest).transpose();
}

} // namespace switching_detail

bool MarkovSwitchingModel::usable() const {
  if (regimes() < 2 || !usable_transition(transition) || transition.rows() != regimes()
      || variances.size() != regimes() || !means.allFinite() || !variances.allFinite()
      || !(variances.minCoeff() > 0.0) || !autoregression.allFinite() || order() > 12) {
    return false;
  }
  const auto digits = static_cast<double>(switching_detail::lags_of(*this) + 1);
  return std::pow(static_cast<double>(regimes()), digits)
         <= static_cast<double>(switching_joint_states_max);
}

Expected<SwitchingInference> infer(const MarkovSwitchingModel& model,
                                   const Eigen::Ref<const Eigen::VectorXd>& y) {
  switching_detail::HamiltonKim recursions;
  if (const auto reason = recursions.run(model, y)) {
    return *reason;
  }
  return recursions.inference(model);
}

Expected<SwitchingScore> switching_score(const MarkovSwitchingModel& model,
                                         const Eigen::Ref<const Eigen::VectorXd>& y) {
  switching_detail::HamiltonKim recursions;
  if (const auto reason = recursions.run(model, y)) {
    return *reason;
  }
  SwitchingScore out;
  recursions.score(model, y, out);
  return out;
}

SwitchingFilter::SwitchingFilter(const MarkovSwitchingModel& model)
  : states_(model.usable()
              ? model
              : throw std::invalid_argument("Markov-switching filter: the model is unusable")),
    transition_(model.transition), autoregression_(model.autoregression) {
  const auto stationary = stationary_distribution(model.transition);
  if (!stationary) {
    throw std::invalid_argument("Markov-switching filter: no unique stationary distribution");
  }
  filtered_ = *stationary;
  histories_ = states_.first_histories(*stationary);
  joint_.resize(states_.size());
  densities_.resize(states_.size());
}

bool SwitchingFilter::update(double y) {
  if (!std::isfinite(y) || std::abs(y) > switching_detail::observation_max) {
    return false;
  }
  const auto order = static_cast<std::size_t>(autoregression_.size());
  if (past_.size() == order) {
    double level = y;
    for (std::size_t i = 0; i < order; ++i) {
      level -= autoregression_[switching_detail::at(i)] * past_[i];
    }
    const double step =
      switching_detail::hamilton_step(states_, level, histories_, joint_, densities_.data());
    if (!std::isfinite(step)) {
      return false;
    }
    log_likelihood_ += step;
    const std::size_t past = states_.histories();
    for (std::size_t j = 0; j < states_.regimes(); ++j) {
      double sum = 0.0;
      for (std::size_t h = 0; h < past; ++h) {
        sum += joint_[j * past + h];
      }
      filtered_[switching_detail::at(j)] = sum;
    }
  }
  if (order > 0) {
    past_.insert(past_.begin(), y);
    past_.resize(std::min(past_.size(), order));
  }
  return true;
}

} // namespace troupe::quant
