#pragma once

#include "quant/indicators/bars.hpp"
#include "quant/indicators/window.hpp"

namespace troupe::quant {

/// Bollinger bands, one close at a time.
///     middle = mean of the last n;  upper, lower = middle +- k sd,  sd with divisor n
///     %B = (x - lower) / (upper - lower)
/// Values are in the unit of the prices. The window's moments do not drift (see MomentWindow).
/// @cost    O(1) amortised per bar, 8 n bytes
/// @source  Bollinger, Bollinger on Bollinger Bands (2001)
class Bollinger {
public:
  struct Value {
    double lower;
    double middle;
    double upper;
    double deviation;                ///< population standard deviation of the window
    std::optional<double> percent_b; ///< nothing where the bands coincide
  };

  /// @param period_bars  n, 1 .. period_bars_max
  /// @param width        k, standard deviations, above 0 up to 100
  /// Throws std::invalid_argument where either is outside.
  Bollinger(Eigen::Index period_bars, double width);

  /// @returns nullopt before bar n - 1, and for a close that is refused (not finite or too large);
  ///          a refused close is counted and leaves everything else as it was
  std::optional<Value> update(double close);
  std::optional<Value> update(double high, double low, double close);

  [[nodiscard]] std::size_t refused() const { return refused_; }

private:
  MomentWindow window_;
  double width_;
  std::size_t refused_ = 0;
};

/// Bands over a series: bars n-1 .. T-1, shape (T - n + 1) each.
struct BollingerSeries {
  Eigen::VectorXd lower;
  Eigen::VectorXd middle;
  Eigen::VectorXd upper;
  std::vector<std::optional<double>> percent_b;
};

/// @param close  shape (T), oldest first
/// @returns      BAD_PARAMETER, TOO_SHORT where T < n, BAD_SAMPLE
/// @cost         O(T), four allocations beside the window
Expected<BollingerSeries>
bollinger(const Eigen::Ref<const Eigen::VectorXd>& close, Eigen::Index period_bars, double width);

/// The same into a series that exists, which is not allocated anew where it has the right length:
/// for a million bars that costs more than the bands. What it holds after a refusal is unspecified.
Expected<bool> bollinger(const Eigen::Ref<const Eigen::VectorXd>& close,
                         Eigen::Index period_bars,
                         double width,
                         BollingerSeries& out);

} // namespace troupe::quant
