#pragma once

#include "actors/venues/common/connector_feed_actor.hpp"
#include "actors/venues/common/connector_history_actor.hpp"
#include "actors/venues/common/venue.hpp"

namespace troupe::venues {

/// What makes a venue of a connector's settings.
struct ConnectorParts {
  MakeProtocol make_protocol;
  std::shared_ptr<const HistoryProtocol> history;
  std::vector<BudgetLimit> limits; ///< as documented
  std::string ratelimit_name;      ///< that x-ratelimit-* headers are about; empty: none
  bool tells_limits = false;       ///< with what it lists (MarketSink::on_limits)
};

/// The venue with its children: limiter, feed, history. It lists what is configured at once; what
/// the venue says of it follows on the bus (topics::instruments).
[[nodiscard]] Venue make_connector_venue(const ConnectorSettings& settings, ConnectorParts parts);

} // namespace troupe::venues
