#pragma once

#include "quant/covariance/nearest.hpp"
#include "quant/expected.hpp"

#include <Eigen/Core>

namespace troupe::quant {

/// How risk spreads over a portfolio.
struct Diversification {
  double volatility;             ///< sqrt(w'Sw), per bar of the covariance
  Eigen::VectorXd marginal;      ///< Sw / volatility
  Eigen::VectorXd contributions; ///< shares of the variance w_i (Sw)_i / w'Sw, sum 1
  double diversification_ratio;  ///< w'sigma / volatility; 1 for a single instrument
  double herfindahl;             ///< sum of squared shares |w_i| / sum |w|; 1 / N .. 1
  double effective_positions;    ///< 1 / herfindahl
  double effective_bets;         ///< exp of the entropy of the variance's shares over principal
                                 ///< components, 1 .. N
};

/// @param covariance  shape (N, N), positive semidefinite
/// @param weights     shape (N), not all 0
/// @returns           BAD_SHAPE, BAD_SAMPLE, DEGENERATE where the portfolio has no variance,
///                    NOT_POSITIVE_DEFINITE
/// @source            Choueifaty & Coignard (2008); Meucci, Managing diversification, Risk 22
/// (2009)
[[nodiscard]] Expected<Diversification>
diversification(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                const Eigen::Ref<const Eigen::VectorXd>& weights);

/// Weights scaled to a volatility.
struct ScaledPortfolio {
  Eigen::VectorXd weights;
  double leverage; ///< what they were multiplied by
  double cash;     ///< 1 less the sum of the weights; negative is borrowed
  double volatility;
  bool capped; ///< the limit on gross exposure kept it below the target
};

/// Multiplies a portfolio to a target volatility, with sum |w| at most `gross_max`.
/// @param target  in the unit of the covariance's bars, above 0
/// @returns       BAD_SHAPE, BAD_SAMPLE, BAD_PARAMETER (target, gross_max not above 0), DEGENERATE
[[nodiscard]] Expected<ScaledPortfolio>
scale_to_volatility(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                    const Eigen::Ref<const Eigen::VectorXd>& weights,
                    double target,
                    double gross_max);

/// A stressed correlation matrix and what it does to a portfolio.
struct CorrelationStress {
  NearestCorrelation correlation; ///< repaired where the stress was no correlation matrix
  Eigen::MatrixXd covariance;     ///< with the volatilities of before, times their multiplier
  double volatility_before;
  double volatility_after;
};

/// Correlations moved a share of their way to 1: rho + factor (1 - rho); a negative factor moves
/// them towards lower correlation, repaired where that leaves no correlation matrix.
/// @param factor  -1 .. 1
/// @returns       BAD_PARAMETER, BAD_SHAPE, BAD_SAMPLE
[[nodiscard]] Expected<Eigen::MatrixXd>
correlations_towards_one(const Eigen::Ref<const Eigen::MatrixXd>& correlation, double factor);

/// The effect of another correlation matrix, repaired to the nearest valid one, on a portfolio.
/// @param covariance             shape (N, N): today's
/// @param correlation            shape (N, N): a user's, or correlations_towards_one
/// @param weights                shape (N)
/// @param volatility_multiplier  above 0: volatilities rise in the same stress
/// @returns                      BAD_SHAPE, BAD_SAMPLE, BAD_PARAMETER, DEGENERATE (a variance of 0)
[[nodiscard]] Expected<CorrelationStress>
stress_correlation(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                   const Eigen::Ref<const Eigen::MatrixXd>& correlation,
                   const Eigen::Ref<const Eigen::VectorXd>& weights,
                   double volatility_multiplier = 1.0);

} // namespace troupe::quant
