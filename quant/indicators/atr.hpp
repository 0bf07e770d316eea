#pragma once

#include "quant/indicators/bars.hpp"

namespace troupe::quant {

struct AtrSeries;

/// Average true range, one bar at a time.
///     TR[t] = max(H[t], C[t-1]) - min(L[t], C[t-1]),  t >= 1
///     ATR[n] = mean(TR[1..n]);   ATR[t] = (ATR[t-1] (n-1) + TR[t]) / n,  t > n
/// Values are in the unit of the prices.
/// @cost    O(1) per bar
/// @source  Wilder, New Concepts in Technical Trading Systems (1978)
class Atr {
public:
  struct Value {
    double true_range;
    std::optional<double> atr; ///< from bar n on
  };

  /// @param period_bars  n, 1 .. period_bars_max; std::invalid_argument otherwise
  explicit Atr(Eigen::Index period_bars);

  /// @returns nullopt for the first bar, and for a bar that is refused (see usable_bar); a refused
  ///          bar is counted and leaves everything else as it was
  std::optional<Value> update(double high, double low, double close);

  [[nodiscard]] std::size_t refused() const { return refused_; }

private:
  friend Expected<bool> atr(const BarSeries& bars, Eigen::Index period_bars, AtrSeries& out);
  bool continue_over(const BarSeries& bars, Eigen::Index from, AtrSeries& out);

  Eigen::Index period_;
  WilderAverage wilder_;
  Eigen::Index ranges_ = 0; ///< true ranges seen, up to n
  std::optional<double> close_previous_;
  double average_ = 0.0; ///< the sum of the ranges before bar n
  std::size_t refused_ = 0;
};

/// True range and its average over a series.
struct AtrSeries {
  Eigen::VectorXd true_range; ///< bars 1 .. T-1; shape (T - 1)
  Eigen::VectorXd atr;        ///< bars n .. T-1; shape (T - n)
};

/// @returns BAD_PARAMETER, BAD_SHAPE, TOO_SHORT where T <= n, BAD_SAMPLE
/// @cost    O(T), two allocations
Expected<AtrSeries> atr(const BarSeries& bars, Eigen::Index period_bars);

/// The same into what exists and is not allocated anew where it has the right length. What it holds
/// after a refusal is unspecified.
Expected<bool> atr(const BarSeries& bars, Eigen::Index period_bars, AtrSeries& out);

} // namespace troupe::quant
