#pragma once

#include "actors/venues/common/connector_history_actor.hpp"

namespace troupe::venues::coinbase {

/// Candles and trades of the Exchange API.
[[nodiscard]] std::shared_ptr<const HistoryProtocol> make_exchange_history();
/// Those of Advanced Trade.
[[nodiscard]] std::shared_ptr<const HistoryProtocol> make_advanced_history();

} // namespace troupe::venues::coinbase
