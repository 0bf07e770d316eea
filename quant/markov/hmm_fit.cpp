#include "quant/markov/hmm_fit.hpp"

#include "quant/random.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace troupe::quant {

namespace hmm_fit_detail {

constexpr Eigen::Index states_fit_max = 8;
constexpr Eigen::Index observations_per_state = 10;

/// Baum-Welch with its memory.
class BaumWelch {
public:
  BaumWelch(RowMatrix x, Eigen::VectorXd floor, CovarianceType type)
    : x_(std::move(x)), floor_(std::move(floor)), type_(type) {}

  /// The E step: log-likelihood of a model, or why there is none.
  Expected<double> expectation(const GaussianHmm& model) {
    if (!model.states.usable()) {
      return Reason::DEGENERATE;
    }
    GaussianDensities{model.states}.log_densities(x_, emissions_);
    if (const auto reason = recursions_.run(model.start, model.transition, emissions_)) {
      return *reason;
    }
    return recursions_.log_likelihood();
  }

  /// The M step after it.
  void maximisation(GaussianHmm& model) {
    const auto& smoothed = recursions_.smoothed();
    model.start = smoothed.row(0).transpose();
    model.start /= model.start.sum();
    for (Eigen::Index i = 0; i < model.transition.rows(); ++i) {
      const double leaving = recursions_.transitions().row(i).sum();
      if (leaving > 1e-8) {
        model.transition.row(i) = recursions_.transitions().row(i) / leaving;
      }
    }
    reestimate(x_, smoothed, type_, floor_, model.states);
  }

  /// Iterates; `fit.model` is the start.
  std::optional<Reason> run(int iterations_max, double tolerance, HmmFit& fit) {
    double before = -std::numeric_limits<double>::infinity();
    for (int i = 0; i <= iterations_max; ++i) {
      const auto value = expectation(fit.model);
      if (!value) {
        return value.reason();
      }
      fit.log_likelihood = *value;
      fit.converged = *value - before < tolerance;
      if (fit.converged || i == iterations_max) {
        break;
      }
      before = *value;
      maximisation(fit.model);
      ++fit.iterations;
    }
    return std::nullopt;
  }

  [[nodiscard]] const RowMatrix& observations() const { return x_; }
  [[nodiscard]] const Eigen::VectorXd& floor() const { return floor_; }

private:
  RowMatrix x_;
  Eigen::VectorXd floor_;
  CovarianceType type_;
  RowMatrix emissions_;
  ForwardBackward recursions_;
};

bool usable(const HmmSettings& s) {
  return s.iterations_max >= 1 && s.tolerance >= 0.0 && s.variance_floor > 0.0
         && s.variance_floor < 1.0 && s.starts >= 1 && s.short_iterations >= 1;
}

/// A state for each observation by the rank of its value.
std::vector<int> by_rank(const Eigen::VectorXd& values, Eigen::Index states) {
  std::vector<Eigen::Index> order(static_cast<std::size_t>(values.size()));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](Eigen::Index a, Eigen::Index b) { return values[a] < values[b]; });
  std::vector<int> out(order.size());
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    out[static_cast<std::size_t>(order[rank])] =
      static_cast<int>(static_cast<Eigen::Index>(rank) * states / values.size());
  }
  return out;
}

/// Mean of the scaled squares over `window` observations around each.
Eigen::VectorXd local_volatility(const RowMatrix& x, Eigen::Index window) {
  const Eigen::RowVectorXd mean = x.colwise().mean();
  const Eigen::RowVectorXd variance = (x.rowwise() - mean).array().square().colwise().mean();
  const Eigen::VectorXd squares =
    ((x.rowwise() - mean).array().square().rowwise() / variance.array()).rowwise().sum();
  Eigen::VectorXd out(x.rows());
  for (Eigen::Index t = 0; t < x.rows(); ++t) {
    const Eigen::Index first = std::max<Eigen::Index>(0, t - window / 2);
    const Eigen::Index last = std::min(x.rows(), t + window / 2 + 1);
    out[t] = squares.segment(first, last - first).mean();
  }
  return out;
}

/// The partition of the observations a start begins with.
std::vector<int> partition(const RowMatrix& x, Eigen::Index states, int start, Random& random) {
  switch (start) {
    case 0: return by_rank(local_volatility(x, 11), states);
    case 1: return by_rank(x.col(0), states);
    case 2: return by_rank(local_volatility(x, 41), states);
    default: break;
  }
  std::vector<int> out(static_cast<std::size_t>(x.rows()));
  const Eigen::Index longest = std::max<Eigen::Index>(2, x.rows() / 10);
  std::size_t t = 0;
  while (t < out.size()) {
    const auto state = static_cast<int>(random.below(states));
    const auto length = static_cast<std::size_t>(1 + random.below(longest));
    for (const std::size_t end = std::min(out.size(), t + length); t < end; ++t) {
      out[t] = state;
    }
  }
  return out;
}

GaussianHmm model_of(const BaumWelch& problem,
                     const std::vector<int>& partition,
                     Eigen::Index states,
                     CovarianceType type) {
  const RowMatrix& x = problem.observations();
  RowMatrix weights = RowMatrix::Constant(x.rows(), states, 0.05);
  Eigen::MatrixXd counts = Eigen::MatrixXd::Constant(states, states, 1.0);
  for (std::size_t t = 0; t < partition.size(); ++t) {
    weights(static_cast<Eigen::Index>(t), partition[t]) += 1.0;
    if (t > 0) {
      counts(partition[t - 1], partition[t]) += 1.0;
    }
  }
  GaussianHmm model;
  model.start = Eigen::VectorXd::Constant(states, 1.0 / static_cast<double>(states));
  model.transition = counts.rowwise().sum().cwiseInverse().asDiagonal() * counts;
  model.states.means = x.colwise().mean().replicate(states, 1);
  model.states.covariances.assign(static_cast<std::size_t>(states),
                                  Eigen::MatrixXd::Identity(x.cols(), x.cols()));
  reestimate(x, weights, type, problem.floor(), model.states);
  return model;
}

} // namespace hmm_fit_detail

Expected<HmmStep> em_step(const GaussianHmm& model,
                          const Eigen::Ref<const Eigen::MatrixXd>& x,
                          const HmmSettings& settings) {
  using namespace hmm_fit_detail;
  if (!model.usable() || !usable(settings)) {
    return Reason::BAD_PARAMETER;
  }
  if (x.cols() != model.states.dimension()) {
    return Reason::BAD_SHAPE;
  }
  const auto variances = checked_variances(x, 2);
  if (!variances) {
    return variances.reason();
  }
  BaumWelch problem{x, settings.variance_floor * *variances, settings.covariance};
  const auto before = problem.expectation(model);
  if (!before) {
    return before.reason();
  }
  HmmStep out{model, *before};
  problem.maximisation(out.model);
  return out;
}

Expected<HmmFit> fit_hmm_from(const GaussianHmm& start,
                              const Eigen::Ref<const Eigen::MatrixXd>& x,
                              const HmmSettings& settings) {
  using namespace hmm_fit_detail;
  if (!start.usable() || !usable(settings)) {
    return Reason::BAD_PARAMETER;
  }
  if (x.cols() != start.states.dimension()) {
    return Reason::BAD_SHAPE;
  }
  const auto variances = checked_variances(x, observations_per_state * start.states.states());
  if (!variances) {
    return variances.reason();
  }
  BaumWelch problem{x, settings.variance_floor * *variances, settings.covariance};
  HmmFit fit;
  fit.model = start;
  if (const auto reason = problem.run(settings.iterations_max, settings.tolerance, fit)) {
    return *reason;
  }
  return fit;
}

Expected<HmmFit> fit_hmm(const Eigen::Ref<const Eigen::MatrixXd>& x,
                         Eigen::Index states,
                         const HmmSettings& settings) {
  using namespace hmm_fit_detail;
  if (states < 2 || states > states_fit_max || !usable(settings)) {
    return Reason::BAD_PARAMETER;
  }
  const auto variances = checked_variances(x, observations_per_state * states);
  if (!variances) {
    return variances.reason();
  }
  BaumWelch problem{x, settings.variance_floor * *variances, settings.covariance};
  Random random{settings.seed};
  std::vector<HmmFit> fits;
  std::vector<double> reached;
  for (int start = 0; start < settings.starts; ++start) {
    HmmFit fit;
    fit.model = model_of(problem, partition(problem.observations(), states, start, random), states,
                         settings.covariance);
    const bool failed = problem.run(settings.short_iterations, settings.tolerance, fit).has_value();
    reached.push_back(failed ? -std::numeric_limits<double>::infinity() : fit.log_likelihood);
    if (!failed) {
      fits.push_back(std::move(fit));
    }
  }
  if (fits.empty()) {
    return Reason::DEGENERATE;
  }
  const auto higher = [](const HmmFit& a, const HmmFit& b) {
    return a.log_likelihood > b.log_likelihood;
  };
  std::stable_sort(fits.begin(), fits.end(), higher);
  fits.resize(std::min<std::size_t>(fits.size(), 2));
  for (auto& fit : fits) {
    const HmmFit short_run = fit;
    if (problem.run(settings.iterations_max, settings.tolerance, fit)) {
      fit = short_run;
    }
  }
  std::stable_sort(fits.begin(), fits.end(), higher);
  HmmFit best = std::move(fits.front());
  best.model = best.model.permuted(best.model.states.by_variance());
  best.start_log_likelihoods = std::move(reached);
  return best;
}

} // namespace troupe::quant
