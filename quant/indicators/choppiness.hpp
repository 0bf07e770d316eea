#pragma once

#include "quant/indicators/bars.hpp"
#include "quant/indicators/window.hpp"

#include <cstdint>

namespace troupe::quant {

/// What the highs and lows of the choppiness window are.
enum class ChoppinessRange : std::uint8_t {
  RAW,  ///< the bars' highs and lows
  TRUE, ///< max(high, previous close) and min(low, previous close)
};

/// What the first bar of all, which has no previous close, contributes.
enum class FirstBar : std::uint8_t {
  SKIPPED,  ///< nothing: the first value stands at bar n
  HIGH_LOW, ///< its high - low as true range: the first value stands at bar n - 1
};

/// Choppiness index, one bar at a time: 100 where price runs back and forth, low in a trend.
///     CI = 100 log10(sum of TR over n / (max high - min low over n)) / log10 n
/// 100 where the range is 0. With RAW highs and lows gaps can take it above 100.
/// @cost    O(1) amortised per bar, 24 n bytes
/// @source  Dreiss, as published in Commodity Traders Consumer Report (1993)
class Choppiness {
public:
  /// @param period_bars  n, 2 .. period_bars_max; std::invalid_argument otherwise
  explicit Choppiness(Eigen::Index period_bars,
                      ChoppinessRange range = ChoppinessRange::RAW,
                      FirstBar first_bar = FirstBar::SKIPPED);

  /// @returns nullopt before the first value, and for a bar that is refused (see usable_bar); a
  ///          refused bar is counted and leaves everything else as it was
  std::optional<double> update(double high, double low, double close);

  [[nodiscard]] std::size_t refused() const { return refused_; }

private:
  SumWindow ranges_;
  MaximumWindow highs_;
  MinimumWindow lows_;
  double scale_; ///< 100 / log n
  ChoppinessRange range_;
  FirstBar first_bar_;
  std::optional<double> close_previous_;
  std::size_t refused_ = 0;
};

/// @returns bars n .. T-1, shape (T - n), or from bar n - 1 with FirstBar::HIGH_LOW, shape
///          (T - n + 1); BAD_PARAMETER, BAD_SHAPE, TOO_SHORT where that is empty, BAD_SAMPLE
/// @cost    O(T), one allocation beside the windows
Expected<Eigen::VectorXd> choppiness(const BarSeries& bars,
                                     Eigen::Index period_bars,
                                     ChoppinessRange range = ChoppinessRange::RAW,
                                     FirstBar first_bar = FirstBar::SKIPPED);

/// The same into what exists and is not allocated anew where it has the right length. What it holds
/// after a refusal is unspecified.
Expected<bool> choppiness(const BarSeries& bars,
                          Eigen::Index period_bars,
                          Eigen::VectorXd& out,
                          ChoppinessRange range = ChoppinessRange::RAW,
                          FirstBar first_bar = FirstBar::SKIPPED);

} // namespace troupe::quant
