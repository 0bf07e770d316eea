#pragma once

#include "actors/venues/common/connector_history_actor.hpp"

namespace troupe::venues::binance {

/// GET /api/v3/klines.
[[nodiscard]] std::shared_ptr<const HistoryProtocol> make_history_protocol();

} // namespace troupe::venues::binance
