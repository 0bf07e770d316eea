#pragma once

#include "messages/market_data.hpp"
#include "trading/activity_bars.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// What the requests of this service mean: checked, with defaults filled in.
namespace troupe::market_data {

inline constexpr std::uint32_t limit_default = 100;
inline constexpr std::uint32_t limit_max = 1'000;
inline constexpr std::uint32_t depth_default = 10;
inline constexpr std::uint32_t depth_max = 1'000;

/// A GetHistorical: bars that open in [start, end), the first `limit` of them; without a start the
/// last `limit` of them.
struct HistoryQuery {
  trading::InstrumentId instrument;
  trading::BarSpec spec;
  std::optional<core::Timestamp> start;
  core::Timestamp end{INT64_MAX};
  std::uint32_t limit = limit_default;
  /// Of a continued list of tick, volume or value bars: the first trade of the bar that opens at
  /// `start`. 0: not continued
  std::uint64_t from_trade = 0;
};

/// @param configured  what bars are built of
/// @returns INVALID_ARGUMENT that names the field, what was expected and what was found: a limit
///          out of 1 to 1000, an interval that is not configured, a start that is not before the
///          end, a cursor that is not one of this instrument and interval
[[nodiscard]] core::Result<HistoryQuery> read_query(const messages::GetHistorical& request,
                                                    std::span<const trading::BarSpec> configured);

/// @returns levels a side; INVALID_ARGUMENT where it is out of 1 to 1000
[[nodiscard]] core::Result<std::uint32_t> read_depth(const messages::GetOrderBook& request);

/// Where a list goes on.
struct HistoryCursor {
  core::Timestamp ts_open;
  std::uint64_t first_trade_id = 0; ///< 0 for bars of time

  friend bool operator==(const HistoryCursor&, const HistoryCursor&) = default;
};

/// The text that continues a list at a bar: its place, and a check that it belongs to the list.
[[nodiscard]] std::string
make_cursor(const std::string& symbol, const trading::BarSpec& spec, const HistoryCursor& cursor);
[[nodiscard]] core::Result<HistoryCursor>
read_cursor(const std::string& symbol, const trading::BarSpec& spec, const std::string& text);

/// One page of bars.
struct HistoryPage {
  std::vector<trading::Bar> bars;
  std::optional<std::string> next_cursor;
  bool has_more = false;
};

/// Cuts the answer out of candidates.
/// @param bars    ascending, distinct; at least the first limit + 1 of the query's range where it
///                has a start, else at least the last `limit`
/// @param symbol  as the caller wrote it: the next cursor is for the same one
[[nodiscard]] HistoryPage make_page(const HistoryQuery& query,
                                    const std::string& symbol,
                                    const std::vector<trading::Bar>& bars);
/// Likewise of bars of trades.
[[nodiscard]] HistoryPage make_page(const HistoryQuery& query,
                                    const std::string& symbol,
                                    const std::vector<trading::ActivityBar>& bars);

} // namespace troupe::market_data
