#include "actors/market_data/sla_settings.hpp"

#include "core/settings_check.hpp"

namespace troupe::market_data {

messages::SlaTargets targets_of(const SlaSettings& settings) {
  return {settings.uptime, settings.latency_p99, settings.heal_within, settings.window};
}

void check(const SlaSettings& settings,
           const std::string& section,
           std::vector<core::json::Problem>& problems) {
  core::SettingsCheck check{section, problems};
  check.between("uptime", settings.uptime, 0.0, 1.0);
  check.at_least("latency_p99", settings.latency_p99, std::chrono::microseconds{1});
  check.at_least("heal_within", settings.heal_within, std::chrono::milliseconds{1});
  check.at_least("window", settings.window, std::chrono::seconds{12});
}

std::vector<Judgement> judge(const messages::SlaFigures& figures, const SlaSettings& settings) {
  constexpr double ns_per_ms = 1e6;
  const double latency_limit = static_cast<double>(settings.latency_p99.ns) / ns_per_ms;
  const bool judged = figures.latency_samples >= settings.latency_samples_min;
  const double latency = figures.latency_p99_ms.value_or(0.0);
  return {
    {"uptime", figures.uptime, settings.uptime, figures.error_budget_used > 1.0},
    {"latency_p99", latency, latency_limit, judged && latency > latency_limit},
    {"gaps", static_cast<double>(figures.unhealed_gaps), 0.0, figures.unhealed_gaps > 0},
  };
}

std::vector<std::string> breached_targets(const messages::SlaFigures& figures,
                                          const SlaSettings& settings) {
  std::vector<std::string> names;
  for (const auto& judgement : judge(figures, settings)) {
    if (judgement.breached) {
      names.emplace_back(judgement.target);
    }
  }
  return names;
}

} // namespace troupe::market_data
