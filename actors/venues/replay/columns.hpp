#pragma once

#include "actors/venues/replay/settings.hpp"
#include "core/time.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace troupe::venues::replay {

/// How numbers of a time column count; text columns are always RFC 3339 or a date.
enum class TimeUnit : std::uint8_t { BY_DIGITS, MILLISECONDS, NANOSECONDS };

struct TimeColumn {
  std::size_t index = 0;
  TimeUnit unit = TimeUnit::BY_DIGITS;
};

/// Where a trade's fields are.
struct TradeColumns {
  TimeColumn event;               ///< trade_ms, else ts_event, timestamp, time, event_ms
  std::optional<TimeColumn> recv; ///< local_ns or ts_recv; else the event's time
  std::size_t price = 0;
  std::size_t quantity = 0;
  std::optional<std::size_t> id; ///< else trades are numbered from 1
  std::size_t side = 0;
  bool side_is_maker_flag = false; ///< buyer_is_maker (1: the seller took) rather than side
};

/// Where a bar's fields are. The time is that of the bar's open.
struct BarColumns {
  TimeColumn open_time;
  std::size_t open = 0;
  std::size_t high = 0;
  std::size_t low = 0;
  std::size_t close = 0;
  std::size_t volume = 0;
  std::optional<std::size_t> trades;
};

struct Columns {
  std::size_t count = 0; ///< cells of each line
  std::optional<TradeColumns> trades;
  std::optional<BarColumns> bars; ///< exactly one of the two is there
};

/// Reads a header line; names in any case.
/// @returns INVALID_ARGUMENT that says which columns were expected; a file of quotes is named so
[[nodiscard]] core::Result<Columns> infer_columns(std::string_view header);

/// Splits a line at its commas; quoted cells are not supported by these formats.
void split_cells(std::string_view line, std::vector<std::string_view>& out);

/// RFC 3339, YYYY-MM-DD (midnight UTC), or a count since the epoch: 10 digits are seconds, 13
/// milliseconds, 16 microseconds, 19 nanoseconds, unless the column's name says the unit.
[[nodiscard]] core::Result<core::Timestamp> read_time(std::string_view text, TimeUnit unit);

} // namespace troupe::venues::replay
