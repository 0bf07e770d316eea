#pragma once

#include "actors/venues/common/feed_protocol.hpp"

#include <memory>
#include <string>

namespace troupe::venues::coinbase {

/// The names of Coinbase's limits in budgets: requests a second of an IP address.
inline constexpr const char* public_requests = "PUBLIC";

/// Coinbase Exchange: level2_batch, matches, heartbeat and ticker of each product, which need no
/// key. A book is lost by what BookBuilder says and by heartbeats that stay away.
[[nodiscard]] std::unique_ptr<FeedProtocol> make_exchange_protocol(std::string venue);

/// Coinbase Advanced Trade: level2, market_trades and heartbeats. A message that is missing from
/// the connection's count gives up the connection, and all its books with it.
[[nodiscard]] std::unique_ptr<FeedProtocol> make_advanced_protocol(std::string venue);

} // namespace troupe::venues::coinbase
