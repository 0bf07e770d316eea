#include "actors/regime/models/settings.hpp"

#include "trading/interval.hpp"

#include <algorithm>
#include <cmath>

namespace troupe::regime {

namespace model_settings_detail {

using Problems = std::vector<core::json::Problem>;

std::string number_text(double value) {
  std::string out;
  core::json::append_number(out, value);
  return std::isfinite(value) ? out : "a number that is not finite";
}

void check_count(Problems& problems,
                 std::string path,
                 std::uint32_t value,
                 std::uint32_t least,
                 std::uint32_t most) {
  if (value < least || value > most) {
    problems.push_back(
      {std::move(path),
       "a whole number from " + std::to_string(least) + " to " + std::to_string(most),
       std::to_string(value)});
  }
}

void check_positive(Problems& problems, const char* key, core::Duration value) {
  if (value.ns <= 0) {
    problems.push_back(
      {std::string("regime.models.") + key, "a duration above 0", value.to_text()});
  }
}

void check_weights(const messages::RegimeWeights& weights,
                   const std::string& path,
                   Problems& problems) {
  double sum = 0.0;
  bool fine = true;
  core::for_each_member(weights, [&](std::string_view name, const double& weight) {
    sum += weight;
    if (!(weight >= 0.0 && weight <= 1.0)) {
      fine = false;
      problems.push_back(
        {path + '.' + std::string(name), "a number from 0 to 1", number_text(weight)});
    }
  });
  if (fine && !(sum > 0.0)) {
    problems.push_back({path, "at least one weight above 0", "none"});
  }
}

void check_intervals(const std::vector<std::string>& modelled,
                     const std::vector<std::string>& intervals,
                     Problems& problems) {
  std::string known;
  for (const auto& interval : intervals) {
    known += (known.empty() ? "" : ", ") + interval;
  }
  for (std::size_t i = 0; i < modelled.size(); ++i) {
    const auto& text = modelled[i];
    const auto key = "regime.models.intervals[" + std::to_string(i) + ']';
    if (std::find(intervals.begin(), intervals.end(), text) == intervals.end()) {
      problems.push_back({key, "one of regime.intervals, " + known, '"' + text + '"'});
    } else if (std::count(modelled.begin(), modelled.end(), text) > 1) {
      problems.push_back({key, "each interval once", '"' + text + "\" again"});
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
  const auto at = [&](const char* key) { return path.empty() ? key : path + '.' + key; };
  check_count(problems, at("hmm_states"), spec.hmm_states, states_min, states_most);
  check_count(problems, at("switching_states"), spec.switching_states, states_min, states_most);
  check_count(problems, at("fit_bars"), spec.fit_bars, fit_bars_least, fit_bars_most);
  check_weights(spec.weights, at("weights"), problems);
}

void check(const ModelSettings& settings,
           const std::vector<std::string>& intervals,
           std::vector<core::json::Problem>& problems) {
  using namespace model_settings_detail;
  constexpr std::uint32_t starts_most = 64;
  constexpr std::uint32_t count_most = 1'000'000;
  constexpr std::uint32_t previous_most = 20;
  check_intervals(settings.intervals.value_or(std::vector<std::string>{}), intervals, problems);
  check_spec(settings.spec, "regime.models.spec", problems);
  check_count(problems, "regime.models.fit_bars_min", settings.fit_bars_min, fit_bars_least,
              std::max(settings.spec.fit_bars, fit_bars_least));
  check_count(problems, "regime.models.starts", settings.starts, 1, starts_most);
  check_count(problems, "regime.models.refit_bars_min", settings.refit_bars_min, 1, count_most);
  check_count(problems, "regime.models.queue_max", settings.queue_max, 1, count_most);
  check_count(problems, "regime.models.previous_max", settings.previous_max, 1, previous_most);
  check_positive(problems, "refit_every", settings.refit_every);
  check_positive(problems, "retry_after", settings.retry_after);
  check_positive(problems, "fit_deadline", settings.fit_deadline);
  if (settings.first_fit_after.ns < 0) {
    problems.push_back({"regime.models.first_fit_after", "a duration of 0 or more",
                        settings.first_fit_after.to_text()});
  }
  if (settings.queue_deadline < settings.fit_deadline) {
    problems.push_back({"regime.models.queue_deadline",
                        "at least fit_deadline, " + settings.fit_deadline.to_text(),
                        settings.queue_deadline.to_text()});
  }
}

} // namespace troupe::regime
