#pragma once

#include "actors/correlation/estimate.hpp"
#include "quant/volatility/dcc_fit.hpp"

#include <string>

/// Fitted models: DCC and CCC over GARCH(1,1) margins.
namespace troupe::correlation {

/// Beyond this many series the second step maximises the composite likelihood of neighbouring
/// pairs, on a target shrunk by Ledoit and Wolf's intensity.
inline constexpr Eigen::Index full_likelihood_series_max = 20;

/// A fitted DCC and where it stands after the bars it has taken since.
struct DccModel {
  std::vector<trading::InstrumentId> instruments;
  trading::Interval interval;
  messages::ModelInfo info; ///< age_ms is left to the reader
  quant::DccState state;
  core::Timestamp as_of; ///< close of the newest bar taken
  std::string stored;    ///< the fit as text, for restored_dcc()

  /// Correlations and volatilities of the bar to come. @param now  what the age counts to
  [[nodiscard]] core::Result<Estimate> estimate(core::Timestamp now) const;
};

/// Fits both steps. @param gjr  asymmetric margins
/// @returns  NOT_READY with the kernel's reason where the data gives no fit
/// @cost     a GARCH fit per instrument, then some 15 likelihoods
[[nodiscard]] core::Result<DccModel> fit_dcc_model(const Panel& panel, bool gjr);

/// Constant conditional correlations of GARCH residuals.
[[nodiscard]] core::Result<Estimate> estimate_ccc(const Panel& panel, bool gjr);

/// A fit out of the text that it was stored as; its state is that at the end of the fit.
/// @returns  IO_ERROR that says what is wrong with the text
[[nodiscard]] core::Result<DccModel> restored_dcc(const std::string& stored);

} // namespace troupe::correlation
