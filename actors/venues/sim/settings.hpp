#pragma once

#include "core/duration.hpp"
#include "trading/instrument.hpp"

#include <string>
#include <vector>

namespace troupe::venues::sim {

/// One instrument of the simulated market.
struct SimInstrument {
  std::string symbol;   ///< BTC-USD
  double price = 100.0; ///< what its price reverts to over months, in the quote currency
  double volatility_annual = 0.6;
  double beta = 0.8;           ///< share of the common factor in its moves, 0 .. 1
  double spread_bps = 1.0;     ///< between best bid and ask in quiet times; one tick at least
  double trade_notional = 800; ///< typical print, in the quote currency
  trading::Price tick = trading::Price::from_raw(trading::Price::unit / 100);
  trading::Quantity lot = trading::Quantity::from_raw(trading::Quantity::unit / 1000);
  trading::Money min_notional = trading::Money::from_integer(1);

  friend bool operator==(const SimInstrument&, const SimInstrument&) = default;
};
BOOST_DESCRIBE_STRUCT(
  SimInstrument,
  (),
  (symbol, price, volatility_annual, beta, spread_bps, trade_notional, tick, lot, min_notional))

/// One venue that trades all of them.
struct SimVenue {
  std::string name; ///< SIM-A
  double maker_fee_bps = 0.0;
  double taker_fee_bps = 0.0;
  double noise_bps = 1.0;     ///< scale of its distance from the common price; twice that at most
  double spread_factor = 1.0; ///< its spreads, relative to the instrument's
  core::Duration latency = std::chrono::milliseconds{5}; ///< from the event to its receipt

  friend bool operator==(const SimVenue&, const SimVenue&) = default;
};
BOOST_DESCRIBE_STRUCT(SimVenue,
                      (),
                      (name, maker_fee_bps, taker_fee_bps, noise_bps, spread_factor, latency))

[[nodiscard]] std::vector<SimInstrument> default_instruments();
[[nodiscard]] std::vector<SimVenue> default_venues();

/// The simulated market; the defaults are eight correlated instruments on two venues.
struct SimSettings {
  std::uint64_t seed = 1;
  double trades_per_second = 1.5;      ///< per instrument and venue in quiet times; at most 50
  double book_events_per_second = 6.0; ///< orders added or canceled, beside quotes; at most 500
  std::uint32_t book_orders = 80;      ///< orders that rest in a book, about; 4 .. 2000
  std::vector<SimInstrument> instruments = default_instruments();
  std::vector<SimVenue> venues = default_venues();

  friend bool operator==(const SimSettings&, const SimSettings&) = default;
};
BOOST_DESCRIBE_STRUCT(
  SimSettings,
  (),
  (seed, trades_per_second, book_events_per_second, book_orders, instruments, venues))

inline constexpr std::size_t max_instruments = 256;
inline constexpr std::size_t max_venues = 16;

/// @returns CONFIG_INVALID that names the first setting out of its bounds
[[nodiscard]] core::Result<void> check(const SimSettings& settings);

} // namespace troupe::venues::sim
