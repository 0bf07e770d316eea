#pragma once

#include "quant/indicators/bars.hpp"

namespace troupe::quant {

/// Relative strength index, one close at a time, 0 .. 100.
///     up[t] = max(C[t] - C[t-1], 0),  down[t] = max(C[t-1] - C[t], 0),  t >= 1
///     averages: mean of the first n at bar n, then (previous (n-1) + x) / n
///     RSI = 100 average_up / (average_up + average_down)
/// 50 where nothing moved at all: the formula has 0/0 there, and neither side has strength.
/// @cost    O(1) per bar
/// @source  Wilder, New Concepts in Technical Trading Systems (1978)
class Rsi {
public:
  /// @param period_bars  n, 1 .. period_bars_max; std::invalid_argument otherwise
  explicit Rsi(Eigen::Index period_bars);

  /// @returns nullopt before bar n, and for a close that is refused (not finite or too large); a
  ///          refused close is counted and leaves everything else as it was
  std::optional<double> update(double close);
  std::optional<double> update(double high, double low, double close);

  [[nodiscard]] std::size_t refused() const { return refused_; }

private:
  friend Expected<bool> rsi(const Eigen::Ref<const Eigen::VectorXd>& close,
                            Eigen::Index period_bars,
                            Eigen::VectorXd& out);
  bool continue_over(const Eigen::Ref<const Eigen::VectorXd>& close,
                     Eigen::Index from,
                     Eigen::VectorXd& out);

  Eigen::Index period_;
  WilderAverage wilder_;
  Eigen::Index moves_ = 0; ///< moves seen, up to n
  std::optional<double> close_previous_;
  double up_ = 0.0;
  double down_ = 0.0;
  std::size_t refused_ = 0;
};

/// @param close  shape (T), oldest first
/// @returns      bars n .. T-1, shape (T - n); BAD_PARAMETER, TOO_SHORT where T <= n, BAD_SAMPLE
/// @cost         O(T), one allocation
Expected<Eigen::VectorXd> rsi(const Eigen::Ref<const Eigen::VectorXd>& close,
                              Eigen::Index period_bars);

/// The same into what exists and is not allocated anew where it has the right length. What it holds
/// after a refusal is unspecified.
Expected<bool>
rsi(const Eigen::Ref<const Eigen::VectorXd>& close, Eigen::Index period_bars, Eigen::VectorXd& out);

} // namespace troupe::quant
