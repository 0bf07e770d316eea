#pragma once

#include "actors/regime/settings.hpp"
#include "supervision/supervisor.hpp"

namespace troupe::regime {

struct Config {
  Settings settings; ///< that check() finds nothing wrong with
};

/// The regime service of a node, "regime": answers messages::GetRegime as messages::regime_service
/// and publishes topics::regime_changes (key "SYMBOL INTERVAL"). It needs the market-data service
/// anywhere in the cluster, and starts and answers NOT_READY without it.
///
///     regime                 rest_for_one
///       instruments          one child per symbol that this node owns; a child that crashes for
///         BTC-USD ...        ever restarts ever more seldom and takes nobody else with it
///       front                symbols, placement, requests
[[nodiscard]] supervision::SupervisorSpec service(Config config);

} // namespace troupe::regime
