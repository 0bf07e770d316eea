#pragma once

#include "quant/indicators/bars.hpp"

namespace troupe::quant {

struct AdxSeries;

/// Directional movement and its average index, one bar at a time; all values 0 .. 100.
///     up = H[t] - H[t-1], down = L[t-1] - L[t]
///     +DM = max(up, 0) if up > down else 0;   -DM = max(down, 0) if down > up else 0
///     S[n] = sum of the values of bars 1..n;  S[t] = S[t-1] - S[t-1]/n + x[t]
///     DI = 100 S(DM) / S(TR);  DX = 100 |+DI - -DI| / (+DI + -DI), 0 where that sum is 0
///     ADX[2n-1] = mean(DX[n..2n-1]);  ADX[t] = (ADX[t-1] (n-1) + DX[t]) / n
/// DI is 0 where no bar of the window has a range.
/// @cost    O(1) per bar
/// @source  Wilder, New Concepts in Technical Trading Systems (1978), with his seeds
class Adx {
public:
  struct Value {
    double plus_di;
    double minus_di;
    double dx;
    std::optional<double> adx; ///< from bar 2n - 1 on
  };

  /// @param period_bars  n, 1 .. period_bars_max; std::invalid_argument otherwise
  explicit Adx(Eigen::Index period_bars);

  /// @returns nullopt before bar n, and for a bar that is refused (see usable_bar); a refused bar
  ///          is counted and leaves everything else as it was
  std::optional<Value> update(double high, double low, double close);

  [[nodiscard]] std::size_t refused() const { return refused_; }

private:
  friend Expected<bool> adx(const BarSeries& bars, Eigen::Index period_bars, AdxSeries& out);
  bool continue_over(const BarSeries& bars, Eigen::Index from, AdxSeries& out);

  struct Bar {
    double high;
    double low;
    double close;
  };
  void smooth(double& sum, double x) const;
  [[nodiscard]] std::optional<double> average(double dx);

  Eigen::Index period_;
  WilderAverage wilder_;
  Eigen::Index moves_ = 0;   ///< moves seen, up to n
  Eigen::Index indices_ = 0; ///< DX seen, up to n
  std::optional<Bar> previous_;
  double plus_ = 0.0;
  double minus_ = 0.0;
  double range_ = 0.0;
  double adx_ = 0.0; ///< the sum of DX before bar 2n - 1
  std::size_t refused_ = 0;
};

/// Directional movement over a series.
struct AdxSeries {
  Eigen::VectorXd plus_di;  ///< bars n .. T-1; shape (T - n)
  Eigen::VectorXd minus_di; ///< shape (T - n)
  Eigen::VectorXd dx;       ///< shape (T - n)
  Eigen::VectorXd adx;      ///< bars 2n-1 .. T-1; shape (T - 2n + 1)
};

/// @returns BAD_PARAMETER, BAD_SHAPE, TOO_SHORT where T < 2n, BAD_SAMPLE
/// @cost    O(T), four allocations
Expected<AdxSeries> adx(const BarSeries& bars, Eigen::Index period_bars);

/// The same into a series that exists, which is not allocated anew where it has the right length:
/// for a million bars that costs more than the index. What it holds after a refusal is unspecified.
Expected<bool> adx(const BarSeries& bars, Eigen::Index period_bars, AdxSeries& out);

} // namespace troupe::quant
