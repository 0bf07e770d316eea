#pragma once

#include "core/duration.hpp"
#include "core/json.hpp"
#include "messages/feed_sla.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::market_data {

/// The section "market_data.sla": what feeds are held to.
struct SlaSettings {
  double uptime = 0.999; ///< share of the window in which a feed is LIVE; above 0, below 1
  core::Duration latency_p99 = std::chrono::milliseconds{50}; ///< from receipt to publication
  core::Duration heal_within = std::chrono::seconds{10}; ///< a gap that stays longer is unhealed
  core::Duration window = std::chrono::hours{1};         ///< rolling, in steps of a twelfth
  std::uint32_t latency_samples_min = 100; ///< with fewer in the window latency is not judged
};
BOOST_DESCRIBE_STRUCT(SlaSettings,
                      (),
                      (uptime, latency_p99, heal_within, window, latency_samples_min))

[[nodiscard]] messages::SlaTargets targets_of(const SlaSettings& settings);

/// Adds what is wrong in meaning; @param section  its path
void check(const SlaSettings& settings,
           const std::string& section,
           std::vector<core::json::Problem>& problems);

/// A target, what was measured against it, and whether it is missed.
struct Judgement {
  const char* target;
  double value;
  double limit;
  bool breached;
};

/// uptime (shares), latency_p99 (milliseconds), gaps (number of unhealed ones against none).
/// Uptime is missed when more time was lost than the target allows in a whole window, so that a
/// young node is not judged by its first second.
[[nodiscard]] std::vector<Judgement> judge(const messages::SlaFigures& figures,
                                           const SlaSettings& settings);

/// The targets that are missed, by name.
[[nodiscard]] std::vector<std::string> breached_targets(const messages::SlaFigures& figures,
                                                        const SlaSettings& settings);

} // namespace troupe::market_data
