#pragma once

#include "actors/venues/common/venue.hpp"

#include <memory>
#include <span>
#include <string>
#include <vector>

/// Which kinds of venues there are. A new one is a folder beside this file and a line in the table.
namespace troupe::venues {

/// What venues are made with.
struct MakeContext {
  /// The node's clock where it is that of recorded data, else null: see replays().
  std::shared_ptr<core::ManualClock> replay_clock;
};

/// Whether the settings name a replay: the node's clock must then be a ManualClock.
[[nodiscard]] bool replays(std::span<const core::json::Raw> settings);

/// Makes the configured venues, in their order; each element of `settings` is one of `venues`.
/// @param problems  what is wrong, with paths from venues[0] on: an unknown kind, a name twice, a
///                  replay beside any other venue (they live in different times)
/// @returns         CONFIG_INVALID where there were problems
[[nodiscard]] core::Result<std::vector<Venue>>
make_venues(std::span<const core::json::Raw> settings,
            const MakeContext& context,
            std::vector<core::json::Problem>& problems);

/// The known kinds, as configurations spell them.
[[nodiscard]] std::vector<std::string> venue_kinds();

} // namespace troupe::venues
