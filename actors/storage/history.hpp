#pragma once

#include "trading/bar.hpp"
#include "trading/trade.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::storage {

/// Most rows one query returns, and most rows one write takes.
inline constexpr std::size_t rows_max = 100'000;
/// Largest blob and longest blob name.
inline constexpr std::size_t blob_bytes_max = std::size_t{16} << 20U;
inline constexpr std::size_t blob_name_bytes_max = 256;

/// Which rows of a range are returned when there are more than the limit; either way ascending.
enum class Pick : std::uint8_t { NEWEST, OLDEST };

/// Half-open in time; an absent bound is open.
struct TimeRange {
  std::optional<core::Timestamp> start; ///< inclusive
  std::optional<core::Timestamp> end;   ///< exclusive
};

/// First and last time on record.
struct Extent {
  core::Timestamp earliest;
  core::Timestamp latest;

  friend bool operator==(const Extent&, const Extent&) = default;
};

/// Bars, trades and small named blobs (fitted models) that outlive the process.
/// A write is durable when it returns; it is done as a whole or not at all. Implementations are
/// not thread-safe and block: each lives on one detached actor.
///
/// Errors of all members: INVALID_ARGUMENT for arguments outside the stated bounds (nothing is
/// written then), UNAVAILABLE where another writer holds the database for too long, IO_ERROR for
/// everything the medium does (full, read-only, damaged).
class HistoryStore {
public:
  virtual ~HistoryStore() = default;

  /// Stores closed bars; a bar that is there already is replaced where it differs, so that the
  /// same bars may be written any number of times.
  /// @param bars  any order, at most rows_max; all final, ts_open on the interval's grid and
  ///              ts_close = ts_open + interval
  /// @returns     how many were new or different
  [[nodiscard]] virtual core::Result<std::size_t>
  upsert_bars(const trading::InstrumentId& instrument,
              trading::Interval interval,
              std::span<const trading::Bar> bars) = 0;

  /// @param range  over ts_open
  /// @param limit  1 .. rows_max
  /// @returns      ascending by ts_open; empty where there is nothing
  [[nodiscard]] virtual core::Result<std::vector<trading::Bar>>
  bars(const trading::InstrumentId& instrument,
       trading::Interval interval,
       TimeRange range,
       std::size_t limit,
       Pick pick) = 0;

  /// First and last ts_open of an instrument's bars; nothing where there are none.
  [[nodiscard]] virtual core::Result<std::optional<Extent>>
  bars_extent(const trading::InstrumentId& instrument, trading::Interval interval) = 0;

  /// Stores trades; a pair (instrument, trade_id) that is there already is left as it is.
  /// @param trades  any order and instruments, at most rows_max; trade_id below 2^63
  /// @returns       how many were new
  [[nodiscard]] virtual core::Result<std::size_t>
  add_trades(std::span<const trading::Trade> trades) = 0;

  /// @param range  over ts_event
  /// @param limit  1 .. rows_max
  /// @returns      ascending by ts_event, then trade_id; empty where there is nothing
  [[nodiscard]] virtual core::Result<std::vector<trading::Trade>> trades(
    const trading::InstrumentId& instrument, TimeRange range, std::size_t limit, Pick pick) = 0;

  /// Takes trades away, the oldest first.
  /// @param range  over ts_event
  /// @param limit  1 .. rows_max: most that are taken away at once
  /// @returns      how many were
  [[nodiscard]] virtual core::Result<std::size_t>
  remove_trades(const trading::InstrumentId& instrument, TimeRange range, std::size_t limit) = 0;

  /// First and last ts_event of an instrument's trades; nothing where there are none.
  [[nodiscard]] virtual core::Result<std::optional<Extent>>
  trades_extent(const trading::InstrumentId& instrument) = 0;

  /// Stores bytes under a name, in place of what was there.
  /// @param name   1 .. blob_name_bytes_max bytes
  /// @param bytes  at most blob_bytes_max
  [[nodiscard]] virtual core::Result<void> put_blob(std::string_view name,
                                                    std::string_view bytes) = 0;

  /// @returns  nothing where the name is not known
  [[nodiscard]] virtual core::Result<std::optional<std::string>> blob(std::string_view name) = 0;
};

/// Checks that every implementation makes before it writes or reads.
[[nodiscard]] core::Result<void> check_bars(trading::Interval interval,
                                            std::span<const trading::Bar> bars);
[[nodiscard]] core::Result<void> check_trades(std::span<const trading::Trade> trades);
[[nodiscard]] core::Result<void> check_limit(std::size_t limit);
[[nodiscard]] core::Result<void> check_blob(std::string_view name, std::string_view bytes);

} // namespace troupe::storage
