#pragma once

#include "quant/indicators/bars.hpp"
#include "quant/indicators/window.hpp"

#include <cstdint>
#include <string_view>

namespace troupe::quant {

/// Estimators of the volatility per bar over the last n bars. With o, h, l, c the logarithms of a
/// bar's prices and c' that of the close before it:
enum class VolatilityEstimator : std::uint8_t {
  /// sample standard deviation (divisor n-1) of the last n returns c - c'
  CLOSE_TO_CLOSE,
  /// mean of (h-l)^2 / (4 ln 2); no drift, no gaps. Parkinson, J. Business 53 (1980)
  PARKINSON,
  /// mean of (h-l)^2/2 - (2 ln 2 - 1)(c-o)^2; no drift, no gaps. Garman & Klass, J. Business 53
  /// (1980), the practical estimator
  GARMAN_KLASS,
  /// mean of (h-c)(h-o) + (l-c)(l-o); any drift, no gaps. Rogers & Satchell, Ann. Appl. Prob. 1
  /// (1991)
  ROGERS_SATCHELL,
  /// Garman-Klass plus the mean of (o-c')^2; no drift. Yang & Zhang (2000), eq. 11 extended
  GARMAN_KLASS_YANG_ZHANG,
  /// V(o-c') + k V(c-o) + (1-k) RS, V the sample variance (divisor n-1), RS Rogers-Satchell's,
  /// k = 0.34 / (1.34 + (n+1)/(n-1)); any drift, gaps. Yang & Zhang, J. Business 73 (2000)
  YANG_ZHANG,
};

[[nodiscard]] std::string_view name(VolatilityEstimator estimator);

/// Whether the estimator needs the close before the window: its first value is then at bar n
/// instead of n-1.
[[nodiscard]] bool needs_previous_close(VolatilityEstimator estimator);

struct Ohlc {
  double open = 0.0;
  double high = 0.0;
  double low = 0.0;
  double close = 0.0;
};

/// All prices above 0 and usable, open and close inside [low, high]: outside, the estimators'
/// squares can turn negative. CLOSE_TO_CLOSE looks at the close alone.
[[nodiscard]] bool usable_ohlc(const Ohlc& bar);

/// Realised volatility per bar, one bar at a time; annualise() scales it, with 365 * 24 hours a
/// year for crypto.
/// @cost  O(1) amortised per bar, up to 24 n bytes
class RealisedVolatility {
public:
  /// @param period_bars  n, 1 .. period_bars_max, 2 at least for CLOSE_TO_CLOSE and YANG_ZHANG;
  ///                     std::invalid_argument otherwise
  RealisedVolatility(VolatilityEstimator estimator, Eigen::Index period_bars);

  /// @returns nullopt during warm-up, and for a bar that is refused (see usable_ohlc); a refused
  ///          bar is counted and leaves everything else as it was
  std::optional<double> update(const Ohlc& bar);

  [[nodiscard]] std::size_t refused() const { return refused_; }

private:
  [[nodiscard]] std::optional<double> close_to_close(double close);
  [[nodiscard]] std::optional<double> yang_zhang(const Ohlc& logs, double close_previous);

  VolatilityEstimator estimator_;
  Eigen::Index period_;
  SumWindow squares_;    ///< the estimator's range term
  MomentWindow returns_; ///< close to close, or open to close
  MomentWindow overnight_;
  std::optional<double> close_previous_; ///< its logarithm
  std::size_t refused_ = 0;
};

/// Columns of a bar series with opens, oldest first, shape (T) each.
struct OhlcSeries {
  Eigen::Ref<const Eigen::VectorXd> open;
  Eigen::Ref<const Eigen::VectorXd> high;
  Eigen::Ref<const Eigen::VectorXd> low;
  Eigen::Ref<const Eigen::VectorXd> close;
};

/// Realised volatility per bar of a whole series.
/// @returns  bars n-1 .. T-1, shape (T - n + 1), or n .. T-1, shape (T - n), see
///           needs_previous_close(); BAD_PARAMETER, BAD_SHAPE, TOO_SHORT, BAD_SAMPLE
/// @cost     O(T), allocates the result and one window
Expected<Eigen::VectorXd> realised_volatility(const OhlcSeries& bars,
                                              VolatilityEstimator estimator,
                                              Eigen::Index period_bars);

} // namespace troupe::quant
