#include "actors/correlation/settings.hpp"

#include "core/settings_check.hpp"
#include "trading/interval.hpp"

#include <algorithm>
#include <cctype>
#include <string>

namespace troupe::correlation {

namespace {

bool is_scenario_name(const std::string& name) {
  return !name.empty() && name.size() <= 64
         && std::all_of(name.begin(), name.end(), [](unsigned char c) {
              return std::islower(c) != 0 || std::isdigit(c) != 0 || c == '_';
            });
}

void check_scenarios(const Settings& settings, core::SettingsCheck& check) {
  for (std::size_t i = 0; i < settings.scenarios.size(); ++i) {
    const auto& scenario = settings.scenarios[i];
    const auto key = "scenarios[" + std::to_string(i) + "]";
    if (!is_scenario_name(scenario.name)) {
      check.add(key + ".name", "1 to 64 lower-case letters, digits, underscores",
                '"' + scenario.name + '"');
    }
    const auto same = [&](const Scenario& other) { return other.name == scenario.name; };
    if (std::count_if(settings.scenarios.begin(), settings.scenarios.end(), same) > 1) {
      check.add(key + ".name", "each name once", '"' + scenario.name + "\" again");
    }
    if (scenario.end <= scenario.start) {
      check.add(key + ".end", "a time after the start, " + scenario.start.to_text(),
                scenario.end.to_text());
    }
  }
}

} // namespace

void check(const Settings& settings, std::vector<core::json::Problem>& problems) {
  constexpr std::uint32_t window_limit = 20'000;
  constexpr std::uint32_t window_least = 20;
  constexpr std::uint32_t symbols_limit = 2'000;
  core::SettingsCheck check{"correlation", problems};
  trading::check_intervals(settings.intervals, check);
  check.count("window_max", settings.window_max, window_least, window_limit);
  check.count("window_default", settings.window_default, window_least,
              std::clamp(settings.window_max, window_least, window_limit));
  check.count("fit_window", settings.fit_window, 100,
              std::clamp(settings.window_max, 100U, window_limit));
  check.count("symbols_max", settings.symbols_max, 2, symbols_limit);
  check.count("model_symbols_max", settings.model_symbols_max, 2, symbols_limit);
  check.count("tail_symbols_max", settings.tail_symbols_max, 2, 100);
  check.count("kendall_symbols_max", settings.kendall_symbols_max, 2, symbols_limit);
  check.count("series_max", settings.series_max, settings.symbols_max, 100'000);
  check.between("ewma_lambda", settings.ewma_lambda, 0.0, 1.0);
  check.between("overlap_min", settings.overlap_min, 0.0, 1.0);
  check.count("solvers", settings.solvers, 1, 64);
  check.count("queue_max", settings.queue_max, 1, 10'000);
  check.count("refit_bars_min", settings.refit_bars_min, 1, window_limit);
  check.positive("solve_deadline", settings.solve_deadline);
  check.positive("fit_deadline", settings.fit_deadline);
  check.positive("refit_every", settings.refit_every);
  check.positive("history_deadline", settings.history_deadline);
  check.positive("stale_after", settings.stale_after);
  check.positive("bar_grace", settings.bar_grace);
  check.positive("retry_after", settings.retry_after);
  check.at_least("retry_after_max", settings.retry_after_max, settings.retry_after, "retry_after");
  check_scenarios(settings, check);
}

} // namespace troupe::correlation
