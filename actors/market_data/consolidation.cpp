#include "actors/market_data/consolidation.hpp"

namespace troupe::market_data {

messages::ConsolidatedQuote consolidate(std::span<const VenueQuote> quotes) {
  messages::ConsolidatedQuote best;
  for (const auto& quote : quotes) {
    if (quote.bid && (!best.bid || quote.bid->price > *best.bid)) {
      best.bid = quote.bid->price;
      best.bid_quantity = quote.bid->quantity;
      best.bid_venue = quote.venue;
    }
    if (quote.ask && (!best.ask || quote.ask->price < *best.ask)) {
      best.ask = quote.ask->price;
      best.ask_quantity = quote.ask->quantity;
      best.ask_venue = quote.venue;
    }
  }
  return best;
}

} // namespace troupe::market_data
