#pragma once

#include "actors/storage/history.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace troupe::storage {

struct SqliteSettings {
  std::chrono::milliseconds busy_timeout{5000}; ///< how long a write waits for another writer
  std::uint64_t size_bytes_max = 0;             ///< largest database file; 0: as large as the disk
};

/// Opens or makes a history in one SQLite file (WAL, synchronous=FULL: a committed write survives
/// a crash of the process and of the machine). ":memory:" makes one that ends with the store.
/// @returns IO_ERROR where the file cannot be opened or is no SQLite database, VERSION_MISMATCH
///          where a newer version of Troupe wrote it, UNAVAILABLE where it is locked
[[nodiscard]] core::Result<std::unique_ptr<HistoryStore>>
open_sqlite_history(const std::string& file, const SqliteSettings& settings = {});

} // namespace troupe::storage
