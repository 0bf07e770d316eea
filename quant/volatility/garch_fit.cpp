#include "quant/volatility/garch_fit.hpp"

#include "quant/indicators/bars.hpp"
#include "quant/optimise/bfgs.hpp"
#include "quant/optimise/bounds.hpp"
#include "quant/volatility/garch_kernel.hpp"

#include <Eigen/Cholesky>
#include <Eigen/LU>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

namespace troupe::quant {

namespace garch_fit_detail {

constexpr double persistence_unlimited = 2.0;
constexpr Eigen::Index parameters_max = 6;
constexpr double usual_headroom =
  0.003; ///< of c; from 0.001 to 0.1 nearly all series are as content

using Small =
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, 0, parameters_max, parameters_max>;

/// Search variables: mean, ln(omega / (c - persistence)), persistence, share of the reaction in it,
/// [share of the reaction to falls], [ln(degrees of freedom - 2)]; all but the mean bounded by
/// sines. With c = 1 the second is the variance in the long run, which data tell where the
/// persistence is hardly known; with a persistence near 1 they tell omega rather, for which c
/// stands off. A search over the wrong one of the two crawls along a narrow valley.
class Transform {
public:
  /// @param headroom  c less the larger of 1 and the largest persistence; above 0 where that is not
  ///                  below 1
  Transform(const GarchModel& model, double persistence_max, double headroom)
    : model_(model), persistence_{0.0, persistence_max},
      ceiling_(std::max(persistence_max, 1.0) + headroom) {}

  [[nodiscard]] Eigen::VectorXd to_search(const GarchParameters& p) const {
    Eigen::VectorXd u(model_.parameter_count());
    const double persistence = p.persistence();
    const double reaction = p.alpha + 0.5 * p.gamma;
    u[0] = p.mean;
    u[1] = log_level_.inverse(std::log(p.omega / (ceiling_ - persistence)));
    u[2] = persistence_.inverse(persistence);
    u[3] = share_.inverse(reaction / persistence);
    if (model_.asymmetric) {
      u[4] = share_.inverse(0.5 * (p.alpha + p.gamma) / reaction);
    }
    if (model_.innovation == Innovation::STUDENT_T) {
      u[u.size() - 1] = log_freedom_.inverse(std::log(p.degrees_of_freedom - 2.0));
    }
    return u;
  }

  [[nodiscard]] GarchParameters to_parameters(const Eigen::VectorXd& u) const {
    const double persistence = persistence_.value(u[2]);
    const double reaction = persistence * share_.value(u[3]);
    const double falls = model_.asymmetric ? share_.value(u[4]) : 0.5;
    GarchParameters p;
    p.mean = u[0];
    p.omega = std::exp(log_level_.value(u[1])) * (ceiling_ - persistence);
    p.alpha = 2.0 * reaction * (1.0 - falls);
    p.gamma = model_.asymmetric ? 2.0 * reaction * (2.0 * falls - 1.0) : 0.0;
    p.beta = persistence - reaction;
    if (model_.innovation == Innovation::STUDENT_T) {
      p.degrees_of_freedom = 2.0 + std::exp(log_freedom_.value(u[u.size() - 1]));
    }
    return p;
  }

  /// d(parameters)/d(search variables), both in their order.
  [[nodiscard]] Small jacobian(const Eigen::VectorXd& u, const GarchParameters& p) const {
    const auto k = model_.parameter_count();
    Small j = Small::Zero(k, k);
    const double persistence = persistence_.value(u[2]);
    const double share = share_.value(u[3]);
    const double falls = model_.asymmetric ? share_.value(u[4]) : 0.5;
    const double dp = persistence_.derivative(u[2]);
    const double ds = share_.derivative(u[3]);
    const Eigen::Index beta = model_.asymmetric ? 4 : 3;
    j(0, 0) = 1.0;
    j(1, 1) = p.omega * log_level_.derivative(u[1]);
    j(1, 2) = -p.omega / (ceiling_ - persistence) * dp;
    j(2, 2) = 2.0 * share * (1.0 - falls) * dp;
    j(2, 3) = 2.0 * persistence * (1.0 - falls) * ds;
    j(beta, 2) = (1.0 - share) * dp;
    j(beta, 3) = -persistence * ds;
    if (model_.asymmetric) {
      const double df = share_.derivative(u[4]);
      j(3, 2) = 2.0 * share * (2.0 * falls - 1.0) * dp;
      j(3, 3) = 2.0 * persistence * (2.0 * falls - 1.0) * ds;
      j(2, 4) = -2.0 * persistence * share * df;
      j(3, 4) = 4.0 * persistence * share * df;
    }
    if (model_.innovation == Innovation::STUDENT_T) {
      j(k - 1, k - 1) = (p.degrees_of_freedom - 2.0) * log_freedom_.derivative(u[k - 1]);
    }
    return j;
  }

  /// Rows c of the active bounds c' (parameters) = constant.
  [[nodiscard]] Eigen::MatrixXd active_bounds(const GarchParameters& p) const {
    constexpr double nothing = 1e-6;
    const Eigen::Index beta = model_.asymmetric ? 4 : 3;
    Eigen::MatrixXd rows = Eigen::MatrixXd::Zero(4, model_.parameter_count());
    Eigen::Index n = 0;
    if (persistence_.at_bound(p.persistence(), nothing)) {
      rows(n, 2) = 1.0;
      rows(n, beta) = 1.0;
      rows(n, 3) = model_.asymmetric ? 0.5 : 1.0;
      ++n;
    }
    if (p.alpha < nothing) {
      rows(n++, 2) = 1.0;
    }
    if (model_.asymmetric && p.alpha + p.gamma < nothing) {
      rows(n, 2) = 1.0;
      rows(n++, 3) = 1.0;
    }
    if (p.beta < nothing) {
      rows(n++, beta) = 1.0;
    }
    return rows.topRows(n);
  }

  [[nodiscard]] bool at_bound(const GarchParameters& p) const {
    return active_bounds(p).rows() > 0;
  }

private:
  GarchModel model_;
  SineBound persistence_;
  SineBound share_{0.0, 1.0};
  double ceiling_;                                         ///< c
  SineBound log_level_{std::log(1e-8), std::log(1e4)};     // of returns with variance 1
  SineBound log_freedom_{std::log(0.02), std::log(500.0)}; // 2.02 .. 502
};

/// One likelihood over returns of variance 1.
class Problem {
public:
  Problem(const Eigen::VectorXd& returns,
          const GarchModel& model,
          double persistence_max,
          double headroom)
    : returns_(returns), model_(model), moments_(garch_kernel::moments_of(returns)),
      transform_(model, persistence_max, headroom), persistence_max_(persistence_max) {}

  [[nodiscard]] const Transform& transform() const { return transform_; }
  [[nodiscard]] double observations() const { return static_cast<double>(returns_.size()); }

  /// Minus the mean log-likelihood over the search variables.
  double operator()(const Eigen::VectorXd& u, Eigen::VectorXd& gradient) const {
    const auto p = transform_.to_parameters(u);
    garch_kernel::Score total;
    const double value =
      garch_kernel::log_likelihood_gradient(returns_, model_, p, moments_, total);
    Eigen::Matrix<double, Eigen::Dynamic, 1, 0, parameters_max, 1> natural(u.size());
    total.write(model_, natural);
    const auto size = static_cast<double>(returns_.size());
    gradient = transform_.jacobian(u, p).transpose() * natural / -size;
    return value / -size;
  }

  /// Sum over observations of the outer products of the scores, in the parameters.
  [[nodiscard]] Small outer_product(const GarchParameters& p) const {
    const auto k = model_.parameter_count();
    Small out = Small::Zero(k, k);
    Eigen::Matrix<double, Eigen::Dynamic, 1, 0, parameters_max, 1> row(k);
    garch_kernel::Score total;
    static_cast<void>(garch_kernel::log_likelihood_scores(
      returns_, model_, p, moments_, total, [&](Eigen::Index, const garch_kernel::Score& score) {
        score.write(model_, row);
        out.noalias() += row * row.transpose();
      }));
    return out;
  }

  /// Minus the Hessian of the log-likelihood, in the parameters.
  [[nodiscard]] Eigen::MatrixXd information(const GarchParameters& p) const;

  /// Variance targets, the best of a grid of reactions for each persistence; best likelihood first.
  [[nodiscard]] std::vector<GarchParameters> starts() const;

private:
  const Eigen::VectorXd& returns_;
  GarchModel model_;
  garch_kernel::Moments moments_;
  Transform transform_;
  double persistence_max_;
};

std::vector<GarchParameters> Problem::starts() const {
  struct Start {
    double log_likelihood;
    GarchParameters parameters;
  };
  std::vector<Start> starts;
  for (const double persistence : {0.5, 0.9, 0.97, 0.99}) {
    Start best{-std::numeric_limits<double>::infinity(), {}};
    for (const double reaction : {0.03, 0.08, 0.2}) {
      GarchParameters p;
      const double limited = std::min(persistence, 0.95 * persistence_max_);
      p.mean = moments_.mean;
      p.omega = (1.0 - limited) * moments_.variance;
      p.alpha = std::min(reaction, 0.5 * limited);
      p.beta = limited - p.alpha;
      if (model_.innovation == Innovation::STUDENT_T) {
        p.degrees_of_freedom = 6.0;
      }
      const double value = garch_kernel::log_likelihood(returns_, model_, p, moments_);
      if (value > best.log_likelihood) {
        best = {value, p};
      }
    }
    if (std::isfinite(best.log_likelihood)) {
      starts.push_back(best);
    }
  }
  std::stable_sort(starts.begin(), starts.end(), [](const Start& a, const Start& b) {
    return a.log_likelihood > b.log_likelihood;
  });
  std::vector<GarchParameters> out;
  for (const auto& start : starts) {
    out.push_back(start.parameters);
  }
  return out;
}

GarchParameters from_vector(const Eigen::VectorXd& v, const GarchModel& model) {
  GarchParameters p;
  Eigen::Index i = 0;
  p.mean = v[i++];
  p.omega = v[i++];
  p.alpha = v[i++];
  p.gamma = model.asymmetric ? v[i++] : 0.0;
  p.beta = v[i++];
  p.degrees_of_freedom = model.innovation == Innovation::STUDENT_T ? v[i] : 0.0;
  return p;
}

Eigen::MatrixXd Problem::information(const GarchParameters& p) const {
  const Eigen::VectorXd at = to_vector(p, model_);
  Eigen::VectorXd steps = (1e-4 * at.cwiseAbs()).cwiseMax(1e-9);
  steps[0] = 1e-5; // the mean of returns with variance 1
  const Objective minus = [&](const Eigen::VectorXd& v, Eigen::VectorXd& gradient) {
    garch_kernel::Score total;
    const double value = garch_kernel::log_likelihood_gradient(
      returns_, model_, from_vector(v, model_), moments_, total);
    total.write(model_, gradient);
    gradient = -gradient;
    return -value;
  };
  return hessian_by_differences(minus, at, steps);
}

Minimum search(const Problem& problem, const GarchParameters& start, int iterations_max) {
  const auto& transform = problem.transform();
  const Eigen::VectorXd u = transform.to_search(start);
  const auto p = transform.to_parameters(u);
  const Small j = transform.jacobian(u, p);
  // per observation, as the objective
  Eigen::MatrixXd metric = j.transpose() * problem.outer_product(p) * j / problem.observations();
  const auto k = metric.rows();
  const double size = std::max(metric.trace() / static_cast<double>(k), 1e-300);
  metric.diagonal().array() += 1e-4 * size;
  return minimise_bfgs(problem, u, {iterations_max, 1e-8, 1e-14},
                       Eigen::MatrixXd(metric.llt().solve(Eigen::MatrixXd::Identity(k, k))));
}

/// A maximum of the likelihood, or how near a search came.
struct Found {
  GarchParameters parameters;
  double value = std::numeric_limits<double>::infinity(); ///< minus the mean log-likelihood
  bool converged = false;
  int iterations = 0;
};

/// Over either of two sets of search variables, and over the other from where the first got stuck.
Found search_in_turns(const std::array<Problem, 2>& problems,
                      const GarchParameters& start,
                      int iterations_max) {
  constexpr int turns = 4;
  Found out{start};
  for (int turn = 0; turn < turns && !out.converged; ++turn) {
    const auto& problem = problems[static_cast<std::size_t>(turn % 2)];
    const auto minimum = search(problem, out.parameters, iterations_max);
    out.parameters = problem.transform().to_parameters(minimum.x);
    out.value = minimum.value;
    out.converged = minimum.converged;
    out.iterations += minimum.iterations;
    if (!std::isfinite(out.value)) {
      break;
    }
  }
  return out;
}

/// Covariances in units of returns with variance 1. Bounds that are active are taken as known: the
/// parameters vary in the directions Z that keep to them, V = Z (Z' A Z)^-1 Z'.
void add_covariances(const Problem& problem, const GarchParameters& p, GarchFit& fit) {
  const Eigen::MatrixXd information = problem.information(p);
  if (!information.allFinite()) {
    return;
  }
  const Eigen::MatrixXd active = problem.transform().active_bounds(p);
  const Eigen::MatrixXd free =
    active.rows() == 0 ? Eigen::MatrixXd(Eigen::MatrixXd::Identity(active.cols(), active.cols()))
                       : Eigen::MatrixXd(active.fullPivLu().kernel());
  const Eigen::LLT<Eigen::MatrixXd> cholesky{free.transpose() * information * free};
  if (cholesky.info() != Eigen::Success) {
    return;
  }
  const Eigen::MatrixXd inverse = free * cholesky.solve(free.transpose());
  const Eigen::MatrixXd sandwich = inverse * problem.outer_product(p) * inverse;
  if (!(inverse.diagonal().minCoeff() >= 0.0) || !inverse.allFinite() || !sandwich.allFinite()) {
    return;
  }
  fit.covariance = inverse;
  fit.robust_covariance = sandwich;
}

std::optional<Eigen::VectorXd> roots_of_diagonal(const std::optional<Eigen::MatrixXd>& covariance) {
  if (!covariance) {
    return std::nullopt;
  }
  return covariance->diagonal().cwiseMax(0.0).cwiseSqrt();
}

std::optional<Reason> refusal(const Eigen::Ref<const Eigen::VectorXd>& returns,
                              const GarchFitSettings& settings) {
  const double limit = settings.persistence_max.value_or(persistence_unlimited);
  if (!(limit > 0.0 && limit <= persistence_unlimited) || settings.iterations_max < 1) {
    return Reason::BAD_PARAMETER;
  }
  if (returns.size() < garch_observations_min) {
    return Reason::TOO_SHORT;
  }
  for (const double r : returns) {
    if (!usable_sample(r)) {
      return Reason::BAD_SAMPLE;
    }
  }
  return std::nullopt;
}

} // namespace garch_fit_detail

std::optional<Eigen::VectorXd> GarchFit::standard_errors() const {
  return garch_fit_detail::roots_of_diagonal(covariance);
}

std::optional<Eigen::VectorXd> GarchFit::robust_standard_errors() const {
  return garch_fit_detail::roots_of_diagonal(robust_covariance);
}

Eigen::VectorXd
GarchFit::standardised_residuals(const Eigen::Ref<const Eigen::VectorXd>& returns) const {
  return (returns.array() - parameters.mean) / variances.array().sqrt();
}

Expected<GarchFit> fit_garch(const Eigen::Ref<const Eigen::VectorXd>& returns,
                             const GarchFitSettings& settings) {
  using namespace garch_fit_detail;
  if (const auto reason = refusal(returns, settings)) {
    return *reason;
  }
  const auto raw = garch_kernel::moments_of(returns);
  const double unit = std::sqrt(raw.variance);
  if (!(unit > 1e-90) || unit <= 1e-13 * std::abs(raw.mean)) {
    return Reason::DEGENERATE;
  }
  const Eigen::VectorXd scaled = returns / unit;
  const double limit = settings.persistence_max.value_or(persistence_unlimited);
  const std::array problems{Problem{scaled, settings.model, limit, usual_headroom},
                            Problem{scaled, settings.model, limit, limit < 1.0 ? 0.0 : 1e-4}};
  const auto& problem = problems.front();
  Found best;
  for (const auto& start : problem.starts()) {
    const auto found = search_in_turns(problems, start, settings.iterations_max);
    if (found.converged != best.converged ? found.converged : found.value < best.value) {
      best = found;
    }
    if (best.converged && !problem.transform().at_bound(best.parameters)) {
      break;
    } // a bound may be a local optimum only: from another persistence too
  }
  GarchParameters p = best.parameters;
  GarchFit fit;
  fit.model = settings.model;
  fit.converged = best.converged;
  if (!std::isfinite(best.value) || !best.converged) {
    return Reason::NOT_CONVERGED;
  }
  fit.iterations = best.iterations;
  fit.at_bound = problem.transform().at_bound(p);
  const auto size = static_cast<double>(returns.size());
  fit.log_likelihood = -best.value * size - size * std::log(unit);
  if (settings.standard_errors) {
    add_covariances(problem, p, fit);
  }
  Eigen::VectorXd units = Eigen::VectorXd::Ones(settings.model.parameter_count());
  units[0] = unit;
  units[1] = unit * unit;
  for (auto* covariance : {&fit.covariance, &fit.robust_covariance}) {
    if (*covariance) {
      **covariance = units.asDiagonal() * **covariance * units.asDiagonal();
    }
  }
  p.mean *= unit;
  p.omega *= unit * unit;
  fit.parameters = p;
  const auto variances = garch_variances(returns, settings.model, p);
  if (!variances) {
    return variances.reason();
  }
  fit.variances = variances->head(returns.size());
  fit.variance_next = (*variances)[returns.size()];
  return fit;
}

} // namespace troupe::quant
