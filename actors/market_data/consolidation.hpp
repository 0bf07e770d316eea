#pragma once

#include "messages/market_data.hpp"

#include <optional>
#include <span>
#include <string>

namespace troupe::market_data {

/// What one venue bids and offers for a symbol.
struct VenueQuote {
  std::string venue;
  std::optional<trading::Level> bid;
  std::optional<trading::Level> ask;
};

/// The best bid and offer over venues; among equal prices the earlier venue's. Bid and ask may
/// come from different venues, so the result can be locked or crossed: that is an arbitrage, not
/// an error. Cost: O(n).
[[nodiscard]] messages::ConsolidatedQuote consolidate(std::span<const VenueQuote> quotes);

} // namespace troupe::market_data
