#pragma once

#include "core/duration.hpp"
#include "core/json.hpp"
#include "trading/interval.hpp"

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
  core::Duration store_every = std::chrono::seconds{1};     ///< closed bars are written in batches
  core::Duration fetch_deadline = std::chrono::seconds{10}; ///< of a venue's own history
  std::uint32_t closed_bars_unstored_max = 100'000;         ///< waiting for a store that is away
};
BOOST_DESCRIBE_STRUCT(Settings,
                      (),
                      (intervals,
                       bars_in_memory_max,
                       book_levels_published,
                       beat_every,
                       store_every,
                       fetch_deadline,
                       closed_bars_unstored_max))

/// Adds what is wrong in meaning: unknown intervals, a limit of 0.
void check(const Settings& settings, std::vector<core::json::Problem>& problems);

} // namespace troupe::market_data
