#pragma once

#include "quant/indicators/bars.hpp"
#include "quant/indicators/window.hpp"

#include <vector>

namespace troupe::quant {

/// Hurst exponent of the last n closes from how the mean square of log-price changes grows with
/// their lag, one close at a time.
///     m(k) = mean of (x[t] - x[t-k])^2,  x = ln C,  k = 1, 2, 4, .. lag_max_bars
///     H    = half the least-squares slope of ln m(k) on ln k
/// 0.5 for a random walk, above it for persistent prices. Not clamped: an estimate can lie outside
/// (0, 1); about 0.07 standard error for n = 500 and lags to 16.
/// @cost    O(number of lags) amortised per bar
/// @source  generalised Hurst exponent with q = 2: Di Matteo, Quantitative Finance 7 (2007)
class HurstExponent {
public:
  /// @param period_bars   n closes, 2 * lag_max_bars .. period_bars_max
  /// @param lag_max_bars  a power of 2, at least 2; std::invalid_argument otherwise, for both
  HurstExponent(Eigen::Index period_bars, Eigen::Index lag_max_bars = 16);

  /// @returns nullopt during warm-up (n - 1 closes), where a lag has no variation at all, and for a
  ///          close that is refused (not above 0, not finite or too large); a refused close is
  ///          counted and leaves everything else as it was
  std::optional<double> update(double close);

  [[nodiscard]] std::size_t refused() const { return refused_; }

private:
  std::vector<SumWindow> squares_; ///< by lag 1, 2, 4, ..
  std::vector<double> past_;       ///< ring of the last lag_max logarithms
  std::size_t seen_ = 0;
  std::size_t refused_ = 0;
};

/// @param close  shape (T), oldest first, all above 0
/// @returns      bars n-1 .. T-1, shape (T - n + 1), none where a window has no variation;
///               BAD_PARAMETER, TOO_SHORT, BAD_SAMPLE
Expected<std::vector<std::optional<double>>>
hurst_exponent(const Eigen::Ref<const Eigen::VectorXd>& close,
               Eigen::Index period_bars,
               Eigen::Index lag_max_bars = 16);

/// Hurst exponent of returns by rescaled ranges, corrected for the bias of short blocks.
///     RS(m) = mean over the floor(T/m) blocks of range of cumulated deviations / deviation
///     H     = 0.5 + slope of ln RS(m) - ln E[RS(m)] on ln m,  m = 8, 16, 32, .. <= T/2
/// Blocks without variation are left out.
/// @param returns  shape (T), oldest first; T >= 32
/// @returns        TOO_SHORT, BAD_SAMPLE, DEGENERATE where a block size has no block with variation
/// @cost           O(T ln T)
/// @source         Hurst (1951); E[RS] of Anis & Lloyd (1976) with Peters' factor (m - 1/2)/m, as
///                 in Weron, Physica A 312 (2002), eq. 4
Expected<double> hurst_rescaled_range(const Eigen::Ref<const Eigen::VectorXd>& returns);

} // namespace troupe::quant
