#include "actors/venues/binance/binance_venue.hpp"

#include "actors/venues/binance/feed_protocol.hpp"
#include "actors/venues/binance/history.hpp"
#include "actors/venues/common/connector_venue.hpp"

namespace troupe::venues::binance {

namespace venue_detail {

/// As documented; what exchangeInfo says takes their place.
std::vector<BudgetLimit> documented_limits() {
  return {{"REQUEST_WEIGHT", std::chrono::minutes{1}, 6'000, 0},
          {"RAW_REQUESTS", std::chrono::minutes{5}, 61'000, 0},
          {"ORDERS", std::chrono::seconds{10}, 50, 0},
          {"ORDERS", std::chrono::hours{24}, 160'000, 0}};
}

} // namespace venue_detail

Venue make_binance_venue(core::json::View settings,
                         const std::string& path,
                         std::vector<core::json::Problem>& problems) {
  ConnectorSettings defaults;
  defaults.profile = "spot";
  defaults.rest_url = "https://api.binance.com";
  defaults.ws_url = "wss://stream.binance.com:9443";
  const auto before = problems.size();
  const auto read = read_connector(settings, path, defaults, problems);
  if (problems.size() > before) {
    return {};
  }
  if (read.profile != "spot") {
    problems.push_back({path + ".profile", "spot", "\"" + read.profile + "\""});
    return {};
  }
  const FeedSettings feed{.venue = read.name,
                          .depth_limit = read.depth_limit,
                          .verify_books_every = read.verify_books_every.chrono()};
  return make_connector_venue(read, {.make_protocol = [feed] { return make_feed_protocol(feed); },
                                     .history = make_history_protocol(),
                                     .limits = venue_detail::documented_limits(),
                                     .ratelimit_name = {},
                                     .tells_limits = true});
}

} // namespace troupe::venues::binance
