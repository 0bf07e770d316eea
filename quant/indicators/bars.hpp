#pragma once

#include "quant/expected.hpp"

#include <Eigen/Core>

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>

namespace troupe::quant {

/// Longest window of an indicator, bars: 10 weeks of minutes.
inline constexpr Eigen::Index period_bars_max = 100'000;

/// Largest magnitude taken as a price: its square and sums of it stay far from overflow.
inline constexpr double price_magnitude_max = 1e100;

/// Columns of a bar series, oldest first, shape (T) each; a look at the caller's memory.
struct BarSeries {
  Eigen::Ref<const Eigen::VectorXd> high;
  Eigen::Ref<const Eigen::VectorXd> low;
  Eigen::Ref<const Eigen::VectorXd> close;

  [[nodiscard]] Eigen::Index size() const { return close.size(); }
  [[nodiscard]] bool same_length() const {
    return high.size() == close.size() && low.size() == close.size();
  }
};

[[nodiscard]] inline bool usable_sample(double x) {
  return std::abs(x) <= price_magnitude_max; // which no infinity is, nor what is not a number
}

/// The close may lie outside [low, high]: adjusted and consolidated data do that.
[[nodiscard]] inline bool usable_bar(double high, double low, double close) {
  return usable_sample(high) && usable_sample(low) && usable_sample(close) && high >= low;
}

[[nodiscard]] inline bool usable_period(Eigen::Index period_bars, Eigen::Index smallest = 1) {
  return period_bars >= smallest && period_bars <= period_bars_max;
}

/// Throws std::invalid_argument: a wrong period is a mistake in the settings, not in the data.
inline void require_period(Eigen::Index period_bars, Eigen::Index smallest = 1) {
  if (!usable_period(period_bars, smallest)) {
    throw std::invalid_argument("an indicator's period is outside its bounds");
  }
}

/// What usable_sample() and usable_bar() say of all of a stretch, without a branch for each.
[[nodiscard]] bool usable_samples(const double* x, Eigen::Index count);
[[nodiscard]] bool
usable_bars(const double* high, const double* low, const double* close, Eigen::Index count);

/// Bars that the indicators over a series take at a time: what one step leaves for the next stays
/// in the cache.
inline constexpr Eigen::Index block_bars = 256;

/// Wilder's average, one sample further: (previous (n - 1) + x) / n, without the division, which
/// would cost more than all the rest of a step.
struct WilderAverage {
  explicit WilderAverage(Eigen::Index period_bars)
    : take(1.0 / static_cast<double>(period_bars)), keep(1.0 - take) {}

  [[nodiscard]] double next(double previous, double x) const { return previous * keep + x * take; }

  double take;
  double keep;
};

/// Wilder's true range: max(high, previous close) - min(low, previous close).
[[nodiscard]] inline double true_range(double high, double low, double close_previous) {
  return std::max(high, close_previous) - std::min(low, close_previous);
}

} // namespace troupe::quant
