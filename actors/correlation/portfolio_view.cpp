#include "actors/correlation/portfolio_view.hpp"

#include <utility>

namespace troupe::correlation {

using core::Errc;
using core::Error;

core::Result<PortfolioView> view_of(const PortfolioBasis& from) {
  const auto& selection = from.basis.selection;
  const auto& settings = *from.basis.settings;
  const auto count = from.holdings.portfolio.positions.size();
  const std::span<const SeriesInput> all{*from.basis.series};
  auto panel =
    align_newest(all.first(count), selection.interval, selection.window, settings.overlap_min);
  if (!panel) {
    return panel.error();
  }
  std::vector<double> conversions;
  for (const auto& input : all.subspan(count)) {
    if (input.closes->empty()) {
      return Error{Errc::NOT_READY, "insufficient data: expected a closed bar of "
                                      + input.instrument.to_text() + ", found none"};
    }
    conversions.push_back(input.closes->back().price);
    panel->inputs.push_back(
      {"price " + input.instrument.to_text(), input.closes->back().at, input.quality});
    panel->quality = trading::worse(panel->quality, input.quality);
  }
  const auto weights = weights_of(from.holdings, panel->last_prices, conversions);
  if (!weights) {
    return weights.error();
  }
  auto found = estimate(*panel, selection.method, settings);
  if (!found) {
    return found.error();
  }
  return PortfolioView{std::move(*panel), std::move(*found), weights->values};
}

core::Result<quant::FactorDecomposition> decompose(const quant::PrincipalComponents& components,
                                                   const Eigen::MatrixXd& matrix,
                                                   const Eigen::VectorXd& weights) {
  auto out = quant::decompose_portfolio(components, matrix, weights);
  if (!out) {
    if (out.reason() == quant::Reason::DEGENERATE) {
      return Error{Errc::NOT_READY, "insufficient data: the portfolio has no variance"};
    }
    return kernel_error("the portfolio's decomposition", out.reason());
  }
  return std::move(*out);
}

core::Result<quant::Diversification> risk_of(const Estimate& estimate,
                                             const Eigen::VectorXd& weights) {
  auto out = quant::diversification(estimate.covariance(), weights);
  if (!out) {
    if (out.reason() == quant::Reason::DEGENERATE) {
      return Error{Errc::NOT_READY, "insufficient data: the portfolio has no variance"};
    }
    return kernel_error("the portfolio's risk", out.reason());
  }
  return std::move(*out);
}

} // namespace troupe::correlation
