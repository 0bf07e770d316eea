#pragma once

#include "actors/market_data/catalogue.hpp"
#include "actors/market_data/settings.hpp"
#include "core/inspect.hpp"
#include "messages/feed_board.hpp"
#include "messages/ticker_board.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace troupe::market_data {

/// What all actors of the service share; never changes.
struct ServicePlan {
  Settings settings;
  Catalogue catalogue;
  std::shared_ptr<messages::TickerBoard> board; ///< null: nobody reads one here
  std::shared_ptr<messages::FeedBoard> feeds;   ///< likewise
};
using Plan = std::shared_ptr<const ServicePlan>;

/// Where the actors of the service are in the tree.
struct ServicePaths {
  std::string base; ///< of the service's supervisor

  /// @param path  of a child `levels` below the service's supervisor
  [[nodiscard]] static ServicePaths above(std::string_view path, int levels) {
    for (; levels > 0; --levels) {
      path = path.substr(0, path.rfind('/'));
    }
    return {std::string(path)};
  }
  [[nodiscard]] std::string store() const { return base + "/stores/store"; }
  [[nodiscard]] std::string cache() const { return base + "/stores/cache"; }
  [[nodiscard]] std::string front() const { return base + "/front"; }
  [[nodiscard]] std::string instruments() const { return base + "/instruments"; }
  [[nodiscard]] std::string instrument(const std::string& symbol) const {
    return instruments() + "/" + symbol;
  }
  [[nodiscard]] std::string feed(const std::string& venue) const {
    return base + "/venues/" + venue + "/feed";
  }
  [[nodiscard]] std::string limiter(const std::string& venue) const {
    return base + "/venues/" + venue + "/limiter";
  }
  [[nodiscard]] std::string history(const std::string& venue) const {
    return base + "/venues/" + venue + "/history";
  }
};

/// Keys of last good values in the cache.
[[nodiscard]] inline std::string ticker_key(const trading::InstrumentId& id) {
  return "market-data/ticker/" + id.to_text();
}
[[nodiscard]] inline std::string book_key(const trading::InstrumentId& id) {
  return "market-data/book/" + id.to_text();
}

/// Every venue of a symbol has sent its first batch, or said that it is unreachable; from the
/// instrument to the front.
struct SymbolReady {
  std::string symbol;
};

} // namespace troupe::market_data

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::market_data::SymbolReady)
