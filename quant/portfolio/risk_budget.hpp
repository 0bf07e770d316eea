#pragma once

#include "quant/expected.hpp"

#include <Eigen/Core>

namespace troupe::quant {

struct RiskBudgetPortfolio {
  Eigen::VectorXd weights;       ///< all above 0, sum 1
  Eigen::VectorXd contributions; ///< shares of the variance, sum 1
  double error;                  ///< largest difference of a contribution from its budget
  int iterations;                ///< sweeps of coordinate descent and steps of Newton's method
};

/// Long-only portfolio whose risk contributions w_i (Sw)_i / w'Sw equal the budgets: the answer of
/// the strictly convex problem
///     minimise 1/2 x'Sx - sum b_i ln x_i,   w = x / sum x
/// by cyclical coordinate descent as long as that converges fast, and from there by Newton's method
/// (over the correlation matrix, so that instruments of any volatility are alike to it). The answer
/// is unique and certifies itself: `error` is at most 1e-10, or the routine says NOT_CONVERGED.
/// @param covariance  shape (N, N), symmetric positive semidefinite, variances above 0
/// @param budgets     shape (N), all above 0; scaled to sum 1
/// @returns           BAD_SHAPE, BAD_SAMPLE, BAD_PARAMETER (budgets), DEGENERATE (a variance of 0),
///                    NOT_POSITIVE_DEFINITE, NOT_CONVERGED
/// @cost              2 N^2 flops per sweep (about 10); where that is not enough, a Cholesky
///                    factorisation, N^3 / 3 flops, per further iteration (about 5)
/// @source            Griveau-Billion, Richard & Roncalli, A fast algorithm for computing
///                    high-dimensional risk parity portfolios (2013); Spinu, An algorithm for
///                    computing risk parity weights (2013); Maillard, Roncalli & Teiletche, J.
///                    Portfolio Management 36 (2010)
[[nodiscard]] Expected<RiskBudgetPortfolio>
risk_budget_portfolio(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                      const Eigen::Ref<const Eigen::VectorXd>& budgets);

/// Equal budgets.
[[nodiscard]] Expected<RiskBudgetPortfolio>
equal_risk_contribution(const Eigen::Ref<const Eigen::MatrixXd>& covariance);

/// Weights proportional to 1 / volatility, sum 1. @returns BAD_SHAPE, BAD_SAMPLE, DEGENERATE
[[nodiscard]] Expected<Eigen::VectorXd>
inverse_volatility(const Eigen::Ref<const Eigen::MatrixXd>& covariance);

} // namespace troupe::quant
