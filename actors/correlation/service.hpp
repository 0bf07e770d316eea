#pragma once

#include "actors/correlation/settings.hpp"
#include "supervision/supervisor.hpp"

#include <string>

namespace troupe::correlation {

struct Config {
  Settings settings;              ///< that check() finds nothing wrong with
  std::string storage_url;        ///< of the portfolios and the fitted models
  supervision::Start documents{}; ///< another store's child in its place; for tests
};

/// The correlation service of a node, "correlation": answers messages::CorrelationRequests as
/// messages::correlation_service and publishes topics::correlation_updates and
/// topics::portfolio_changes. It needs the market-data service anywhere in the cluster, and starts
/// and answers NOT_READY without it.
///
///     correlation            one_for_one: the parts find each other by name, whichever restarts
///       stores
///         documents          portfolios and models, on a thread of its own
///       series               closes per instrument and interval, kept current
///       solvers
///         solver-1 ...       compute one request at a time, each on a thread of its own
///         fitter             fits the universes' models
///       portfolios           checks, stores and copies portfolios
///       universes            one child per interval that this node owns
///       copies               keeps copies of models that other nodes fitted
///       front                requests
[[nodiscard]] supervision::SupervisorSpec service(Config config);

} // namespace troupe::correlation
