#pragma once

#include "actors/venues/sim/market.hpp"
#include "supervision/supervisor.hpp"

#include <chrono>
#include <memory>

namespace troupe::venues::sim {

/// A thousand daily bars take seconds to compute, and the actor is not stuck meanwhile.
inline constexpr std::chrono::seconds history_health_deadline{60};

/// Starts the history of a market's venues: answers FetchBars with the bars that a feed would have
/// made, up to the runtime's clock. No state. Declare the child detached: it computes.
[[nodiscard]] supervision::Start sim_history_actor(std::shared_ptr<const SimMarket> market);

} // namespace troupe::venues::sim
