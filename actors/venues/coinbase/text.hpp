#pragma once

#include "actors/venues/common/wire.hpp"
#include "trading/enums.hpp"

/// What all of Coinbase's messages have in common.
namespace troupe::venues::coinbase::text {

/// buy, BUY, bid; sell, SELL, offer.
[[nodiscard]] inline trading::Side side_of(std::string_view text) {
  if (text == "buy" || text == "BUY" || text == "bid") {
    return trading::Side::BUY;
  }
  if (text == "sell" || text == "SELL" || text == "offer") {
    return trading::Side::SELL;
  }
  wire::malformed("side", "buy or sell");
}

} // namespace troupe::venues::coinbase::text
