#pragma once

#include "trading/instrument.hpp"

#include <cstdint>

namespace troupe::trading {

/// A print: two orders met.
struct Trade {
  InstrumentId instrument;
  Price price;
  Quantity quantity;
  Side aggressor = Side::BUY; ///< side of the order that took liquidity
  /// The venue's number of it. A number, because Binance, Coinbase, Kraken and our simulator all
  /// count their prints: it compares for order and gaps, and a message carries no string for it.
  std::uint64_t trade_id = 0;
  core::Timestamp ts_event; ///< it happened, by the venue's clock
  core::Timestamp ts_recv;  ///< we saw it

  friend bool operator==(const Trade&, const Trade&) = default;
};
BOOST_DESCRIBE_STRUCT(Trade,
                      (),
                      (instrument, price, quantity, aggressor, trade_id, ts_event, ts_recv))

} // namespace troupe::trading
