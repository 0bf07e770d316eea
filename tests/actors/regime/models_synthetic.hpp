#pragma once

#include "actors/regime/models/fit.hpp"
#include "core/random.hpp"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cmath>
#include <deque>
#include <vector>

/// Observations out of a chain whose states are known.
namespace troupe::regime::synthetic {

struct TrueState {
  double volatility;       ///< of a bar's return
  double volatility_ratio; ///< its median
  double choppiness;       ///< mean
};

/// Calm and trending, ordinary, choppy, and a rare storm.
inline constexpr std::array<TrueState, 4> four_states{
  {{0.004, 0.9, 35.0}, {0.004, 1.0, 50.0}, {0.004, 1.1, 65.0}, {0.025, 2.5, 50.0}}};

struct Drawn {
  std::vector<Observation> observations;
  std::vector<int> states;
};

/// States stay 97 % of the time; the fourth one lasts ten bars and comes seldom.
inline Drawn draw(int count, std::uint64_t seed = 7) {
  core::Random random{seed};
  Drawn out;
  int state = 1;
  for (int t = 0; t < count; ++t) {
    const double u = random.uniform();
    if (state == 3) {
      state = u < 0.9 ? 3 : 1;
    } else if (u < 0.005) {
      state = 3;
    } else if (u < 0.035) {
      state = static_cast<int>(random.uniform() * 3.0) % 3;
    }
    const auto& like = four_states.at(static_cast<std::size_t>(state));
    Observation seen;
    seen.at = {(450'000 + t) * 3'600'000'000'000};
    seen.log_return = like.volatility * random.normal();
    seen.volatility_ratio = like.volatility_ratio * std::exp(0.08 * random.normal());
    seen.choppiness = like.choppiness + 3.0 * random.normal();
    out.observations.push_back(seen);
    out.states.push_back(state);
  }
  return out;
}

inline FitPlan plan_of(std::uint32_t hmm_states = 4, std::uint32_t switching_states = 2) {
  FitPlan plan;
  plan.spec.hmm_states = hmm_states;
  plan.spec.switching_states = switching_states;
  plan.bars_min = 400;
  plan.starts = 4;
  return plan;
}

/// A set that is fitted to 2000 drawn observations; the same one at each call.
inline const ModelSet& fitted_set() {
  static const ModelSet set = [] {
    auto made = fit_models(draw(2'000).observations, plan_of());
    REQUIRE(made.has_value());
    made->version = 1;
    made->era = 1;
    return *made;
  }();
  return set;
}

/// Moments with a rules' label that never changes.
inline std::deque<Moment> moments_of(const std::vector<Observation>& observations,
                                     trading::Regime rules = trading::Regime::RANGING,
                                     double confidence = 0.6) {
  std::deque<Moment> out;
  for (const auto& seen : observations) {
    out.push_back({.observation = seen,
                   .rules = {.label = rules,
                             .candidate = rules,
                             .confidence = confidence,
                             .since = observations.front().at}});
  }
  return out;
}

} // namespace troupe::regime::synthetic
