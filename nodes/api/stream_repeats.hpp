#pragma once

#include "messages/market_data.hpp"

#include <cstddef>
#include <map>
#include <utility>

namespace troupe::api {

/// What was told already. Bars and trades reach a client once and in order, though whoever takes
/// over an instrument publishes the last seconds before it began again, as nobody knows how far its
/// predecessor came. Events an hour and more older than the newest belong to a new run of recorded
/// data: they are news.
class StreamRepeats {
public:
  /// @returns whether the bar was not told yet, and takes note of it
  [[nodiscard]] bool is_news(const messages::BarClosed& event);
  [[nodiscard]] bool is_news(const messages::ActivityBarClosed& event);

  /// @returns how many of the event's trades, the first of them, were told already; takes note of
  ///          the others
  [[nodiscard]] std::size_t repeated(const messages::TradesPrinted& event);

private:
  using Series = std::pair<trading::InstrumentId, trading::BarSpec>;

  std::map<Series, trading::Bar> bars_; ///< the newest told
  std::map<trading::InstrumentId, trading::Trade> trades_;
};

} // namespace troupe::api
