#include "actors/regime/models/mapping.hpp"

#include <algorithm>
#include <cmath>

namespace troupe::regime {

std::vector<StateStatistics> state_statistics(std::span<const Observation> observations,
                                              const Eigen::Ref<const Eigen::MatrixXd>& filtered) {
  const auto states = static_cast<std::size_t>(filtered.cols());
  std::vector<StateStatistics> out(states);
  std::vector<double> squares(states, 0.0);
  std::vector<double> weights(states, 0.0);
  double square_sum = 0.0;
  for (std::size_t t = 0; t < observations.size(); ++t) {
    const auto& seen = observations[t];
    const double square = seen.log_return * seen.log_return;
    square_sum += square;
    for (std::size_t k = 0; k < states; ++k) {
      const double weight = filtered(static_cast<Eigen::Index>(t), static_cast<Eigen::Index>(k));
      weights[k] += weight;
      squares[k] += weight * square;
      out[k].choppiness += weight * seen.choppiness;
      out[k].mean_return += weight * seen.log_return;
    }
  }
  const auto count = static_cast<double>(observations.size());
  constexpr double weight_min = 1e-9; // of a state that the bars never visit
  for (std::size_t k = 0; k < states; ++k) {
    auto& state = out[k];
    const double weight = std::max(weights[k], weight_min);
    state.share = weights[k] / count;
    state.choppiness /= weight;
    state.mean_return /= weight;
    state.volatility = std::sqrt(squares[k] / weight);
    const double rest = std::max(count - weights[k], weight_min);
    const double other = std::sqrt(std::max(square_sum - squares[k], 0.0) / rest);
    state.volatility_ratio = other > 0.0 ? state.volatility / other : 0.0;
  }
  return out;
}

std::vector<trading::Regime> map_states(std::span<const StateStatistics> states,
                                        double choppiness_mean,
                                        double choppiness_deviation) {
  using trading::Regime;
  const double distance = choppiness_distance_min * choppiness_deviation;
  std::vector<Regime> out;
  out.reserve(states.size());
  for (const auto& state : states) {
    if (state.volatility_ratio >= crisis_state_ratio_min && state.share > 0.0
        && state.share <= crisis_state_share_max) {
      out.push_back(Regime::CRISIS);
    } else if (distance > 0.0 && state.choppiness <= choppiness_mean - distance) {
      out.push_back(Regime::TRENDING);
    } else if (distance > 0.0 && state.choppiness >= choppiness_mean + distance) {
      out.push_back(Regime::CHOPPY);
    } else {
      out.push_back(Regime::RANGING);
    }
  }
  return out;
}

std::string mapping_text(std::span<const trading::Regime> regimes) {
  std::string out;
  for (std::size_t k = 0; k < regimes.size(); ++k) {
    out += (k == 0 ? "state " : ", state ") + std::to_string(k) + " is " + name_of(regimes[k]);
  }
  std::string missing;
  for (const auto regime : regimes_all) {
    if (std::find(regimes.begin(), regimes.end(), regime) == regimes.end()) {
      missing += (missing.empty() ? "" : ", ") + name_of(regime);
    }
  }
  return missing.empty() ? out : out + "; no state is like " + missing + ", which get 0";
}

} // namespace troupe::regime
