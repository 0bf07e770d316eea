#pragma once

#include "actors/venues/common/venue.hpp"

#include <string>
#include <vector>

namespace troupe::venues::sim {

/// Reads a venue of kind "sim" and makes its feed and history actors:
/// `{"name": "SIM-A", "kind": "sim", "seed": 7, ...}`. Venues of one seed and the same instruments
/// share one market, each with noise of its own.
/// @param path      where the settings stand, such as venues[0]
/// @param problems  what is wrong is added; the result is to be used only where nothing was
[[nodiscard]] Venue make_sim_venue(core::json::View settings,
                                   const std::string& path,
                                   std::vector<core::json::Problem>& problems);

} // namespace troupe::venues::sim
