#include "quant/portfolio/risk_budget.hpp"

#include "quant/covariance/sample.hpp"
#include "quant/linear_algebra/dense.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace troupe::quant {

namespace {

constexpr double contribution_error_max = 1e-10;
constexpr int newton_iterations_max = 200;
constexpr double no_error_yet = std::numeric_limits<double>::infinity();

/// Damped Newton for a self-concordant function: a full step once the decrement is below 1/4,
/// before that 1 / (1 + decrement), which always descends and keeps x above 0 (Nesterov 2004,
/// theorem 4.1.12, after scaling so that the smallest budget is 1).
struct SpinuStep {
  Eigen::VectorXd direction;
  double decrement;
};

Expected<SpinuStep> spinu_step(const Eigen::MatrixXd& correlation,
                               const Eigen::VectorXd& budgets,
                               const Eigen::VectorXd& x) {
  const Eigen::VectorXd gradient = correlation * x - budgets.cwiseQuotient(x);
  Eigen::MatrixXd hessian = correlation;
  hessian.diagonal() += budgets.cwiseQuotient(x.cwiseAbs2());
  const auto factor = Cholesky::of(std::move(hessian));
  if (!factor) {
    return factor.reason();
  }
  const Eigen::VectorXd direction = factor->solve(Eigen::VectorXd{-gradient});
  return SpinuStep{direction, std::sqrt(std::max(-gradient.dot(direction), 0.0))};
}

} // namespace

Expected<RiskBudgetPortfolio>
risk_budget_portfolio(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                      const Eigen::Ref<const Eigen::VectorXd>& budgets) {
  const auto parts = correlation_of(covariance);
  if (!parts) {
    return parts.reason();
  }
  const Eigen::Index n = covariance.rows();
  if (budgets.size() != n) {
    return Reason::BAD_SHAPE;
  }
  if (!budgets.allFinite() || budgets.minCoeff() <= 0.0) {
    return Reason::BAD_PARAMETER;
  }
  const Eigen::MatrixXd& correlation = parts->matrix;
  const Eigen::VectorXd shares = budgets / budgets.sum();
  // minus b ln x is self-concordant for b >= 1
  const Eigen::VectorXd b = budgets / budgets.minCoeff();
  const double mean_row = correlation.sum() / static_cast<double>(n);
  Eigen::VectorXd x = (b / std::max(mean_row, 1.0 / static_cast<double>(n))).cwiseSqrt();
  RiskBudgetPortfolio out{{}, {}, no_error_yet, 0};
  double previous_error = no_error_yet;
  for (; out.iterations < newton_iterations_max; ++out.iterations) {
    const Eigen::VectorXd marginal = correlation * x;
    const double variance = x.dot(marginal);
    if (!(variance > 0.0)) {
      return Reason::NOT_POSITIVE_DEFINITE;
    }
    out.contributions = x.cwiseProduct(marginal) / variance;
    previous_error = std::exchange(out.error, (out.contributions - shares).cwiseAbs().maxCoeff());
    constexpr double rounding = 1e-14;
    if (out.error <= rounding
        || (out.error <= contribution_error_max && out.error >= previous_error)) {
      break; // as near as doubles get
    }
    const auto step = spinu_step(correlation, b, x);
    if (!step) {
      return step.reason();
    }
    const double length = step->decrement < 0.25 ? 1.0 : 1.0 / (1.0 + step->decrement);
    x += length * step->direction;
    if (!x.allFinite() || x.minCoeff() <= 0.0) {
      return Reason::NOT_CONVERGED;
    }
  }
  if (!(out.error <= contribution_error_max)) {
    return Reason::NOT_CONVERGED;
  }
  out.weights = x.cwiseQuotient(parts->volatility);
  out.weights /= out.weights.sum();
  return out;
}

Expected<RiskBudgetPortfolio>
equal_risk_contribution(const Eigen::Ref<const Eigen::MatrixXd>& covariance) {
  return risk_budget_portfolio(covariance, Eigen::VectorXd::Ones(covariance.rows()));
}

Expected<Eigen::VectorXd> inverse_volatility(const Eigen::Ref<const Eigen::MatrixXd>& covariance) {
  if (const auto usable = check_symmetric(covariance); !usable) {
    return usable.reason();
  }
  if (covariance.diagonal().minCoeff() <= 0.0) {
    return Reason::DEGENERATE;
  }
  const Eigen::VectorXd inverse = covariance.diagonal().cwiseSqrt().cwiseInverse();
  return Eigen::VectorXd{inverse / inverse.sum()};
}

} // namespace troupe::quant
