#include "actors/venues/coinbase/coinbase_venue.hpp"

#include "actors/venues/coinbase/feed_protocol.hpp"
#include "actors/venues/coinbase/history.hpp"
#include "actors/venues/common/connector_venue.hpp"

#include <array>
#include <string_view>

namespace troupe::venues::coinbase {

namespace venue_detail {

/// One of the venue's APIs.
struct Profile {
  std::string_view name;
  const char* rest_url;
  const char* ws_url;
  std::unique_ptr<FeedProtocol> (*make_feed)(FeedSettings settings);
  std::shared_ptr<const HistoryProtocol> (*make_history)();
  std::uint64_t requests_per_second; ///< public ones, of an IP address
  std::uint64_t burst;
  std::uint32_t messages_per_second; ///< a little less than the venue allows
};

// clang-format off
const std::array<Profile, 2> profiles{{
  {"exchange", "https://api.exchange.coinbase.com", "wss://ws-feed.exchange.coinbase.com",
   make_exchange_protocol, make_exchange_history, 10, 15, 50},
  {"advanced", "https://api.coinbase.com", "wss://advanced-trade-ws.coinbase.com",
   make_advanced_protocol, make_advanced_history, 10, 10, 6},
}};
// clang-format on

} // namespace venue_detail

Venue make_coinbase_venue(core::json::View settings,
                          const std::string& path,
                          std::vector<core::json::Problem>& problems) {
  const auto named = settings.is_object() ? settings.find("profile") : std::nullopt;
  const auto name = std::string{named ? named->string().value_or("") : "exchange"};
  for (const auto& profile : venue_detail::profiles) {
    if (profile.name != name) {
      continue;
    }
    ConnectorSettings defaults;
    defaults.profile = name;
    defaults.rest_url = profile.rest_url;
    defaults.ws_url = profile.ws_url;
    defaults.messages_per_second = profile.messages_per_second;
    const auto before = problems.size();
    const auto read = read_connector(settings, path, defaults, problems);
    if (problems.size() > before) {
      return {};
    }
    const FeedSettings feed{.venue = read.name,
                            .verify_books_every = read.verify_books_every.chrono()};
    return make_connector_venue(
      read, {.make_protocol = [make = profile.make_feed, feed] { return make(feed); },
             .history = profile.make_history(),
             .limits = {{public_requests, std::chrono::seconds{1}, profile.requests_per_second,
                         profile.burst}},
             .ratelimit_name = public_requests});
  }
  problems.push_back({path + ".profile", "exchange or advanced", "\"" + name + "\""});
  return {};
}

} // namespace troupe::venues::coinbase
