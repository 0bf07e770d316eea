#pragma once

#include "nodes/api/inspect_routes.hpp"

#include <string>

namespace troupe::api {

/// The node's figures in Prometheus' text format (version 0.0.4). Actors of a dynamic set
/// (instruments) are one series, so that the number of series does not grow with the symbols.
[[nodiscard]] std::string metrics_text(const OwnParts& parts);

} // namespace troupe::api
