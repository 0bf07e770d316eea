#include "actors/storage/history.hpp"

#include <limits>

namespace troupe::storage {

namespace {

core::Error invalid(std::string message) {
  return {core::Errc::INVALID_ARGUMENT, std::move(message)};
}

core::Result<void> check_rows(std::size_t rows) {
  if (rows > rows_max) {
    return invalid("expected at most " + std::to_string(rows_max) + " rows in one write, found "
                   + std::to_string(rows));
  }
  return {};
}

} // namespace

core::Result<void> check_bars(trading::Interval interval, std::span<const trading::Bar> bars) {
  for (const auto& bar : bars) {
    if (!bar.final) {
      return invalid("expected closed bars only, found an open one at " + bar.ts_open.to_text());
    }
    if (interval.open_of(bar.ts_open) != bar.ts_open
        || bar.ts_close != bar.ts_open + interval.duration()) {
      return invalid("expected bars of " + interval.to_text() + " on its grid, found "
                     + bar.ts_open.to_text() + " to " + bar.ts_close.to_text());
    }
  }
  return check_rows(bars.size());
}

core::Result<void> check_trades(std::span<const trading::Trade> trades) {
  constexpr auto trade_id_max =
    static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  for (const auto& trade : trades) {
    if (trade.trade_id > trade_id_max) {
      return invalid("expected a trade_id below 2^63, found " + std::to_string(trade.trade_id));
    }
  }
  return check_rows(trades.size());
}

core::Result<void> check_limit(std::size_t limit) {
  if (limit < 1 || limit > rows_max) {
    return invalid("expected a limit of 1 to " + std::to_string(rows_max) + ", found "
                   + std::to_string(limit));
  }
  return {};
}

core::Result<void> check_blob(std::string_view name, std::string_view bytes) {
  if (name.empty() || name.size() > blob_name_bytes_max) {
    return invalid("expected a blob name of 1 to " + std::to_string(blob_name_bytes_max)
                   + " bytes, found " + std::to_string(name.size()));
  }
  if (bytes.size() > blob_bytes_max) {
    return invalid("expected a blob of at most " + std::to_string(blob_bytes_max) + " bytes, found "
                   + std::to_string(bytes.size()));
  }
  return {};
}

} // namespace troupe::storage
