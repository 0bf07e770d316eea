#pragma once

#include "core/duration.hpp"
#include "core/json.hpp"
#include "messages/regime_models.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::regime {

/// The section "regime.models" of a node's configuration: the fitted models beside the rules.
struct ModelSettings {
  /// Bar intervals that models are fitted on, out of regime.intervals. Absent: those from 1m up;
  /// empty: none, rules alone.
  std::optional<std::vector<std::string>> intervals;
  messages::RegimeModelSpec spec;   ///< of the live set until another one is promoted
  std::uint32_t fit_bars_min = 400; ///< closed bars before a first fit
  std::uint32_t starts = 8;         ///< of each likelihood's search
  std::uint64_t seed = 1;           ///< of those starts
  core::Duration first_fit_after = std::chrono::seconds{30}; ///< of the start; up to thrice that
  core::Duration refit_every = std::chrono::minutes{10};     ///< at least, of real time
  std::uint32_t refit_bars_min = 24;                         ///< and of new closed bars
  core::Duration retry_after = std::chrono::minutes{1};      ///< of a fit that failed
  core::Duration fit_deadline = std::chrono::minutes{2};     ///< of one fit; then it is given up
  core::Duration queue_deadline = std::chrono::minutes{30};  ///< waiting for the fitter included
  std::uint32_t queue_max = 10'000;                          ///< fits that wait
  std::uint32_t previous_max = 5;                            ///< sets that can be rolled back to
};
BOOST_DESCRIBE_STRUCT(ModelSettings,
                      (),
                      (intervals,
                       spec,
                       fit_bars_min,
                       starts,
                       seed,
                       first_fit_after,
                       refit_every,
                       refit_bars_min,
                       retry_after,
                       fit_deadline,
                       queue_deadline,
                       queue_max,
                       previous_max))

/// Fewest and most closed bars that a set may be fitted on.
inline constexpr std::uint32_t fit_bars_least = 400;
inline constexpr std::uint32_t fit_bars_most = 10'000;

/// The intervals that models are fitted on. @param intervals  regime.intervals
[[nodiscard]] std::vector<std::string>
modelled_intervals(const ModelSettings& settings, const std::vector<std::string>& intervals);

/// What is wrong with a spec. @param path  of it, such as "regime.models.spec"; empty for a request
void check_spec(const messages::RegimeModelSpec& spec,
                const std::string& path,
                std::vector<core::json::Problem>& problems);

/// Adds what is wrong in meaning. @param intervals  regime.intervals
void check(const ModelSettings& settings,
           const std::vector<std::string>& intervals,
           std::vector<core::json::Problem>& problems);

} // namespace troupe::regime
