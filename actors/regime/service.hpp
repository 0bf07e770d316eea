#pragma once

#include "actors/regime/settings.hpp"
#include "supervision/solver.hpp"
#include "supervision/supervisor.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace troupe::regime {

struct Config {
  Settings settings;         ///< that check() finds nothing wrong with
  std::string storage_url{}; ///< of the fitted models
  /// Declares the child that fits models: it answers supervision::Work. @param deadline  of one fit
  std::function<supervision::ChildSpec(std::string name, std::chrono::nanoseconds deadline)>
    fitter = supervision::solver;
};

/// The regime service of a node, "regime": answers messages::RegimeRequests as
/// messages::regime_service and publishes topics::regime_changes and topics::regime_models (key
/// "SYMBOL INTERVAL"). It needs the market-data service anywhere in the cluster, and starts and
/// answers NOT_READY without it.
///
///     regime                 rest_for_one
///       models               one_for_one: their ends cost nobody an answer
///         documents          fitted models, on a thread of its own
///         fitter             fits one set of models at a time, on a thread of its own
///         fits               the queue before it
///         copies             models of other nodes, for when their work comes here
///       instruments          one child per symbol that this node owns; a child that crashes for
///         BTC-USD ...        ever restarts ever more seldom and takes nobody else with it
///       front                symbols, placement, requests
[[nodiscard]] supervision::SupervisorSpec service(Config config);

} // namespace troupe::regime
