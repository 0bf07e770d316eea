#pragma once

#include "actors/venues/replay/settings.hpp"
#include "core/clock.hpp"
#include "core/duration.hpp"
#include "supervision/supervisor.hpp"

#include <memory>

namespace troupe::venues::replay {

/// Starts the feed of a replay (actors/venues/common/feed.hpp). It begins once every instrument of
/// it that this node answers for has subscribed, moves the clock on to what all of them have
/// handled, and ends with the recording: then the clock stands.
/// State: its position. Restarted, it plays from the start, and receivers skip what they had.
/// @param settings  each file's instrument filled in and qualified
/// @param clock     the node's, moved forward only
[[nodiscard]] supervision::Start replay_feed_actor(ReplaySettings settings,
                                                   std::shared_ptr<core::ManualClock> clock,
                                                   core::Duration stale_after);

} // namespace troupe::venues::replay
