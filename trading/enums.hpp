#pragma once

#include <boost/describe/enum.hpp>

#include <cstdint>

namespace troupe::trading {

/// The field's standard enumerations, spelled as FIX and the venues spell them.

BOOST_DEFINE_FIXED_ENUM_CLASS(Side, std::uint8_t, BUY, SELL)

BOOST_DEFINE_FIXED_ENUM_CLASS(OrderType, std::uint8_t, MARKET, LIMIT, STOP, STOP_LIMIT)

BOOST_DEFINE_FIXED_ENUM_CLASS(TimeInForce, std::uint8_t, GTC, IOC, FOK, GTD, DAY)

BOOST_DEFINE_FIXED_ENUM_CLASS(OrderState,
                              std::uint8_t,
                              INITIALIZED,
                              DENIED,
                              PENDING_NEW,
                              NEW,
                              PARTIALLY_FILLED,
                              PENDING_REPLACE,
                              PENDING_CANCEL,
                              FILLED,
                              CANCELED,
                              REJECTED,
                              EXPIRED)

BOOST_DEFINE_FIXED_ENUM_CLASS(TradingState, std::uint8_t, ACTIVE, REDUCING, HALTED)

BOOST_DEFINE_FIXED_ENUM_CLASS(Regime, std::uint8_t, TRENDING, RANGING, CHOPPY, CRISIS)

BOOST_DEFINE_FIXED_ENUM_CLASS(InstrumentKind, std::uint8_t, SPOT, PERP, OPTION)

BOOST_DEFINE_FIXED_ENUM_CLASS(
  InstrumentStatus, std::uint8_t, TRADING, CANCEL_ONLY, HALTED, DELISTED)

/// What a venue changed of an instrument. LISTED: it says something of it for the first time;
/// CANCEL_ONLY, HALTED, DELISTED, RESUMED: its status is that now; TERMS: strike, expiry,
/// multiplier or settlement.
BOOST_DEFINE_FIXED_ENUM_CLASS(InstrumentChange,
                              std::uint8_t,
                              LISTED,
                              TICK,
                              LOT,
                              MIN_NOTIONAL,
                              CANCEL_ONLY,
                              HALTED,
                              DELISTED,
                              RESUMED,
                              FEES,
                              TERMS)

/// How far a value can be relied on. live: within its freshness limit, from its own source;
/// stale: older than that; degraded: last good value while the source is down; fallback: computed
/// by a simpler method than asked for. Lower case because replies carry it so.
BOOST_DEFINE_FIXED_ENUM_CLASS(Quality, std::uint8_t, live, stale, degraded, fallback)

/// Freshness of one instrument's channel, by its data.
BOOST_DEFINE_FIXED_ENUM_CLASS(Freshness, std::uint8_t, LIVE, STALE, RESYNC, DOWN)

[[nodiscard]] constexpr Side opposite(Side side) {
  return side == Side::BUY ? Side::SELL : Side::BUY;
}

/// The worse of two qualities, in the order of the enumeration.
[[nodiscard]] constexpr Quality worse(Quality a, Quality b) {
  return a < b ? b : a;
}

} // namespace troupe::trading
