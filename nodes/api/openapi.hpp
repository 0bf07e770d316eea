#pragma once

#include "nodes/api/route_table.hpp"

#include <string>
#include <vector>

namespace troupe::api {

/// A route of the node itself (health, metrics, inspection), for the documentation.
struct NodeRoute {
  std::string method; ///< get, post
  std::string path;
  std::string summary;
  std::string scope;
};

/// The OpenAPI 3.1 document of the route tables, as JSON text.
[[nodiscard]] std::string openapi_document(const std::vector<RouteTable>& tables,
                                           const std::vector<NodeRoute>& node_routes,
                                           const std::string& version);

/// The JSON Schema of every refusal and failure.
[[nodiscard]] std::string error_reply_schema();

/// A page that renders /openapi.json; needs nothing from elsewhere.
[[nodiscard]] std::string docs_page();

} // namespace troupe::api
