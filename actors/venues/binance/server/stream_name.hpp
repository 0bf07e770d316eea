#pragma once

#include "actors/venues/sim/exchange/candles.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::venues::binance::server {

/// A stream as its name says: btcusdt@depth5@100ms, btcusdt@kline_1d@+08:00.
struct StreamName {
  enum class Kind : std::uint8_t {
    TRADE,
    AGGREGATE_TRADE,
    KLINE,
    MINI_TICKER,
    TICKER,
    BOOK_TICKER,
    AVERAGE_PRICE,
    DEPTH,         ///< changes
    PARTIAL_DEPTH, ///< the best levels
  };
  Kind kind = Kind::TRADE;
  std::string text;
  std::optional<std::size_t> market; ///< none: all of them
  std::optional<sim::exchange::CandleInterval> interval;
  std::size_t levels = 0;       ///< of PARTIAL_DEPTH
  bool fast = false;            ///< each 100 ms rather than each second
  std::int64_t minutes = 1'440; ///< window of TICKER
  std::string_view window{"1d"};
};

/// @param symbols  the venue's, lower case, by market
/// @returns nullopt for a stream that the venue does not have; subscribing to one is no error there
[[nodiscard]] std::optional<StreamName> parse_stream_name(const std::string& text,
                                                          const std::vector<std::string>& symbols);

} // namespace troupe::venues::binance::server
