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
constexpr double rounding = 1e-14;
constexpr double near_enough = 1e-12; ///< of coordinate descent, which ends where it gains no more
constexpr int sweeps_max = 50;
constexpr int newton_iterations_max = 200;
constexpr double no_error_yet = std::numeric_limits<double>::infinity();

/// Where an iteration stands: x_i (Sx)_i / x'Sx beside the budgets.
struct Shares {
  Eigen::VectorXd contributions;
  double error; ///< not a number or infinite where x'Sx is not above 0

  Shares(const Eigen::VectorXd& x, const Eigen::VectorXd& marginal, const Eigen::VectorXd& budgets)
    : contributions(x.cwiseProduct(marginal) / x.dot(marginal)),
      error((contributions - budgets).cwiseAbs().maxCoeff()) {}
};

struct Descent {
  Eigen::VectorXd x;
  Eigen::VectorXd contributions;
  double error = no_error_yet;
  int sweeps = 0;
};

/// Cyclical coordinate descent: each x_i in turn is set to what is best for it, the positive root
/// of
///     S_ii x^2 + c x - b_i = 0,  c = (Sx)_i - S_ii x_i
/// A sweep costs as much as one product Sx. Where the matrix lets it, and those of many instruments
/// of one market do, the error falls by a factor each sweep; where it does not fall by half, this
/// stops and leaves the rest to Newton's method.
Descent descend(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                const Eigen::VectorXd& budgets) {
  const Eigen::VectorXd variances = covariance.diagonal();
  Descent out;
  out.x = (budgets.array() / variances.array()).sqrt();
  Eigen::VectorXd marginal = covariance * out.x;
  const double scale = 1.0 / std::sqrt(out.x.dot(marginal));
  out.x *= scale;
  marginal *= scale;
  for (; out.sweeps < sweeps_max; ++out.sweeps) {
    const Shares shares{out.x, marginal, budgets};
    const double previous = std::exchange(out.error, shares.error);
    out.contributions = shares.contributions;
    if (!(out.error <= 0.5 * previous) || out.error <= rounding) {
      break;
    }
    for (Eigen::Index i = 0; i < out.x.size(); ++i) {
      const double variance = variances[i];
      const double rest = marginal[i] - variance * out.x[i];
      const double root = std::sqrt(rest * rest + 4.0 * variance * budgets[i]);
      const double best =
        rest > 0.0 ? 2.0 * budgets[i] / (root + rest) : 0.5 * (root - rest) / variance;
      marginal += (best - out.x[i]) * covariance.col(i);
      out.x[i] = best;
    }
  }
  return out;
}

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

/// Newton's method from x on; b as budgets, but at least 1 each.
Expected<RiskBudgetPortfolio>
by_newton(const Correlation& parts, const Eigen::VectorXd& budgets, const Descent& from) {
  const Eigen::MatrixXd& correlation = parts.matrix;
  // minus b ln x is self-concordant for b >= 1
  const Eigen::VectorXd b = budgets / budgets.minCoeff();
  Eigen::VectorXd x = from.x.cwiseProduct(parts.volatility) * std::sqrt(b.sum());
  if (!x.allFinite() || x.minCoeff() <= 0.0) {
    const auto n = static_cast<double>(b.size());
    x = (b / std::max(correlation.sum() / n, 1.0 / n)).cwiseSqrt();
  }
  RiskBudgetPortfolio out{{}, {}, no_error_yet, from.sweeps};
  for (int i = 0; i < newton_iterations_max; ++i, ++out.iterations) {
    const Eigen::VectorXd marginal = correlation * x;
    if (!(x.dot(marginal) > 0.0)) {
      return Reason::NOT_POSITIVE_DEFINITE;
    }
    Shares shares{x, marginal, budgets};
    const double previous = std::exchange(out.error, shares.error);
    out.contributions = std::move(shares.contributions);
    if (out.error <= rounding || (out.error <= contribution_error_max && out.error >= previous)) {
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
  out.weights = x.cwiseQuotient(parts.volatility);
  out.weights /= out.weights.sum();
  return out;
}

} // namespace

Expected<RiskBudgetPortfolio>
risk_budget_portfolio(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                      const Eigen::Ref<const Eigen::VectorXd>& budgets) {
  if (const auto usable = check_symmetric(covariance); !usable) {
    return usable.reason();
  }
  if (covariance.diagonal().minCoeff() <= 0.0) {
    return Reason::DEGENERATE;
  }
  if (budgets.size() != covariance.rows()) {
    return Reason::BAD_SHAPE;
  }
  if (!budgets.allFinite() || budgets.minCoeff() <= 0.0) {
    return Reason::BAD_PARAMETER;
  }
  const Eigen::VectorXd shares = budgets / budgets.sum();
  auto found = descend(covariance, shares);
  if (found.error <= near_enough) {
    const Eigen::VectorXd marginal = covariance * found.x; // without the rounding of the sweeps
    Shares certified{found.x, marginal, shares};
    if (certified.error <= contribution_error_max) {
      return RiskBudgetPortfolio{found.x / found.x.sum(), std::move(certified.contributions),
                                 certified.error, found.sweeps};
    }
  }
  const auto parts = correlation_of(covariance);
  if (!parts) {
    return parts.reason();
  }
  return by_newton(*parts, shares, found);
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
