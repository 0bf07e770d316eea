#pragma once

#include "net/counters.hpp"
#include "supervision/runtime.hpp"

#include <string>

namespace troupe::api {

/// The node's figures in Prometheus' text format (version 0.0.4).
[[nodiscard]] std::string metrics_text(const supervision::Runtime& runtime,
                                       const net::ServerCounters& server);

} // namespace troupe::api
