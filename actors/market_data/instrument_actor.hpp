#pragma once

#include "actors/market_data/service_plan.hpp"
#include "supervision/supervisor.hpp"

#include <string>

namespace troupe::market_data {

/// One symbol over all its venues: takes what their feeds send, publishes it, keeps the newest
/// bars, and answers. State: rebuilt at a restart from the feeds, which know what was published,
/// and from history; closed bars that were not stored yet are built again.
[[nodiscard]] supervision::ChildSpec instrument_child(const std::string& symbol, Plan plan);

} // namespace troupe::market_data
