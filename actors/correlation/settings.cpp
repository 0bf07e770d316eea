#include "actors/correlation/settings.hpp"

#include "trading/interval.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace troupe::correlation {

namespace {

class CorrelationSettingsCheck {
public:
  explicit CorrelationSettingsCheck(std::vector<core::json::Problem>& problems)
    : problems_(problems) {}

  void count(std::string_view key, std::uint32_t value, std::uint32_t least, std::uint32_t most) {
    if (value < least || value > most) {
      add(key, "a whole number from " + std::to_string(least) + " to " + std::to_string(most),
          std::to_string(value));
    }
  }
  /// Both bounds excluded; written so that NaN is refused.
  void share(std::string_view key, double value) {
    if (!(value > 0.0 && value < 1.0)) {
      std::string found;
      core::json::append_number(found, value);
      add(key, "a number above 0 and below 1", std::move(found));
    }
  }
  void positive(std::string_view key, core::Duration value) {
    if (value.ns <= 0) {
      add(key, "a duration above 0", value.to_text());
    }
  }
  void add(std::string_view key, std::string expected, std::string found) {
    problems_.push_back({"correlation." + std::string(key), std::move(expected), std::move(found)});
  }

private:
  std::vector<core::json::Problem>& problems_;
};

void check_correlation_intervals(const Settings& settings, CorrelationSettingsCheck& check) {
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

bool is_scenario_name(const std::string& name) {
  return !name.empty() && name.size() <= 64
         && std::all_of(name.begin(), name.end(), [](unsigned char c) {
              return std::islower(c) != 0 || std::isdigit(c) != 0 || c == '_';
            });
}

void check_scenarios(const Settings& settings, CorrelationSettingsCheck& check) {
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
  CorrelationSettingsCheck check{problems};
  check_correlation_intervals(settings, check);
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
  check.share("ewma_lambda", settings.ewma_lambda);
  check.share("overlap_min", settings.overlap_min);
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
  if (settings.retry_after_max < settings.retry_after) {
    check.add("retry_after_max", "at least retry_after, " + settings.retry_after.to_text(),
              settings.retry_after_max.to_text());
  }
  check_scenarios(settings, check);
}

} // namespace troupe::correlation
