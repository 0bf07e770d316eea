#pragma once

#include "actors/venues/common/venue.hpp"

#include <string>
#include <vector>

namespace troupe::venues::coinbase {

/// Coinbase by one of its APIs ("profile": "exchange", the default, or "advanced"), or whatever
/// speaks it at `rest_url` and `ws_url`.
[[nodiscard]] Venue make_coinbase_venue(core::json::View settings,
                                        const std::string& path,
                                        std::vector<core::json::Problem>& problems);

} // namespace troupe::venues::coinbase
