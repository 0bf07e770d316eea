#pragma once

#include "actors/market_data/sla_settings.hpp"
#include "core/duration.hpp"
#include "core/json.hpp"
#include "trading/bar_spec.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::market_data {

/// The section "market_data" of a node's configuration.
struct Settings {
  /// Intervals that bars are built of; the first must be the finest.
  std::vector<std::string> intervals{"1s", "1m", "5m", "15m", "1h", "4h", "1d"};
  std::uint32_t bars_in_memory_max = 2'000; ///< closed bars kept per instrument and interval
  std::uint32_t book_levels_published = 20; ///< levels a side in BookChanged
  core::Duration beat_every = std::chrono::seconds{1};
  core::Duration store_every = std::chrono::seconds{1}; ///< closed bars are written in batches
  /// Of bars that are not in memory: the store first, for half of it, then the venue's history.
  core::Duration fetch_deadline = std::chrono::seconds{10};
  std::uint32_t closed_bars_unstored_max = 100'000; ///< waiting for a store that is away
  /// Tick, volume and value bars that are built beside: at most activity_bars_max.
  std::vector<std::string> activity_bars{"tick:100", "volume:10", "value:100000"};
  /// Stored trades that one question for such bars may take in.
  std::uint32_t activity_trades_max = 500'000;
  bool record_trades = true;                   ///< of venues that are live
  std::uint32_t trades_unstored_max = 200'000; ///< of one symbol, waiting for a store that is away
  core::Duration trades_retention = std::chrono::hours{48}; ///< 0: for ever
  SlaSettings sla;

  static constexpr std::size_t activity_bars_max = 16;
};
BOOST_DESCRIBE_STRUCT(Settings,
                      (),
                      (intervals,
                       bars_in_memory_max,
                       book_levels_published,
                       beat_every,
                       store_every,
                       fetch_deadline,
                       closed_bars_unstored_max,
                       activity_bars,
                       activity_trades_max,
                       record_trades,
                       trades_unstored_max,
                       trades_retention,
                       sla))

/// Adds what is wrong in meaning: unknown intervals, a limit of 0.
void check(const Settings& settings, std::vector<core::json::Problem>& problems);

} // namespace troupe::market_data
