#pragma once

#include "core/errc.hpp"

#include <string>
#include <string_view>

namespace troupe::storage {

enum class StorageKind : std::uint8_t { SQLITE, POSTGRESQL };

/// What `storage.url` names: a file of SQLite's or a database of PostgreSQL's.
struct StorageUrl {
  StorageKind kind = StorageKind::SQLITE;
  std::string target; ///< the file, or the whole address for libpq

  friend bool operator==(const StorageUrl&, const StorageUrl&) = default;
};

/// Reads "sqlite:FILE" (also "sqlite://FILE"; relative to the working directory unless absolute) or
/// "postgresql://USER:PASSWORD@HOST:PORT/DATABASE".
/// @returns CONFIG_INVALID that says what was expected; credentials in the text are not repeated
[[nodiscard]] core::Result<StorageUrl> parse_storage_url(std::string_view text);

} // namespace troupe::storage
