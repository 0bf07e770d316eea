#pragma once

#include "actors/correlation/answers.hpp"
#include "quant/covariance/pca.hpp"
#include "quant/portfolio/diversification.hpp"

/// A portfolio seen through an estimate of its instruments' covariance.
namespace troupe::correlation {

/// What a reply about a portfolio is computed from; the series are those of
/// Holdings::prices_needed().
struct PortfolioBasis {
  Basis basis;
  Holdings holdings;
  std::vector<messages::LeftOut> left_out;
  trading::Quality quality = trading::Quality::live; ///< degraded where one of those is only late
};

/// Where the portfolio is that of everything: the same of the instruments that can be used, with
/// what was left out. Any other portfolio stays as it is.
/// @param scenario        of a stress test, whose window they must have bars in, too
/// @param scenario_series closes there, in the order of the positions
[[nodiscard]] PortfolioBasis
without_unusable(PortfolioBasis from,
                 const std::optional<Scenario>& scenario,
                 const std::shared_ptr<const std::vector<SeriesInput>>& scenario_series);

struct PortfolioView {
  Panel panel; ///< of the positions' instruments
  Estimate estimate;
  Eigen::VectorXd weights; ///< shape (N)
};

/// Aligns the closes, estimates and values a portfolio.
[[nodiscard]] core::Result<PortfolioView> view_of(const PortfolioBasis& from);

/// How a portfolio's variance comes about. @returns NOT_READY where it has none
[[nodiscard]] core::Result<quant::Diversification> risk_of(const Estimate& estimate,
                                                           const Eigen::VectorXd& weights);

/// Principal components' view of a portfolio. @returns NOT_READY where it has no variance
[[nodiscard]] core::Result<quant::FactorDecomposition>
decompose(const quant::PrincipalComponents& components,
          const Eigen::MatrixXd& matrix,
          const Eigen::VectorXd& weights);

} // namespace troupe::correlation
