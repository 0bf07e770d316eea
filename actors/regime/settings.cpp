#include "actors/regime/settings.hpp"

#include "core/settings_check.hpp"
#include "trading/interval.hpp"

#include <algorithm>

namespace troupe::regime {

void check(const Settings& settings, std::vector<core::json::Problem>& problems) {
  constexpr std::uint32_t period_max = 500;
  constexpr std::uint32_t history_limit_max = 1'000; // of one GetHistorical
  constexpr std::uint32_t count_max = 1'000'000;
  core::SettingsCheck check{"regime", problems};
  if (settings.intervals.empty()) {
    check.add("intervals", "at least one interval", "none");
  }
  trading::check_intervals(settings.intervals, check);
  check.count("adx_period", settings.adx_period, 2, period_max);
  check.count("choppiness_period", settings.choppiness_period, 2, period_max);
  check.count("bollinger_period", settings.bollinger_period, 2, period_max);
  check.between("bollinger_width", settings.bollinger_width, 0.0, 100.0);
  check.between("trending_adx_min", settings.trending_adx_min, 0.0, 100.0);
  check.between("choppy_choppiness_min", settings.choppy_choppiness_min,
                settings.trending_choppiness_max, 100.0);
  check.between("trending_choppiness_max", settings.trending_choppiness_max, 0.0, 100.0);
  check.between("crisis_volatility_ratio", settings.crisis_volatility_ratio, 1.0, 1'000.0);
  check.between("crisis_volatility_ratio_daily", settings.crisis_volatility_ratio_daily, 1.0,
                1'000.0);
  check.count("crisis_shock_bars", settings.crisis_shock_bars, 1, period_max);
  check.between("crisis_entry_ratio", settings.crisis_entry_ratio, 1.0, 1'000.0);
  check.between("crisis_exit_ratio", settings.crisis_exit_ratio, 0.0, settings.crisis_entry_ratio);
  check.between("ewma_lambda", settings.ewma_lambda, 0.0, 1.0);
  check.count("volatility_window_bars", settings.volatility_window_bars, 2, history_limit_max);
  check.between("volatility_floor_annual", settings.volatility_floor_annual, 0.0, 100.0);
  check.count("confirm_bars", settings.confirm_bars, 1, period_max);
  check.count("dwell_bars_min", settings.dwell_bars_min, 0, period_max);
  const auto warm_up_min = std::max({2 * settings.adx_period, settings.choppiness_period + 1,
                                     settings.bollinger_period, settings.volatility_window_bars});
  check.count("warm_up_bars", settings.warm_up_bars, std::min(warm_up_min, history_limit_max),
              history_limit_max);
  check.count("waiting_bars_max", settings.waiting_bars_max, 1, count_max);
  check.count("symbols_max", settings.symbols_max, 1, count_max);
  check.positive("stale_after", settings.stale_after);
  check.positive("history_deadline", settings.history_deadline);
  check.positive("retry_after", settings.retry_after);
  check.at_least("retry_after_max", settings.retry_after_max, settings.retry_after, "retry_after");
  check.count("bulk_symbols_max", settings.bulk_symbols_max, 1, 10'000);
  check.positive("bulk_deadline", settings.bulk_deadline);
  regime::check(settings.models, settings.intervals, problems);
}

} // namespace troupe::regime
