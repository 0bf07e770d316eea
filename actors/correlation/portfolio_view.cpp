#include "actors/correlation/portfolio_view.hpp"

#include <utility>

namespace troupe::correlation {

using core::Errc;
using core::Error;

PortfolioBasis
without_unusable(PortfolioBasis from,
                 const std::optional<Scenario>& scenario,
                 const std::shared_ptr<const std::vector<SeriesInput>>& scenario_series) {
  if (!from.holdings.everything) {
    return from;
  }
  const auto& selection = from.basis.selection;
  const auto& settings = *from.basis.settings;
  auto taken = usable_series(*from.basis.series, selection.interval,
                             {.window = selection.window,
                              .overlap_min = settings.overlap_min,
                              .most = symbols_max_of(selection.method, settings)});
  if (scenario && scenario_series) {
    const auto then = usable_in_range(*scenario_series, selection.interval, scenario->start);
    taken.quality = trading::worse(taken.quality, then.quality);
    for (const auto& left : then.left_out) {
      if (std::erase_if(
            taken.series,
            [&](const SeriesInput& input) { return input.instrument == left.instrument; })
          > 0) {
        taken.left_out.push_back({left.instrument, scenario->name + ": " + left.reason});
      }
    }
  }
  if (taken.series.empty()) {
    return from; // what is missing is best said of all of them
  }
  std::vector<trading::InstrumentId> ids;
  for (const auto& input : taken.series) {
    ids.push_back(input.instrument);
  }
  from.holdings.portfolio.positions = equal_weights(ids).positions;
  from.basis.series = std::make_shared<const std::vector<SeriesInput>>(std::move(taken.series));
  from.left_out = std::move(taken.left_out);
  from.quality = taken.quality;
  return from;
}

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
  panel->quality = trading::worse(panel->quality, from.quality);
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
  for (const auto& input : from.holdings.inputs) {
    panel->inputs.push_back(input);
    // an older portfolio may be the newest one all the same: stale, not degraded
    panel->quality = trading::worse(panel->quality, trading::Quality::stale);
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
