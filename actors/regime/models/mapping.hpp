#pragma once

#include "actors/regime/models/observation.hpp"
#include "core/describe.hpp"

#include <Eigen/Core>

#include <span>
#include <string>
#include <vector>

namespace troupe::regime {

/// What one state of a model is like, over the bars it was fitted on. Each bar counts by the
/// filtered probability of the state there.
struct StateStatistics {
  double share = 0.0;            ///< of the bars
  double volatility = 0.0;       ///< root mean square log return of a bar
  double volatility_ratio = 0.0; ///< over that of all other bars; 0 where there are none
  double choppiness = 0.0;       ///< mean, 0 to 100
  double mean_return = 0.0;      ///< log return of a bar
};
BOOST_DESCRIBE_STRUCT(StateStatistics,
                      (),
                      (share, volatility, volatility_ratio, choppiness, mean_return))

/// @param filtered  shape (T, K), T observations; rows sum to 1
[[nodiscard]] std::vector<StateStatistics>
state_statistics(std::span<const Observation> observations,
                 const Eigen::Ref<const Eigen::MatrixXd>& filtered);

/// Which regime each state stands for, by what it is like, never by its number. The first row that
/// holds:
///
///     CRISIS    volatility at least 2 times that of all other bars, on at most a tenth of the bars
///     TRENDING  mean choppiness at least a quarter of a standard deviation below that of all bars
///     CHOPPY    likewise above
///     RANGING   otherwise
///
/// Several states may stand for one regime, whose probability is their sum. With fewer than four
/// states, and wherever a row holds for none, a regime has no state: the model gives it 0.
/// @param choppiness_mean, choppiness_deviation  over all bars
[[nodiscard]] std::vector<trading::Regime> map_states(std::span<const StateStatistics> states,
                                                      double choppiness_mean,
                                                      double choppiness_deviation);

inline constexpr double crisis_state_ratio_min = 2.0;
inline constexpr double crisis_state_share_max = 0.10;
inline constexpr double choppiness_distance_min = 0.25; ///< standard deviations

/// The mapping in words, with the regimes that no state stands for.
[[nodiscard]] std::string mapping_text(std::span<const trading::Regime> regimes);

} // namespace troupe::regime
