#include "quant/portfolio/optimise.hpp"

#include "quant/linear_algebra/dense.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace troupe::quant {

namespace optimise_detail {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::Ref;
using Eigen::VectorXd;

/// Eigenvalues below this share of the largest are rounding.
constexpr double negative_eigenvalue_max = 1e-10;
/// Limits that no portfolio exceeds by more than this count as met.
constexpr double admissible = 1e-9;

Expected<bool> check_covariance(const Ref<const MatrixXd>& covariance) {
  if (const auto usable = check_symmetric(covariance); !usable) {
    return usable.reason();
  }
  if (covariance.diagonal().minCoeff() < 0.0 || covariance.diagonal().maxCoeff() <= 0.0) {
    return Reason::NOT_POSITIVE_DEFINITE;
  }
  // a Cholesky factor of the matrix with a negligible diagonal added is cheaper than its
  // eigenvalues
  MatrixXd shifted = covariance;
  shifted.diagonal().array() += negative_eigenvalue_max * covariance.trace();
  const auto factor = Cholesky::of(std::move(shifted));
  if (!factor) {
    return factor.reason();
  }
  return true;
}

std::string reason_of(const std::vector<Relaxation>& relaxed) {
  std::string text;
  for (const auto& one : relaxed) {
    text += (text.empty() ? "no portfolio satisfies all limits: " : "; ") + one.limit + " asked "
            + std::to_string(one.asked) + ", nearest " + std::to_string(one.granted);
  }
  return text;
}

Portfolio answer(VectorXd weights, std::vector<Relaxation> relaxed, double residual) {
  auto reason = reason_of(relaxed);
  return {std::move(weights), std::move(relaxed), std::move(reason), residual};
}

/// Puts the objective 1/2 risk w'Sw - mean'w on a programme and solves it.
Expected<Portfolio> solved(QuadraticProgram program,
                           const Ref<const MatrixXd>& covariance,
                           double risk,
                           const VectorXd& mean,
                           std::vector<Relaxation> relaxed) {
  const Index n = covariance.rows();
  program.p.topLeftCorner(n, n) = risk * covariance;
  program.q.head(n) = -mean;
  const auto solution = solve(program);
  if (!solution) {
    return solution.reason();
  }
  return answer(solution->x.head(n), std::move(relaxed), solution->kkt_residual);
}

/// Checks what all of them are given and makes the constraints feasible.
Expected<FeasibleConstraints> prepared(const Ref<const MatrixXd>& covariance,
                                       const PortfolioConstraints& constraints) {
  if (const auto usable = check_covariance(covariance); !usable) {
    return usable.reason();
  }
  return feasible(constraints, covariance.rows());
}

Expected<bool> check_mean(const Ref<const VectorXd>& mean, Index n) {
  if (mean.size() != n) {
    return Reason::BAD_SHAPE;
  }
  if (!mean.allFinite()) {
    return Reason::BAD_SAMPLE;
  }
  return true;
}

/// The programme over y = k w, k > 0, scale'y = 1, whose smallest variance has the largest
/// scale'w / sqrt(w'Sw). Rows that are not homogeneous take k as one more variable, the last one;
/// long-only needs none of them, the budget then only says what k is.
QuadraticProgram homogeneous(const PortfolioConstraints& constraints, const VectorXd& scale) {
  QuadraticProgram base = program_of(constraints);
  const Index size = base.q.size();
  const bool long_only = (constraints.lower.array() == 0.0).all()
                         && (constraints.upper.array() >= constraints.budget).all();
  const bool free_of_k = (long_only || (constraints.lower.array() == -no_bound).all())
                         && (long_only || (constraints.upper.array() == no_bound).all())
                         && base.inequalities.empty();
  QuadraticProgram out;
  const Index all = free_of_k ? size : size + 1;
  out.p = MatrixXd::Zero(all, all);
  out.q = VectorXd::Zero(all);
  out.lower = VectorXd::Constant(all, -no_bound);
  out.upper = VectorXd::Constant(all, no_bound);
  const auto with_k = [&](LinearRow row) {
    row.index.push_back(size);
    row.value.push_back(-row.limit);
    row.limit = 0.0;
    return row;
  };
  for (Index i = 0; i < size; ++i) {
    const double low = base.lower[i];
    const double high = base.upper[i];
    if (low == 0.0) {
      out.lower[i] = 0.0;
    } else if (std::isfinite(low)) {
      out.inequalities.push_back(with_k({{i}, {-1.0}, -low}));
    }
    if (std::isfinite(high) && !(long_only && i < constraints.upper.size())) {
      out.inequalities.push_back(with_k({{i}, {1.0}, high}));
    }
  }
  for (auto& row : base.inequalities) {
    out.inequalities.push_back(with_k(std::move(row)));
  }
  if (!free_of_k) {
    out.lower[size] = 0.0;
    for (auto& row : base.equalities) {
      out.equalities.push_back(with_k(std::move(row)));
    }
  }
  LinearRow unit{{}, {}, 1.0};
  for (Index i = 0; i < scale.size(); ++i) {
    unit.index.push_back(i);
    unit.value.push_back(scale[i]);
  }
  out.equalities.push_back(std::move(unit));
  return out;
}

/// Largest scale'w / sqrt(w'Sw) over the constraints; NOT_CONVERGED where scale'w > 0 nowhere.
Expected<Portfolio> largest_ratio(const Ref<const MatrixXd>& covariance,
                                  const VectorXd& scale,
                                  FeasibleConstraints limits) {
  const Index n = covariance.rows();
  const double unit = scale.cwiseAbs().maxCoeff();
  QuadraticProgram program = homogeneous(limits.constraints, scale / unit);
  program.p.topLeftCorner(n, n) = covariance;
  const auto solution = solve(program);
  if (!solution) {
    return solution.reason();
  }
  const VectorXd y = solution->x.head(n);
  const double k = y.sum() / limits.constraints.budget;
  if (!(k > 0.0) || !std::isfinite(k)) {
    return Reason::NOT_CONVERGED;
  }
  return answer(y / k, std::move(limits.relaxed), solution->kkt_residual);
}

/// S^-1 v scaled to the budget; none where S is singular or the sum of the weights is not above 0.
std::optional<VectorXd>
closed_form(const Ref<const MatrixXd>& covariance, const VectorXd& v, double budget) {
  const auto factor = Cholesky::of(covariance);
  if (!factor) {
    return std::nullopt;
  }
  const VectorXd x = factor->solve(v);
  const double sum = x.sum();
  if (!(sum > 0.0) || !x.allFinite()) {
    return std::nullopt;
  }
  return x * (budget / sum);
}

} // namespace optimise_detail

using namespace optimise_detail; // NOLINT(google-build-using-namespace): of this file

Expected<Portfolio> minimum_variance(const Ref<const MatrixXd>& covariance,
                                     const PortfolioConstraints& constraints) {
  auto limits = prepared(covariance, constraints);
  if (!limits) {
    return limits.reason();
  }
  const Index n = covariance.rows();
  if (limits->constraints.only_budget()) {
    auto weights = closed_form(covariance, VectorXd::Ones(n), constraints.budget);
    if (!weights) {
      return Reason::NOT_POSITIVE_DEFINITE;
    }
    return answer(std::move(*weights), {}, 0.0);
  }
  return solved(program_of(limits->constraints), covariance, 1.0, VectorXd::Zero(n),
                std::move(limits->relaxed));
}

Expected<Portfolio> efficient_return(const Ref<const MatrixXd>& covariance,
                                     const Ref<const VectorXd>& mean,
                                     double target,
                                     const PortfolioConstraints& constraints) {
  auto limits = prepared(covariance, constraints);
  if (!limits) {
    return limits.reason();
  }
  const Index n = covariance.rows();
  if (const auto usable = check_mean(mean, n); !usable) {
    return usable.reason();
  }
  if (!std::isfinite(target)) {
    return Reason::BAD_PARAMETER;
  }
  const double unit = std::max(mean.cwiseAbs().maxCoeff(), 1e-300);
  const VectorXd scaled = mean / unit;
  double wanted = target / unit;
  if (!limits->constraints.only_budget()) {
    const auto least = smallest_attainable(limits->constraints, scaled);
    const auto most = smallest_attainable(limits->constraints, -scaled);
    // without a bound on either side the return has none: whatever is asked can be had
    const double low = least ? *least : -no_bound;
    const double high = most ? -*most : no_bound;
    const double margin = std::min(1e-9, 1e-6 * (high - low));
    const double reachable = std::clamp(wanted, std::min(low + margin, high), high - margin);
    if (std::abs(reachable - wanted) > 1e-7) {
      limits->relaxed.push_back({"target return", target, reachable * unit});
    }
    wanted = reachable;
  }
  QuadraticProgram program = program_of(limits->constraints);
  LinearRow row{{}, {}, wanted};
  for (Index i = 0; i < n; ++i) {
    row.index.push_back(i);
    row.value.push_back(scaled[i]);
  }
  program.equalities.push_back(std::move(row));
  return solved(std::move(program), covariance, 1.0, VectorXd::Zero(n), std::move(limits->relaxed));
}

Expected<Portfolio> quadratic_utility(const Ref<const MatrixXd>& covariance,
                                      const Ref<const VectorXd>& mean,
                                      double risk_aversion,
                                      const PortfolioConstraints& constraints) {
  auto limits = prepared(covariance, constraints);
  if (!limits) {
    return limits.reason();
  }
  if (const auto usable = check_mean(mean, covariance.rows()); !usable) {
    return usable.reason();
  }
  if (!(risk_aversion > 0.0) || !std::isfinite(risk_aversion)) {
    return Reason::BAD_PARAMETER;
  }
  return solved(program_of(limits->constraints), covariance, risk_aversion, mean,
                std::move(limits->relaxed));
}

Expected<Portfolio> maximum_sharpe(const Ref<const MatrixXd>& covariance,
                                   const Ref<const VectorXd>& mean,
                                   double risk_free,
                                   const PortfolioConstraints& constraints) {
  auto limits = prepared(covariance, constraints);
  if (!limits) {
    return limits.reason();
  }
  if (const auto usable = check_mean(mean, covariance.rows()); !usable) {
    return usable.reason();
  }
  if (!std::isfinite(risk_free) || !(constraints.budget > 0.0)) {
    return Reason::BAD_PARAMETER;
  }
  const VectorXd excess = mean.array() - risk_free;
  if (limits->constraints.only_budget()) {
    if (auto weights = closed_form(covariance, excess, constraints.budget)) {
      return answer(std::move(*weights), {}, 0.0);
    }
  } else if (const auto least = smallest_attainable(limits->constraints, -excess);
             !least || -*least > 0.0) {
    return largest_ratio(covariance, excess, *limits);
  }
  auto fallback = minimum_variance(covariance, constraints);
  if (fallback) {
    fallback->reason += std::string{fallback->reason.empty() ? "" : "; "}
                        + "no tangency portfolio: none earns more than the riskless rate "
                          "efficiently; this is the minimum-variance portfolio";
  }
  return fallback;
}

Expected<Portfolio> maximum_diversification(const Ref<const MatrixXd>& covariance,
                                            const PortfolioConstraints& constraints) {
  auto limits = prepared(covariance, constraints);
  if (!limits) {
    return limits.reason();
  }
  if (!(constraints.budget > 0.0)) {
    return Reason::BAD_PARAMETER;
  }
  const VectorXd volatility = covariance.diagonal().cwiseSqrt();
  if (volatility.minCoeff() <= 0.0) {
    return Reason::DEGENERATE;
  }
  if (limits->constraints.only_budget()) {
    if (auto weights = closed_form(covariance, volatility, constraints.budget)) {
      return answer(std::move(*weights), {}, 0.0);
    }
    return Reason::NOT_POSITIVE_DEFINITE;
  }
  return largest_ratio(covariance, volatility, std::move(*limits));
}

Expected<Portfolio> nearest_portfolio(const Ref<const MatrixXd>& covariance,
                                      const Ref<const VectorXd>& wanted,
                                      const PortfolioConstraints& constraints) {
  auto limits = prepared(covariance, constraints);
  if (!limits) {
    return limits.reason();
  }
  if (const auto usable = check_mean(wanted, covariance.rows()); !usable) {
    return usable.reason();
  }
  if (violation(constraints, wanted) <= admissible) {
    return answer(wanted, {}, 0.0);
  }
  auto out = solved(program_of(limits->constraints), covariance, 1.0, covariance * wanted,
                    std::move(limits->relaxed));
  if (out) {
    out->reason +=
      std::string{out->reason.empty() ? "" : "; "}
      + "the portfolio wanted breaks limits; this is the admissible one with the least "
        "tracking error to it";
  }
  return out;
}

} // namespace troupe::quant
