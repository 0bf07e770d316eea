#pragma once

#include "quant/indicators/bars.hpp"

namespace troupe::quant {

/// Exponentially weighted close-to-close volatility, one close at a time.
///     r[t] = ln(C[t] / C[t-1]);  v[1] = r[1]^2;  v[t] = lambda v[t-1] + (1 - lambda) r[t]^2
/// The value is sqrt(v), per bar; annualise() scales it. The mean return is taken as 0.
/// @cost    O(1) per bar
/// @source  J.P. Morgan/Reuters, RiskMetrics Technical Document (1996), lambda 0.94 for days
class EwmaVolatility {
public:
  /// @param lambda  weight of the past, 0 < lambda < 1; std::invalid_argument otherwise
  explicit EwmaVolatility(double lambda);

  /// @returns nullopt for the first close, and for a close that is refused (not above 0, not
  ///          finite or too large); a refused close is counted and leaves everything else as it was
  std::optional<double> update(double close);

  [[nodiscard]] std::size_t refused() const { return refused_; }

private:
  double lambda_;
  std::optional<double> close_previous_;
  std::optional<double> variance_;
  std::size_t refused_ = 0;
};

/// @param close  shape (T), oldest first, all above 0
/// @returns      bars 1 .. T-1, shape (T - 1); BAD_PARAMETER, TOO_SHORT where T < 2, BAD_SAMPLE
/// @cost         O(T), one allocation
Expected<Eigen::VectorXd> ewma_volatility(const Eigen::Ref<const Eigen::VectorXd>& close,
                                          double lambda);

/// Volatility per year of independent returns: per-bar volatility times sqrt(bars per year).
/// @param bars_per_year  above 0; crypto trades 365 days of 24 hours
/// @returns              nullopt where an argument is negative, zero bars, or not finite
[[nodiscard]] std::optional<double> annualise(double volatility_bar, double bars_per_year);

} // namespace troupe::quant
