#pragma once

#include "actors/venues/common/feed_protocol.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace troupe::venues::coinbase {

/// The names of Coinbase's limits in budgets: requests a second of an IP address.
inline constexpr const char* public_requests = "PUBLIC";

struct FeedSettings {
  std::string venue;
  std::chrono::nanoseconds verify_books_every = std::chrono::seconds{30};
};

/// Coinbase Exchange: level2_batch, matches, heartbeat and ticker of each product, which need no
/// key. A book is lost by what BookBuilder says, by heartbeats that stay away, with
/// trades that its stream has lost, and by a BookAudit
/// each `verify_books_every`: a single lost update is found, or made up for by the next update of
/// its level, within that time, three seconds and the time of a REST call.
[[nodiscard]] std::unique_ptr<FeedProtocol> make_exchange_protocol(FeedSettings settings);

/// Coinbase Advanced Trade: level2, market_trades and heartbeats. A message that is missing from
/// the connection's count gives up the connection, and all its books with it.
[[nodiscard]] std::unique_ptr<FeedProtocol> make_advanced_protocol(FeedSettings settings);

} // namespace troupe::venues::coinbase
