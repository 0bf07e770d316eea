#include "quant/volatility/dcc_fit.hpp"

#include "quant/optimise/bfgs.hpp"
#include "quant/optimise/bounds.hpp"

#include <Eigen/Cholesky>
#include <Eigen/LU>

#include <array>
#include <limits>
#include <numbers>

namespace troupe::quant {

namespace dcc_fit_detail {

/// The likelihood over two search variables: a + b, and the share of a in it.
class Problem {
public:
  Problem(const Eigen::Ref<const Eigen::MatrixXd>& z,
          const Eigen::MatrixXd& target,
          const DccSettings& settings)
    : z_(z), target_(target),
      likelihood_(settings.likelihood), persistence_{0.0, settings.persistence_max} {}

  [[nodiscard]] Expected<double> log_likelihood(const DccParameters& p,
                                                Eigen::VectorXd* gradient = nullptr,
                                                Eigen::MatrixXd* scores = nullptr) const {
    return likelihood_ == DccLikelihood::FULL
             ? dcc_log_likelihood(z_, target_, p, gradient, scores)
             : dcc_pair_log_likelihood(z_, target_, p, gradient, scores);
  }

  [[nodiscard]] Eigen::VectorXd to_search(const DccParameters& p) const {
    Eigen::VectorXd u(2);
    u << persistence_.inverse(p.persistence()), share_.inverse(p.a / p.persistence());
    return u;
  }
  [[nodiscard]] DccParameters to_parameters(const Eigen::VectorXd& u) const {
    const double persistence = persistence_.value(u[0]);
    const double a = persistence * share_.value(u[1]);
    return {a, std::max(persistence - a, 0.0)};
  }
  /// d(a, b)/du
  [[nodiscard]] Eigen::Matrix2d jacobian(const Eigen::VectorXd& u) const {
    const double share = share_.value(u[1]);
    const double dp = persistence_.derivative(u[0]);
    const double ds = persistence_.value(u[0]) * share_.derivative(u[1]);
    Eigen::Matrix2d j;
    j << share * dp, ds, (1.0 - share) * dp, -ds;
    return j;
  }

  /// Minus the mean log-likelihood per observation.
  double operator()(const Eigen::VectorXd& u, Eigen::VectorXd& gradient) const {
    Eigen::VectorXd natural(2);
    const auto value = log_likelihood(to_parameters(u), &natural);
    if (!value) {
      return std::numeric_limits<double>::infinity();
    }
    gradient = jacobian(u).transpose() * natural / -size();
    return *value / -size();
  }

  [[nodiscard]] bool at_bound(const DccParameters& p) const {
    constexpr double nothing = 1e-6;
    return persistence_.at_bound(p.persistence(), nothing) || p.a < nothing || p.b < nothing;
  }
  [[nodiscard]] double size() const { return static_cast<double>(z_.rows()); }

private:
  Eigen::Ref<const Eigen::MatrixXd> z_; // by value: a reference would be to a temporary
  const Eigen::MatrixXd& target_;
  DccLikelihood likelihood_;
  SineBound persistence_;
  SineBound share_{0.0, 1.0};
};

DccParameters best_start(const Problem& problem, double persistence_max) {
  constexpr std::array<DccParameters, 4> grid{
    {{0.02, 0.96}, {0.04, 0.92}, {0.05, 0.8}, {0.1, 0.4}}};
  DccParameters best = grid[0];
  double highest = -std::numeric_limits<double>::infinity();
  for (DccParameters start : grid) {
    const double limit = std::min(1.0, 0.98 * persistence_max / start.persistence());
    start = {start.a * limit, start.b * limit};
    const auto value = problem.log_likelihood(start);
    if (value && *value > highest) {
      highest = *value;
      best = start;
    }
  }
  return best;
}

/// Minus the Hessian of the log-likelihood by a and b.
Eigen::Matrix2d information(const Problem& problem, const DccParameters& p) {
  const Objective minus = [&](const Eigen::VectorXd& v, Eigen::VectorXd& gradient) {
    const auto value = problem.log_likelihood({v[0], v[1]}, &gradient);
    gradient = -gradient;
    return value ? -*value : std::numeric_limits<double>::infinity();
  };
  const Eigen::Vector2d at{p.a, p.b};
  const double room = std::min({p.a, p.b, 1.0 - p.persistence()});
  return hessian_by_differences(minus, at, Eigen::Vector2d::Constant(std::min(1e-5, 0.25 * room)));
}

/// Root of the diagonal of A^-1 (scores' scores) A^-1; none where A is not positive definite.
std::optional<Eigen::VectorXd> sandwich(const Eigen::Matrix2d& information,
                                        const Eigen::MatrixXd& scores) {
  const Eigen::LLT<Eigen::Matrix2d> cholesky{information};
  if (!information.allFinite() || cholesky.info() != Eigen::Success) {
    return std::nullopt;
  }
  const Eigen::Matrix2d inverse = cholesky.solve(Eigen::Matrix2d::Identity());
  const Eigen::Matrix2d covariance = inverse * (scores.transpose() * scores) * inverse;
  if (!covariance.allFinite()) {
    return std::nullopt;
  }
  return Eigen::VectorXd(covariance.diagonal().cwiseMax(0.0).cwiseSqrt());
}

Expected<std::vector<GarchFit>> fit_margins(const Eigen::Ref<const Eigen::MatrixXd>& returns,
                                            const GarchFitSettings& settings) {
  if (returns.cols() < 2) {
    return Reason::BAD_SHAPE;
  }
  std::vector<GarchFit> out;
  out.reserve(static_cast<std::size_t>(returns.cols()));
  for (Eigen::Index i = 0; i < returns.cols(); ++i) {
    auto fit = fit_garch(returns.col(i), settings);
    if (!fit) {
      return fit.reason();
    }
    out.push_back(*std::move(fit));
  }
  return out;
}

Eigen::MatrixXd residuals_of(const Eigen::Ref<const Eigen::MatrixXd>& returns,
                             const std::vector<GarchFit>& margins) {
  Eigen::MatrixXd z(returns.rows(), returns.cols());
  for (Eigen::Index i = 0; i < returns.cols(); ++i) {
    z.col(i) = margins[static_cast<std::size_t>(i)].standardised_residuals(returns.col(i));
  }
  return z;
}

/// Gaussian log-likelihood of the margins, whatever their innovations were taken to be.
double gaussian_margins(const std::vector<GarchFit>& margins, const Eigen::MatrixXd& z) {
  double sum = static_cast<double>(z.size()) * std::log(2.0 * std::numbers::pi) + z.squaredNorm();
  for (const auto& margin : margins) {
    sum += margin.variances.array().log().sum();
  }
  return -0.5 * sum;
}

/// Scores of a and b that carry the margins' estimation: s + H21 A11^-1 s1, with s1 and A11^-1 the
/// margins' scores and covariance, H21 the likelihood's mixed derivative: by central differences
/// over a and b of its derivative by the residuals.
std::optional<Eigen::MatrixXd> two_step_scores(const Eigen::Ref<const Eigen::MatrixXd>& returns,
                                               const DccFit& fit,
                                               const DccSettings& settings,
                                               Eigen::MatrixXd scores) {
  const auto& p = fit.correlations.parameters;
  const double step = std::min(1e-5, 0.25 * std::min({p.a, p.b, 1.0 - p.persistence()}));
  const auto slopes = [&](double a, double b) {
    return dcc_residual_slopes(fit.residuals, settings.targeting, settings.shrinkage, {a, b});
  };
  std::array<Eigen::MatrixXd, 2> mixed; // d2(log-likelihood)/dz d(a or b)
  for (std::size_t i = 0; i < 2; ++i) {
    const double da = i == 0 ? step : 0.0;
    const double db = i == 0 ? 0.0 : step;
    const auto up = slopes(p.a + da, p.b + db);
    const auto down = slopes(p.a - da, p.b - db);
    if (!up || !down) {
      return std::nullopt;
    }
    mixed[i] = (*up - *down) / (2.0 * step);
  }
  for (Eigen::Index j = 0; j < returns.cols(); ++j) {
    const auto& margin = fit.margins[static_cast<std::size_t>(j)];
    const auto by_margin = garch_residual_slopes(returns.col(j), margin.model, margin.parameters);
    Eigen::MatrixXd margin_scores;
    const auto value = garch_log_likelihood(returns.col(j), margin.model, margin.parameters,
                                            nullptr, &margin_scores);
    if (!by_margin || !value || !margin.covariance) {
      return std::nullopt;
    }
    for (std::size_t i = 0; i < 2; ++i) {
      const Eigen::VectorXd cross = by_margin->transpose() * mixed[i].col(j);
      scores.col(static_cast<Eigen::Index>(i)) += margin_scores * (*margin.covariance * cross);
    }
  }
  return scores;
}

void add_two_step_errors(const Eigen::Ref<const Eigen::MatrixXd>& returns,
                         const DccSettings& settings,
                         DccFit& fit) {
  const auto doubles = static_cast<double>(returns.rows()) * static_cast<double>(returns.cols())
                       * static_cast<double>(returns.cols());
  if (!settings.standard_errors || settings.likelihood != DccLikelihood::FULL
      || fit.correlations.at_bound || doubles > dcc_two_step_doubles_max) {
    return;
  }
  const Problem problem{fit.residuals, fit.correlations.target, settings};
  Eigen::MatrixXd scores;
  if (!problem.log_likelihood(fit.correlations.parameters, nullptr, &scores)) {
    return;
  }
  const auto adjusted = two_step_scores(returns, fit, settings, std::move(scores));
  if (adjusted) {
    fit.two_step_standard_errors =
      sandwich(information(problem, fit.correlations.parameters), *adjusted);
  }
}

Eigen::MatrixXd scaled(const Eigen::VectorXd& deviations, const Eigen::MatrixXd& correlation) {
  return deviations.asDiagonal() * correlation * deviations.asDiagonal();
}

std::vector<GarchFilter> filters_of(const std::vector<GarchFit>& margins) {
  std::vector<GarchFilter> out;
  for (const auto& margin : margins) {
    out.emplace_back(margin.parameters, margin.variance_next);
  }
  return out;
}

} // namespace dcc_fit_detail

Expected<DccCorrelationFit> fit_dcc_correlations(const Eigen::Ref<const Eigen::MatrixXd>& z,
                                                 const DccSettings& settings) {
  using namespace dcc_fit_detail;
  if (!(settings.persistence_max > 0.0 && settings.persistence_max < 1.0)
      || settings.iterations_max < 1) {
    return Reason::BAD_PARAMETER;
  }
  if (z.rows() < garch_observations_min) {
    return Reason::TOO_SHORT;
  }
  auto target = dcc_target(z, settings.targeting, settings.shrinkage);
  if (!target) {
    return target.reason();
  }
  const Problem problem{z, *target, settings};
  const DccParameters start = best_start(problem, settings.persistence_max);
  Eigen::MatrixXd scores;
  if (const auto value = problem.log_likelihood(start, nullptr, &scores); !value) {
    return value.reason();
  }
  const Eigen::VectorXd u = problem.to_search(start);
  const Eigen::Matrix2d j = problem.jacobian(u);
  Eigen::Matrix2d metric = j.transpose() * (scores.transpose() * scores) * j / problem.size();
  metric.diagonal().array() += 1e-4 * metric.trace() + 1e-12;
  const auto minimum = minimise_bfgs(problem, u, {settings.iterations_max, 1e-8, 1e-14},
                                     Eigen::MatrixXd(metric.inverse()));
  if (!minimum.converged) {
    return Reason::NOT_CONVERGED;
  }
  DccCorrelationFit fit;
  fit.parameters = problem.to_parameters(minimum.x);
  fit.log_likelihood = -minimum.value * problem.size();
  fit.likelihood = settings.likelihood;
  fit.at_bound = problem.at_bound(fit.parameters);
  fit.converged = true;
  fit.iterations = minimum.iterations;
  if (settings.standard_errors && !fit.at_bound
      && problem.log_likelihood(fit.parameters, nullptr, &scores)) {
    fit.standard_errors = sandwich(information(problem, fit.parameters), scores);
  }
  DccFilter filter{fit.parameters, *target};
  for (Eigen::Index t = 0; t < z.rows(); ++t) {
    if (!filter.update(z.row(t).transpose())) {
      return Reason::BAD_SAMPLE;
    }
  }
  fit.q_next = filter.q_next();
  fit.target = *std::move(target);
  return fit;
}

Expected<DccFit> fit_dcc(const Eigen::Ref<const Eigen::MatrixXd>& returns,
                         const GarchFitSettings& margin,
                         const DccSettings& settings) {
  using namespace dcc_fit_detail;
  auto margins = fit_margins(returns, margin);
  if (!margins) {
    return margins.reason();
  }
  DccFit fit;
  fit.residuals = residuals_of(returns, *margins);
  fit.margins = *std::move(margins);
  auto correlations = fit_dcc_correlations(fit.residuals, settings);
  if (!correlations) {
    return correlations.reason();
  }
  fit.correlations = *std::move(correlations);
  if (settings.likelihood == DccLikelihood::FULL) {
    fit.log_likelihood =
      gaussian_margins(fit.margins, fit.residuals) + fit.correlations.log_likelihood;
  }
  add_two_step_errors(returns, settings, fit);
  return fit;
}

Eigen::MatrixXd DccFit::covariance_next() const {
  return DccState{*this}.covariance_next();
}

Expected<CccFit> fit_ccc(const Eigen::Ref<const Eigen::MatrixXd>& returns,
                         const GarchFitSettings& margin,
                         DccTargeting targeting,
                         double shrinkage) {
  using namespace dcc_fit_detail;
  auto margins = fit_margins(returns, margin);
  if (!margins) {
    return margins.reason();
  }
  CccFit fit;
  fit.residuals = residuals_of(returns, *margins);
  fit.margins = *std::move(margins);
  const auto target = dcc_target(fit.residuals, targeting, shrinkage);
  if (!target) {
    return target.reason();
  }
  const auto added = dcc_log_likelihood(fit.residuals, *target, {0.0, 0.0});
  if (!added) {
    return added.reason();
  }
  fit.correlation = correlations_of(*target);
  fit.log_likelihood = gaussian_margins(fit.margins, fit.residuals) + *added;
  return fit;
}

DccState::DccState(const DccFit& fit)
  : margins_(dcc_fit_detail::filters_of(fit.margins)), correlations_(fit.correlations.filter()),
    residuals_(static_cast<Eigen::Index>(fit.margins.size())) {}

bool DccState::update(const Eigen::Ref<const Eigen::VectorXd>& returns) {
  if (returns.size() != residuals_.size()) {
    return false;
  }
  auto margins = margins_; // taken over only where every series accepts
  for (std::size_t i = 0; i < margins.size(); ++i) {
    const auto at = static_cast<Eigen::Index>(i);
    const auto residual = margins[i].update(returns[at]);
    if (!residual) {
      return false;
    }
    residuals_[at] = *residual;
  }
  if (!correlations_.update(residuals_)) {
    return false;
  }
  margins_.swap(margins);
  return true;
}

Eigen::VectorXd DccState::volatility_next() const {
  Eigen::VectorXd out(residuals_.size());
  for (std::size_t i = 0; i < margins_.size(); ++i) {
    out[static_cast<Eigen::Index>(i)] = std::sqrt(margins_[i].variance_next());
  }
  return out;
}

Eigen::MatrixXd DccState::covariance_next() const {
  return dcc_fit_detail::scaled(volatility_next(), correlation_next());
}

} // namespace troupe::quant
