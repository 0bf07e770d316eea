#pragma once

#include "actors/regime/models/fitted_model.hpp"

#include <span>

namespace troupe::regime {

/// How models are to be fitted.
struct FitPlan {
  messages::RegimeModelSpec spec;
  std::uint32_t bars_min = 0; ///< fewer observations are refused
  std::uint32_t starts = 1;
  std::uint64_t seed = 1;
};

/// Fits a hidden Markov model and a Markov-switching model to the newest `spec.fit_bars`
/// observations, by several starts each. The same observations give the same numbers.
/// @param observations  oldest first
/// @returns  a set without version, era and fitted_at; a model that cannot be fitted is left out
/// and
///           named in its note. NOT_READY where there are too few observations or none can.
/// @cost     O(starts T K (K + d^2)) per iteration; some 0.1 s for 2000 bars
[[nodiscard]] core::Result<ModelSet> fit_models(std::span<const Observation> observations,
                                                const FitPlan& plan);

} // namespace troupe::regime
