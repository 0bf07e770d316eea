#pragma once

#include "quant/portfolio/constraints.hpp"

namespace troupe::quant {

/// Weights with the limits that had to give way. Never empty: where no portfolio satisfies all
/// limits the nearest one that can be had is here, and `relaxed` and `reason` say what it cost.
struct Portfolio {
  Eigen::VectorXd weights;
  std::vector<Relaxation> relaxed;
  std::string reason;  ///< empty where the question was answered as asked
  double kkt_residual; ///< of the optimiser, relative; 0 for closed forms

  [[nodiscard]] bool as_asked() const { return reason.empty(); }
};

// All take covariances of shape (N, N), symmetric positive semidefinite, means of shape (N) in the
// same unit of time, and constraints over N instruments. Failures: BAD_SHAPE, BAD_SAMPLE,
// BAD_PARAMETER, NOT_POSITIVE_DEFINITE (an eigenvalue below 0, or a singular matrix where shorts
// are unlimited), NOT_CONVERGED. Without limits the closed forms are used.

/// Smallest variance.
[[nodiscard]] Expected<Portfolio>
minimum_variance(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                 const PortfolioConstraints& constraints);

/// Smallest variance with mean'w = target; a target out of reach is answered by the nearest return
/// that can be had.
/// @source  Markowitz, Portfolio Selection, J. Finance 7 (1952)
[[nodiscard]] Expected<Portfolio>
efficient_return(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                 const Eigen::Ref<const Eigen::VectorXd>& mean,
                 double target,
                 const PortfolioConstraints& constraints);

/// Largest mean'w - risk_aversion / 2 w'Sw; risk_aversion above 0.
[[nodiscard]] Expected<Portfolio>
quadratic_utility(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                  const Eigen::Ref<const Eigen::VectorXd>& mean,
                  double risk_aversion,
                  const PortfolioConstraints& constraints);

/// Tangency portfolio: largest (mean'w - risk_free) / sqrt(w'Sw). Where no admissible portfolio
/// earns more than the riskless rate, or where the ratio is approached only as positions grow
/// without end, there is none; the minimum-variance portfolio is given, with the reason.
/// @cost    a quadratic programme per step of a secant search along the frontier, some 7 of them
/// @source  Tobin (1958), Sharpe (1964); the frontier's pieces: Markowitz, Mean-Variance Analysis
/// in
///          Portfolio Choice and Capital Markets (1987)
[[nodiscard]] Expected<Portfolio>
maximum_sharpe(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
               const Eigen::Ref<const Eigen::VectorXd>& mean,
               double risk_free,
               const PortfolioConstraints& constraints);

/// Where the line from the riskless rate touches the frontier without limits,
///     S^-1 (mean - risk_free 1) / 1'S^-1 (mean - risk_free 1)
/// A rate above what the minimum-variance portfolio earns makes it the portfolio of the smallest
/// ratio: maximum_sharpe() says then that there is none of the largest.
/// @returns  shape (N), sum 1; BAD_SHAPE, BAD_SAMPLE, NOT_POSITIVE_DEFINITE, DEGENERATE where the
///           denominator is 0
/// @source   Merton, An analytic derivation of the efficient portfolio frontier, J. Financial and
///           Quantitative Analysis 7 (1972)
[[nodiscard]] Expected<Eigen::VectorXd>
tangency_weights(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                 const Eigen::Ref<const Eigen::VectorXd>& mean,
                 double risk_free);

/// Largest diversification ratio w'sigma / sqrt(w'Sw).
/// @source  Choueifaty & Coignard, Toward maximum diversification, J. Portfolio Management 35
/// (2008)
[[nodiscard]] Expected<Portfolio>
maximum_diversification(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                        const PortfolioConstraints& constraints);

/// The admissible portfolio with the least tracking error (w - wanted)'S(w - wanted) to a wanted
/// one: how limits are put on portfolios that have none of their own (equal risk contribution, HRP,
/// inverse volatility). `reason` says so where `wanted` was not admissible.
[[nodiscard]] Expected<Portfolio>
nearest_portfolio(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                  const Eigen::Ref<const Eigen::VectorXd>& wanted,
                  const PortfolioConstraints& constraints);

} // namespace troupe::quant
