#pragma once

#include "actors/market_data/service_plan.hpp"
#include "supervision/supervisor.hpp"

namespace troupe::market_data {

/// The one who answers for the service on this node: refuses what cannot be answered, hands the
/// rest to the instrument's actor, and answers with the last good value while that is away. Starts
/// and stops instrument actors as placement moves their symbols. State: rebuilt at a restart.
[[nodiscard]] supervision::ChildSpec front_child(Plan plan);

} // namespace troupe::market_data
