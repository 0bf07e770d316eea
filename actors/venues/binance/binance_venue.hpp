#pragma once

#include "actors/venues/common/venue.hpp"

#include <string>
#include <vector>

namespace troupe::venues::binance {

/// Binance spot, or whatever speaks its protocol at `rest_url` and `ws_url`.
[[nodiscard]] Venue make_binance_venue(core::json::View settings,
                                       const std::string& path,
                                       std::vector<core::json::Problem>& problems);

} // namespace troupe::venues::binance
