#pragma once

#include "core/clock.hpp"
#include "nodes/cluster/links.hpp"
#include "nodes/cluster/membership.hpp"
#include "nodes/cluster/router.hpp"

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include <memory>

namespace troupe::cluster {

/// What the gateway works with.
struct GatewayParts {
  Settings settings;
  Hello self;
  std::uint64_t seed = 0; ///< of the jitter of retries
  std::weak_ptr<Links> links;
  std::shared_ptr<ClusterPlacement> placement;
  caf::actor hub;
  Front front;
  const core::Clock* clock = nullptr; ///< for the times shown; outlives the actor
};

/// Starts the one actor of this node that other nodes hold a handle of. It never ends by itself:
/// BASP hands it to every peer. It runs the membership, watches the peers' gateways and this node's
/// fronts, and as a Router passes requests on to them, so that answers go straight to the asker.
///
/// It takes, from this node: (open, scribe, hello, dialled) a link was established; (connect,
/// address, outcome, node, text) an attempt ended; (join) start; (sub, actor) a watcher;
/// (update, roles) this node's roles from now on.
[[nodiscard]] caf::actor spawn_gateway(caf::actor_system& system, GatewayParts parts);

} // namespace troupe::cluster
