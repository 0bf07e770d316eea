#include "actors/venues/common/connector_venue.hpp"

#include "actors/venues/common/limiter_actor.hpp"

#include <utility>

namespace troupe::venues {

Venue make_connector_venue(const ConnectorSettings& settings, ConnectorParts parts) {
  RestPort port{.settings = std::make_shared<const ConnectorSettings>(settings),
                .network = std::make_shared<VenueNetwork>(
                  net::ClientTls{.ca_file = settings.tls.ca, .certificate = {}, .key = {}}),
                .limiter = {},
                .ratelimit_name = std::move(parts.ratelimit_name)};
  Venue venue;
  venue.name = settings.name;
  venue.kind = settings.kind;
  venue.instruments = configured_instruments(settings);
  venue.has_history = true;
  venue.stale_after = settings.stale_after;
  venue.contiguous_trade_ids = true; // TradeNumbers relies on it, too
  venue.supervisor = {
    .name = settings.name,
    .children =
      {
        {.name = "limiter",
         .start = limiter_actor(settings.name, std::move(parts.limits), settings.limits,
                                parts.tells_limits),
         .backoff = supervision::quick_backoff},
        {.name = "feed",
         .start = connector_feed_actor(port, std::move(parts.make_protocol)),
         .backoff = supervision::quick_backoff},
        {.name = "history",
         .start = connector_history_actor(port, std::move(parts.history)),
         .backoff = supervision::quick_backoff},
      },
  };
  return venue;
}

} // namespace troupe::venues
