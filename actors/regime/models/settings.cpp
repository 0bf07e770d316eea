#include "actors/regime/models/settings.hpp"

#include "core/settings_check.hpp"
#include "trading/interval.hpp"

#include <algorithm>

namespace troupe::regime {

namespace model_settings_detail {

void check_weights(const messages::RegimeWeights& weights, core::SettingsCheck& check) {
  double sum = 0.0;
  bool fine = true;
  core::for_each_member(weights, [&](std::string_view name, const double& weight) {
    sum += weight;
    fine = fine && weight >= 0.0 && weight <= 1.0;
    check.within("weights." + std::string(name), weight, 0.0, 1.0);
  });
  if (fine && !(sum > 0.0)) {
    check.add("weights", "at least one weight above 0", "none");
  }
}

void check_intervals(const std::vector<std::string>& modelled,
                     const std::vector<std::string>& intervals,
                     core::SettingsCheck& check) {
  std::string known;
  for (const auto& interval : intervals) {
    known += (known.empty() ? "" : ", ") + interval;
  }
  for (std::size_t i = 0; i < modelled.size(); ++i) {
    const auto& text = modelled[i];
    const auto key = "intervals[" + std::to_string(i) + ']';
    if (std::find(intervals.begin(), intervals.end(), text) == intervals.end()) {
      check.add(key, "one of regime.intervals, " + known, '"' + text + '"');
    } else if (std::count(modelled.begin(), modelled.end(), text) > 1) {
      check.add(key, "each interval once", '"' + text + "\" again");
    }
  }
}

} // namespace model_settings_detail

std::vector<std::string> modelled_intervals(const ModelSettings& settings,
                                            const std::vector<std::string>& intervals) {
  if (settings.intervals) {
    return *settings.intervals;
  }
  std::vector<std::string> out;
  for (const auto& text : intervals) {
    const auto interval = trading::Interval::from_text(text);
    if (interval && *interval >= trading::intervals::m1) {
      out.push_back(text);
    }
  }
  return out;
}

void check_spec(const messages::RegimeModelSpec& spec,
                const std::string& path,
                std::vector<core::json::Problem>& problems) {
  using namespace model_settings_detail;
  constexpr std::uint32_t states_min = 2;
  constexpr std::uint32_t states_most = 4;
  core::SettingsCheck check{path, problems};
  check.count("hmm_states", spec.hmm_states, states_min, states_most);
  check.count("switching_states", spec.switching_states, states_min, states_most);
  check.count("fit_bars", spec.fit_bars, fit_bars_least, fit_bars_most);
  check_weights(spec.weights, check);
}

void check(const ModelSettings& settings,
           const std::vector<std::string>& intervals,
           std::vector<core::json::Problem>& problems) {
  using namespace model_settings_detail;
  constexpr std::uint32_t starts_most = 64;
  constexpr std::uint32_t count_most = 1'000'000;
  constexpr std::uint32_t previous_most = 20;
  core::SettingsCheck check{"regime.models", problems};
  check_intervals(settings.intervals.value_or(std::vector<std::string>{}), intervals, check);
  check_spec(settings.spec, "regime.models.spec", problems);
  check.count("fit_bars_min", settings.fit_bars_min, fit_bars_least,
              std::max(settings.spec.fit_bars, fit_bars_least));
  check.count("starts", settings.starts, 1, starts_most);
  check.count("refit_bars_min", settings.refit_bars_min, 1, count_most);
  check.count("queue_max", settings.queue_max, 1, count_most);
  check.count("previous_max", settings.previous_max, 1, previous_most);
  check.positive("refit_every", settings.refit_every);
  check.positive("retry_after", settings.retry_after);
  check.positive("fit_deadline", settings.fit_deadline);
  check.at_least("first_fit_after", settings.first_fit_after, core::Duration{});
  check.at_least("queue_deadline", settings.queue_deadline, settings.fit_deadline, "fit_deadline");
}

} // namespace troupe::regime
