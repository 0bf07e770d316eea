#pragma once

#include "actors/regime/settings.hpp"
#include "quant/indicators/adx.hpp"
#include "quant/indicators/bollinger.hpp"
#include "quant/indicators/choppiness.hpp"
#include "quant/indicators/window.hpp"
#include "quant/volatility/ewma.hpp"
#include "trading/bar.hpp"

#include <map>
#include <optional>
#include <string>

namespace troupe::regime {

/// What the rules look at, as of one bar; every number is finite.
struct Features {
  double adx = 0.0;                 ///< 0 .. 100
  double plus_di = 0.0;             ///< 0 .. 100
  double minus_di = 0.0;            ///< 0 .. 100
  double choppiness = 0.0;          ///< about 0 .. 100
  double bollinger_bandwidth = 0.0; ///< (upper - lower) / middle
  std::optional<double> percent_b;  ///< nothing where the bands coincide
  double volatility = 0.0;          ///< EWMA, standard deviation of a bar's log return
  double volatility_slow = 0.0;     ///< root mean square log return of the slow window
  double volatility_ratio = 0.0;    ///< volatility / max(volatility_slow, floor)
  double log_return = 0.0;          ///< of this bar
  double return_ratio = 0.0;        ///< |log_return| / max(volatility one bar ago, floor)
  double shock_ratio = 0.0;         ///< largest return_ratio of the newest crisis_shock_bars bars
  double shock_threshold = 6.0;     ///< a shock_ratio above it is a shock, on this interval
  bool still = false;               ///< nothing moved in the whole choppiness window

  [[nodiscard]] std::map<std::string, double> to_map() const;
};

/// The features of one instrument on one interval, one bar at a time. What stands at a bar depends
/// on that bar and earlier ones only.
/// @cost  O(1) amortised per bar and no allocation after the start
class FeatureTracker {
public:
  /// Throws std::invalid_argument for settings that check() refuses.
  FeatureTracker(const Settings& settings, trading::Interval interval);

  /// @pre usable(bar)
  void update(const trading::Bar& bar);

  /// Nothing before bar bars_needed() - 1, counted from 0.
  [[nodiscard]] const std::optional<Features>& current() const { return current_; }

  /// Prices above 0, and a high that is not below its low.
  [[nodiscard]] static bool usable(const trading::Bar& bar);

  /// Bars until there are features: the longest of the indicators' own warm-ups.
  [[nodiscard]] static std::uint32_t bars_needed(const Settings& settings);

private:
  struct Moves {
    double log_return = 0.0;
    double ratio = 0.0;
  };
  [[nodiscard]] Moves take_return(double close);
  void count_still(double high, double low);

  double floor_; ///< volatility per bar
  double shock_threshold_;
  std::uint32_t still_bars_min_;
  std::uint32_t window_bars_;
  quant::Adx adx_;
  quant::Choppiness choppiness_;
  quant::Bollinger bollinger_;
  quant::EwmaVolatility ewma_;
  quant::MomentWindow squares_;
  quant::MaximumWindow return_ratios_;
  std::uint32_t returns_ = 0; ///< in the slow window
  double volatility_ = 0.0;
  double volatility_slow_ = 0.0;
  std::optional<double> close_previous_;
  double still_price_ = 0.0;
  std::uint32_t still_run_ = 0; ///< newest bars whose high and low are one and the same price
  std::optional<Features> current_;
};

} // namespace troupe::regime
