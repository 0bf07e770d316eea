#pragma once

#include "actors/correlation/answers.hpp"
#include "quant/covariance/pca.hpp"

/// A portfolio seen through an estimate of its instruments' covariance.
namespace troupe::correlation {

/// What a reply about a portfolio is computed from; the series are those of
/// Holdings::prices_needed().
struct PortfolioBasis {
  Basis basis;
  Holdings holdings;
};

struct PortfolioView {
  Panel panel; ///< of the positions' instruments
  Estimate estimate;
  Eigen::VectorXd weights; ///< shape (N)
};

/// Aligns the closes, estimates and values a portfolio.
[[nodiscard]] core::Result<PortfolioView> view_of(const PortfolioBasis& from);

/// How a portfolio's variance comes about.
struct RiskProfile {
  double volatility = 0.0;            ///< per bar
  Eigen::VectorXd contributions;      ///< shares of the variance, sum to 1; shape (N)
  double diversification_ratio = 0.0; ///< sum of |w| times volatilities, over the volatility
  double effective_bets = 0.0; ///< exp of the entropy of the principal components' contributions
  double herfindahl = 0.0;     ///< sum of squared shares of the gross exposure
};

/// @param weights  shape (N)
/// @returns        NOT_READY where the portfolio has no variance
/// @source         diversification ratio: Choueifaty & Coignard, J. Portfolio Management 35 (2008);
///                 effective bets: Meucci, Managing diversification, Risk 22 (2009)
[[nodiscard]] core::Result<RiskProfile> risk_of(const Estimate& estimate,
                                                const Eigen::VectorXd& weights);

/// Principal components' view of a portfolio. @returns NOT_READY where it has no variance
[[nodiscard]] core::Result<quant::FactorDecomposition>
decompose(const quant::PrincipalComponents& components,
          const Eigen::MatrixXd& matrix,
          const Eigen::VectorXd& weights);

} // namespace troupe::correlation
