#pragma once

#include "net/counters.hpp"
#include "nodes/api/audit_log.hpp"
#include "nodes/api/node_monitor.hpp"
#include "nodes/api/node_views.hpp"
#include "nodes/api/openapi.hpp"

#include <functional>
#include <vector>

namespace troupe::api {

/// A route of the node itself and its line in the documentation.
struct OwnRoute {
  NodeRoute doc;
  net::Handler handler;
};

/// What the node's own routes work with; all of it outlives them.
struct OwnParts {
  supervision::Runtime& runtime;
  const NodeViews& views;
  NodeMonitor& monitor;
  AuditLog& audit;
  std::function<const net::ServerCounters&()> counters;
};

/// Health and metrics: /health, /health/live, /health/ready, /health/startup, /health/tree,
/// /metrics.
[[nodiscard]] std::vector<OwnRoute> health_routes(const OwnParts& parts);

/// What actor-inspector reads: /inspect/..., scope read.
[[nodiscard]] std::vector<OwnRoute> inspect_routes(const OwnParts& parts);

/// What an operator can change: POST /inspect/..., scope admin; each use is audited and logged.
[[nodiscard]] std::vector<OwnRoute> operator_routes(const OwnParts& parts);

/// Faults of the exchange simulator, shown and ordered; none where the node does not carry it.
[[nodiscard]] std::vector<OwnRoute> exchange_sim_routes(const OwnParts& parts);

} // namespace troupe::api
