#pragma once

#include "actors/regime/models/ensemble.hpp"
#include "trading/interval.hpp"

/// What models say, as callers get it.
namespace troupe::regime {

/// What the ensemble is made of: the rules first.
/// @pre ensemble.ready(), likewise below
[[nodiscard]] std::vector<messages::RegimeVerdict> verdicts_of(const Ensemble& ensemble);

/// The name of each model, and of the ensemble where models are fitted, with what it says.
[[nodiscard]] std::map<std::string, std::string> said_by_model(const Ensemble& ensemble);

/// All that is known of the probabilities; instrument and note are left to the caller.
/// @param moments  the newest bars, for the rules' own chain
[[nodiscard]] messages::RegimeProbabilities probabilities_of(const Ensemble& ensemble,
                                                             const std::deque<Moment>& moments,
                                                             trading::Interval interval);

/// A set as it was fitted. @param running  the ensemble it runs in now; nullptr: in none
[[nodiscard]] messages::RegimeModelSet
view_of(const ModelSet& set, const Ensemble* running, trading::Interval interval);

} // namespace troupe::regime
