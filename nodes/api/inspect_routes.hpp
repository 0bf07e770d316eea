#pragma once

#include "net/counters.hpp"
#include "nodes/api/api_server.hpp"
#include "nodes/api/openapi.hpp"

#include <functional>
#include <vector>

namespace troupe::api {

/// A route of the node itself and its line in the documentation.
struct OwnRoute {
  NodeRoute doc;
  net::SyncHandler handler;
};

/// Health and metrics: /health, /health/live, /health/ready, /health/startup, /health/tree,
/// /metrics.
[[nodiscard]] std::vector<OwnRoute>
health_routes(supervision::Runtime& runtime, std::function<const net::ServerCounters&()> counters);

/// What actor-inspector asks: /inspect/...; changing ones need scope admin and are logged with who.
[[nodiscard]] std::vector<OwnRoute> inspect_routes(supervision::Runtime& runtime, NodeViews views);

} // namespace troupe::api
