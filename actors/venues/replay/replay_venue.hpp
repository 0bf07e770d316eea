#pragma once

#include "actors/venues/common/venue.hpp"

#include <memory>
#include <string>
#include <vector>

namespace troupe::venues::replay {

/// Reads a venue of kind "replay", looks into its files, and makes its feed actor:
/// `{"name": "REPLAY", "kind": "replay", "speed": 0, "files": [{"path": ...}]}`. What the settings
/// leave out is inferred; an instrument's steps are the finest that its first records show.
/// @param path      where the settings stand, such as venues[0]
/// @param clock     the node's; set to the first event
/// @param problems  what is wrong is added; the result is to be used only where nothing was
[[nodiscard]] Venue make_replay_venue(core::json::View settings,
                                      const std::string& path,
                                      std::shared_ptr<core::ManualClock> clock,
                                      std::vector<core::json::Problem>& problems);

} // namespace troupe::venues::replay
