#include "quant/markov/forward_backward.hpp"

#include "quant/distributions/log_sum.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace troupe::quant {

namespace forward_backward_detail {

constexpr double impossible = -std::numeric_limits<double>::infinity();
constexpr double transition_smallest = 1e-100;
constexpr double scale_smallest = 1e-250;

std::optional<Reason> refusal(const Eigen::Ref<const Eigen::VectorXd>& start,
                              const Eigen::Ref<const Eigen::MatrixXd>& transition,
                              const RowMatrix& log_emissions) {
  if (!usable_distribution(start) || !usable_transition(transition)) {
    return Reason::BAD_PARAMETER;
  }
  if (start.size() != transition.rows() || log_emissions.cols() != start.size()
      || log_emissions.rows() < 1) {
    return Reason::BAD_SHAPE;
  }
  const double* e = log_emissions.data();
  for (Eigen::Index i = 0; i < log_emissions.size(); ++i) {
    if (!(e[i] < std::numeric_limits<double>::infinity())) {
      return Reason::BAD_SAMPLE;
    }
  }
  return std::nullopt;
}

/// ln sum exp x[i]
double log_sum(const double* x, Eigen::Index n) {
  const double largest = *std::max_element(x, x + n);
  if (largest == impossible) {
    return impossible;
  }
  double sum = 0.0;
  for (Eigen::Index i = 0; i < n; ++i) {
    sum += std::exp(x[i] - largest);
  }
  return largest + std::log(sum);
}

} // namespace forward_backward_detail

std::optional<Reason> ForwardBackward::run(const Eigen::Ref<const Eigen::VectorXd>& start,
                                           const Eigen::Ref<const Eigen::MatrixXd>& transition,
                                           const RowMatrix& log_emissions,
                                           ForwardBackwardScale scale) {
  using namespace forward_backward_detail;
  if (const auto reason = refusal(start, transition, log_emissions)) {
    return reason;
  }
  const Eigen::Index k = start.size();
  const Eigen::Index size = log_emissions.rows();
  start_.assign(start.data(), start.data() + k);
  transition_.resize(static_cast<std::size_t>(k * k));
  Eigen::Map<RowMatrix>(transition_.data(), k, k) = transition;
  filtered_.resize(size, k);
  smoothed_.resize(size, k);
  emissions_.resize(size, k);
  scales_.resize(size);
  transitions_.resize(k, k);
  if (scale == ForwardBackwardScale::AUTO && transition.minCoeff() > transition_smallest) {
    const bool done = k == 2   ? scaled<2>(log_emissions)
                      : k == 3 ? scaled<3>(log_emissions)
                      : k == 4 ? scaled<4>(log_emissions)
                               : scaled<0>(log_emissions);
    if (done) {
      return std::nullopt;
    }
  }
  if (!logarithms(log_emissions)) {
    return Reason::DEGENERATE;
  }
  return std::nullopt;
}

/// @tparam States  number of states known to the compiler, or 0
template <int States>
bool ForwardBackward::scaled(const RowMatrix& log_emissions) {
  using namespace forward_backward_detail;
  const Eigen::Index k = States > 0 ? States : log_emissions.cols();
  constexpr std::size_t room = States > 0 ? States : states_max;
  const Eigen::Index size = log_emissions.rows();
  std::array<double, room> predicted{};
  std::array<double, room * room> a{};
  std::copy(transition_.begin(), transition_.end(), a.begin());
  std::copy(start_.begin(), start_.end(), predicted.begin());
  const auto index = [](Eigen::Index i) { return static_cast<std::size_t>(i); };
  LogSum logs;
  double shift = 0.0;
  for (Eigen::Index t = 0; t < size; ++t) {
    const double* log_b = log_emissions.data() + t * k;
    double* b = emissions_.data() + t * k;
    double* alpha = filtered_.data() + t * k;
    const double largest = *std::max_element(log_b, log_b + k);
    if (largest == impossible) {
      return false;
    }
    double sum = 0.0;
    for (Eigen::Index j = 0; j < k; ++j) {
      b[j] = log_b[j] == largest ? 1.0 : std::exp(log_b[j] - largest);
      alpha[j] = predicted[index(j)] * b[j];
      sum += alpha[j];
    }
    if (!(sum > scale_smallest)) {
      return false;
    }
    logs.add(sum);
    shift += largest;
    const double inverse = 1.0 / sum;
    scales_[t] = inverse;
    for (Eigen::Index j = 0; j < k; ++j) {
      alpha[j] *= inverse;
    }
    for (Eigen::Index j = 0; j < k; ++j) {
      double next = 0.0;
      for (Eigen::Index i = 0; i < k; ++i) {
        next += alpha[i] * a[index(i * k + j)];
      }
      predicted[index(j)] = next;
    }
  }
  log_likelihood_ = shift + logs.value();
  std::array<double, room> beta{};
  std::array<double, room> weighted{};
  std::array<double, room * room> counts{};
  beta.fill(1.0);
  smoothed_.row(size - 1) = filtered_.row(size - 1);
  for (Eigen::Index t = size - 2; t >= 0; --t) {
    const double* b = emissions_.data() + (t + 1) * k;
    const double* alpha = filtered_.data() + t * k;
    double* gamma = smoothed_.data() + t * k;
    for (Eigen::Index j = 0; j < k; ++j) {
      weighted[index(j)] = b[j] * beta[index(j)] * scales_[t + 1];
    }
    for (Eigen::Index i = 0; i < k; ++i) {
      double sum = 0.0;
      for (Eigen::Index j = 0; j < k; ++j) {
        const double joint = a[index(i * k + j)] * weighted[index(j)];
        sum += joint;
        counts[index(i * k + j)] += alpha[i] * joint;
      }
      beta[index(i)] = sum;
      gamma[i] = alpha[i] * sum;
    }
  }
  transitions_ = Eigen::Map<const RowMatrix>(counts.data(), k, k);
  return true;
}

bool ForwardBackward::logarithms(const RowMatrix& log_emissions) {
  using namespace forward_backward_detail;
  const Eigen::Index k = log_emissions.cols();
  const Eigen::Index size = log_emissions.rows();
  std::vector<double> log_a(transition_.size());
  std::transform(transition_.begin(), transition_.end(), log_a.begin(),
                 [](double p) { return std::log(p); }); // ln 0 = -infinity is meant
  std::array<double, states_max> terms{};
  const auto at = [k](Eigen::Index i, Eigen::Index j) {
    return static_cast<std::size_t>(i * k + j);
  };
  const auto term = [&terms](Eigen::Index i) -> double& {
    return terms[static_cast<std::size_t>(i)];
  };
  RowMatrix& alpha = emissions_;
  for (Eigen::Index t = 0; t < size; ++t) {
    for (Eigen::Index j = 0; j < k; ++j) {
      double before = std::log(start_[static_cast<std::size_t>(j)]);
      if (t > 0) {
        for (Eigen::Index i = 0; i < k; ++i) {
          term(i) = alpha(t - 1, i) + log_a[at(i, j)];
        }
        before = log_sum(terms.data(), k);
      }
      alpha(t, j) = before + log_emissions(t, j);
    }
    const double total = log_sum(alpha.data() + t * k, k);
    if (total == impossible) {
      return false;
    }
    for (Eigen::Index j = 0; j < k; ++j) {
      filtered_(t, j) = std::exp(alpha(t, j) - total);
    }
    log_likelihood_ = total;
  }
  transitions_.setZero();
  Eigen::VectorXd beta = Eigen::VectorXd::Zero(k);
  Eigen::VectorXd next(k);
  smoothed_.row(size - 1) = filtered_.row(size - 1);
  for (Eigen::Index t = size - 2; t >= 0; --t) {
    for (Eigen::Index i = 0; i < k; ++i) {
      for (Eigen::Index j = 0; j < k; ++j) {
        term(j) = log_a[at(i, j)] + log_emissions(t + 1, j) + beta[j];
        transitions_(i, j) += std::exp(alpha(t, i) + term(j) - log_likelihood_);
      }
      next[i] = log_sum(terms.data(), k);
      smoothed_(t, i) = std::exp(alpha(t, i) + next[i] - log_likelihood_);
    }
    beta = next;
  }
  return true;
}

Expected<StatePath> viterbi(const Eigen::Ref<const Eigen::VectorXd>& start,
                            const Eigen::Ref<const Eigen::MatrixXd>& transition,
                            const RowMatrix& log_emissions) {
  using namespace forward_backward_detail;
  if (const auto reason = refusal(start, transition, log_emissions)) {
    return *reason;
  }
  const Eigen::Index k = start.size();
  const Eigen::Index size = log_emissions.rows();
  const Eigen::MatrixXd log_a = transition.array().log().matrix();
  Eigen::VectorXd best = start.array().log().matrix() + log_emissions.row(0).transpose();
  Eigen::VectorXd next(k);
  std::vector<std::uint8_t> from(static_cast<std::size_t>(size * k), 0);
  for (Eigen::Index t = 1; t < size; ++t) {
    for (Eigen::Index j = 0; j < k; ++j) {
      Eigen::Index argument = 0;
      double highest = best[0] + log_a(0, j);
      for (Eigen::Index i = 1; i < k; ++i) {
        const double value = best[i] + log_a(i, j);
        if (value > highest) {
          highest = value;
          argument = i;
        }
      }
      next[j] = highest + log_emissions(t, j);
      from[static_cast<std::size_t>(t * k + j)] = static_cast<std::uint8_t>(argument);
    }
    best.swap(next);
  }
  StatePath out;
  Eigen::Index state = 0;
  out.log_likelihood = best.maxCoeff(&state);
  if (out.log_likelihood == impossible) {
    return Reason::DEGENERATE;
  }
  out.states.resize(static_cast<std::size_t>(size));
  for (Eigen::Index t = size - 1; t >= 0; --t) {
    out.states[static_cast<std::size_t>(t)] = static_cast<int>(state);
    state = from[static_cast<std::size_t>(t * k + state)];
  }
  return out;
}

} // namespace troupe::quant
