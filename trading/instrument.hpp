#pragma once

#include "core/time.hpp"
#include "trading/enums.hpp"
#include "trading/values.hpp"

#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace troupe::trading {

/// An instrument's name: "BTC-USD", "BTC-USDT-PERP", and where it matters "BTC-USD.COINBASE".
struct InstrumentId {
  std::string symbol; ///< BTC-USD
  std::string venue;  ///< COINBASE; empty: whichever venue lists it first

  friend auto operator<=>(const InstrumentId&, const InstrumentId&) = default;

  [[nodiscard]] bool qualified() const { return !venue.empty(); }
  [[nodiscard]] std::string to_text() const;
  void append_text(std::string& out) const;

  /// SYMBOL[.VENUE]: upper-case letters and digits, parts of a symbol separated by single dashes,
  /// dashes in the venue too; 2 to 5 parts, at most 32 characters each side.
  [[nodiscard]] static core::Result<InstrumentId> from_text(std::string_view text);

  static constexpr const char* schema_format = "instrument";
};

/// Between nodes it travels by its fields, so that even an empty one arrives as it was sent.
BOOST_DESCRIBE_STRUCT(InstrumentId, (), (symbol, venue))

/// Text form of InstrumentId for hashing containers.
struct InstrumentIdHash {
  std::size_t operator()(const InstrumentId& id) const noexcept {
    return std::hash<std::string>{}(id.symbol) * 31 + std::hash<std::string>{}(id.venue);
  }
};

/// What a venue says of an instrument.
struct Instrument {
  InstrumentId instrument; ///< qualified
  std::string venue;
  std::string venue_symbol; ///< the venue's own name of it, such as BTCUSDT
  InstrumentKind kind = InstrumentKind::SPOT;
  InstrumentStatus status = InstrumentStatus::TRADING;
  std::string base;
  std::string quote;
  std::string settlement;
  Price tick;          ///< smallest price step
  Quantity lot;        ///< smallest quantity step
  Money min_notional;  ///< smallest price * quantity of an order
  Quantity multiplier; ///< units of the base per contract; 1 for spot
  std::optional<Price> strike;
  std::optional<core::Timestamp> expiry;
  double maker_fee_bps = 0.0;
  double taker_fee_bps = 0.0;

  friend bool operator==(const Instrument&, const Instrument&) = default;
};
BOOST_DESCRIBE_STRUCT(Instrument,
                      (),
                      (instrument,
                       venue,
                       venue_symbol,
                       kind,
                       status,
                       base,
                       quote,
                       settlement,
                       tick,
                       lot,
                       min_notional,
                       multiplier,
                       strike,
                       expiry,
                       maker_fee_bps,
                       taker_fee_bps))

/// What differs, in the order of the enumeration; @pre both are the same instrument
[[nodiscard]] std::vector<InstrumentChange> changes_between(const Instrument& before,
                                                            const Instrument& after);

} // namespace troupe::trading
