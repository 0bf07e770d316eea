#pragma once

#include "supervision/actor.hpp"
#include "trading/trade.hpp"

#include <chrono>
#include <functional>
#include <span>
#include <string>

namespace troupe::market_data {

/// Stored trades of [start, end).
struct TradeRange {
  trading::InstrumentId instrument; ///< qualified
  core::Timestamp start;
  core::Timestamp end;
  std::uint32_t trades_max = 0;        ///< then reading ends
  std::string store;                   ///< path of the store
  std::chrono::nanoseconds deadline{}; ///< of each page
};

/// How a reading ended.
enum class TradesRead : std::uint8_t {
  ALL,     ///< there are no more
  ENOUGH,  ///< the reader said so
  TOO_MANY ///< trades_max was reached
};

/// Reads trades page by page in order of time; those of the time at which a page ends may come
/// twice. `take` says whether it wants more. `done` is called on the actor's thread, exactly once
/// unless the actor ends before. The store is behind the breaker "market_data>store".
void read_trades(supervision::Actor* self,
                 const TradeRange& range,
                 std::function<bool(std::span<const trading::Trade>)> take,
                 std::function<void(core::Result<TradesRead>)> done);

} // namespace troupe::market_data
