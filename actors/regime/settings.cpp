#include "actors/regime/settings.hpp"

#include "trading/interval.hpp"

#include <algorithm>
#include <string_view>

namespace troupe::regime {

namespace {

class SettingsCheck {
public:
  explicit SettingsCheck(std::vector<core::json::Problem>& problems) : problems_(problems) {}

  void count(std::string_view key, std::uint32_t value, std::uint32_t least, std::uint32_t most) {
    if (value < least || value > most) {
      add(key, "a whole number from " + std::to_string(least) + " to " + std::to_string(most),
          std::to_string(value));
    }
  }
  /// @param least, most  both excluded; written so that NaN is refused
  void between(std::string_view key, double value, double least, double most) {
    if (!(value > least && value < most)) {
      std::string expected = "a number above ";
      core::json::append_number(expected, least);
      expected += " and below ";
      core::json::append_number(expected, most);
      std::string found;
      core::json::append_number(found, value);
      add(key, std::move(expected), std::move(found));
    }
  }
  void positive(std::string_view key, core::Duration value) {
    if (value.ns <= 0) {
      add(key, "a duration above 0", value.to_text());
    }
  }
  void add(std::string_view key, std::string expected, std::string found) {
    problems_.push_back({"regime." + std::string(key), std::move(expected), std::move(found)});
  }

private:
  std::vector<core::json::Problem>& problems_;
};

void check_intervals(const Settings& settings, SettingsCheck& check) {
  if (settings.intervals.empty()) {
    check.add("intervals", "at least one interval", "none");
  }
  for (std::size_t i = 0; i < settings.intervals.size(); ++i) {
    const auto& text = settings.intervals[i];
    const auto key = "intervals[" + std::to_string(i) + "]";
    if (!trading::Interval::from_text(text)) {
      check.add(key, trading::Interval::expected(), '"' + text + '"');
    } else if (std::count(settings.intervals.begin(), settings.intervals.end(), text) > 1) {
      check.add(key, "each interval once", '"' + text + "\" again");
    }
  }
}

} // namespace

void check(const Settings& settings, std::vector<core::json::Problem>& problems) {
  constexpr std::uint32_t period_max = 500;
  constexpr std::uint32_t history_limit_max = 1'000; // of one GetHistorical
  constexpr std::uint32_t count_max = 1'000'000;
  SettingsCheck check{problems};
  check_intervals(settings, check);
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
  if (settings.retry_after_max < settings.retry_after) {
    check.add("retry_after_max", "at least retry_after, " + settings.retry_after.to_text(),
              settings.retry_after_max.to_text());
  }
  check.count("bulk_symbols_max", settings.bulk_symbols_max, 1, 10'000);
  check.positive("bulk_deadline", settings.bulk_deadline);
  regime::check(settings.models, settings.intervals, problems);
}

} // namespace troupe::regime
