#pragma once

#include "actors/market_data/settings.hpp"
#include "actors/storage/cache_actor.hpp"
#include "actors/venues/common/venue.hpp"
#include "messages/feed_board.hpp"
#include "messages/ticker_board.hpp"
#include "supervision/supervisor.hpp"

#include <string>
#include <vector>

namespace troupe::market_data {

/// What the service is made of.
struct Config {
  Settings settings;
  std::vector<venues::Venue> venues; ///< in order of priority
  std::string storage_url;           ///< sqlite:FILE
  storage::CacheActorSettings cache;
  /// Where the node's API reads tickers; null: it asks.
  std::shared_ptr<messages::TickerBoard> board{};
  /// Where its metrics find what was measured of feeds; null: nowhere.
  std::shared_ptr<messages::FeedBoard> feeds{};
};

/// The service's tree, named "market_data": the stores (whose crashes are their own affair: bars
/// wait for them), venues, instruments and the front that answers
/// (messages/market_data.hpp). The node is ready ("market_data") once every instrument that it owns
/// has had data, or its venue is known to be unreachable.
[[nodiscard]] supervision::SupervisorSpec service(Config config);

} // namespace troupe::market_data
