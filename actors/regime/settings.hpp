#pragma once

#include "actors/regime/models/settings.hpp"
#include "core/duration.hpp"
#include "core/json.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::regime {

/// The section "regime" of a node's configuration. Thresholds are those of the rule-based label
/// (rules.hpp has the table they are used in).
struct Settings {
  std::vector<std::string> intervals{"1s", "1m", "1h"}; ///< a regime is kept for each of these
  std::uint32_t adx_period = 14;
  std::uint32_t choppiness_period = 14;
  std::uint32_t bollinger_period = 20;
  double bollinger_width = 2.0;          ///< standard deviations
  double trending_adx_min = 25.0;        ///< Wilder's threshold of a trend
  double choppy_choppiness_min = 61.8;   ///< Dreiss's upper threshold; a trend ends above it
  double trending_choppiness_max = 50.0; ///< chop ends below it
  /// A shock is a |return| above this multiple of the volatility before it. Six on bars shorter
  /// than a day: hourly returns of crypto pass four some hundred times a year.
  double crisis_volatility_ratio = 6.0;
  /// The same on bars of a day and longer, whose tails are thinner: four is passed two or three
  /// times a year.
  double crisis_volatility_ratio_daily = 4.0;
  /// A crisis begins where volatility is elevated at a shock or soon after it: within this many
  /// bars, the shock's own included.
  std::uint32_t crisis_shock_bars = 3;
  /// It also begins where volatility reaches this multiple of its slow average: crashes in steps.
  double crisis_entry_ratio = 2.0;
  /// Volatility is elevated from this multiple of its slow average on. A crisis ends below it.
  double crisis_exit_ratio = 1.3;
  double ewma_lambda = 0.94;                  ///< RiskMetrics
  std::uint32_t volatility_window_bars = 240; ///< of the slow average: ten days of hours
  /// The yardstick of crises is never below this volatility per year: one tick after a still
  /// night is no crisis.
  double volatility_floor_annual = 0.10;
  std::uint32_t confirm_bars = 3;   ///< bars in a row that must agree before the label changes
  std::uint32_t dwell_bars_min = 5; ///< bars a label stays at least; CRISIS comes at once
  /// Asked of history at the start: the slow volatility's window and as many bars again, in which
  /// a label that began elsewhere meets the one of an uninterrupted run.
  std::uint32_t warm_up_bars = 500;
  std::uint32_t waiting_bars_max = 1'000; ///< kept per interval while history is asked
  std::uint32_t symbols_max = 10'000;     ///< instruments the service knows at most
  core::Duration stale_after = std::chrono::seconds{5}; ///< without a beat of the source
  core::Duration history_deadline = std::chrono::seconds{15};
  core::Duration retry_after = std::chrono::milliseconds{200}; ///< doubles at every failure
  core::Duration retry_after_max = std::chrono::seconds{10};
  std::uint32_t bulk_symbols_max = 500; ///< instruments of one bulk request
  core::Duration bulk_deadline = std::chrono::milliseconds{1'500}; ///< of each instrument's answer
  ModelSettings models; ///< fitted models beside the rules
};
BOOST_DESCRIBE_STRUCT(Settings,
                      (),
                      (intervals,
                       adx_period,
                       choppiness_period,
                       bollinger_period,
                       bollinger_width,
                       trending_adx_min,
                       choppy_choppiness_min,
                       trending_choppiness_max,
                       crisis_volatility_ratio,
                       crisis_volatility_ratio_daily,
                       crisis_shock_bars,
                       crisis_entry_ratio,
                       crisis_exit_ratio,
                       ewma_lambda,
                       volatility_window_bars,
                       volatility_floor_annual,
                       confirm_bars,
                       dwell_bars_min,
                       warm_up_bars,
                       waiting_bars_max,
                       symbols_max,
                       stale_after,
                       history_deadline,
                       retry_after,
                       retry_after_max,
                       bulk_symbols_max,
                       bulk_deadline,
                       models))

/// Adds what is wrong in meaning: a period of 0, a threshold out of its range.
void check(const Settings& settings, std::vector<core::json::Problem>& problems);

} // namespace troupe::regime
