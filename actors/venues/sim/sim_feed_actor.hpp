#pragma once

#include "actors/venues/sim/market.hpp"
#include "supervision/supervisor.hpp"

#include <chrono>
#include <memory>

namespace troupe::venues::sim {

/// An instrument hears from its feed at least this often.
inline constexpr std::chrono::milliseconds heartbeat_every{500};

/// Starts the feed of a market's only venue (actors/venues/common/feed.hpp): lets each instrument
/// that somebody subscribed to follow the runtime's clock.
/// State: what receivers have published, which they say again when they subscribe.
/// @pre the market has one venue
[[nodiscard]] supervision::Start sim_feed_actor(std::shared_ptr<const SimMarket> market);

} // namespace troupe::venues::sim
