#pragma once

#include "core/errc.hpp"

#include <string>
#include <string_view>

namespace troupe::storage {

/// What `storage.url` names: a file of SQLite's.
struct StorageUrl {
  std::string file;

  friend bool operator==(const StorageUrl&, const StorageUrl&) = default;
};

/// Reads "sqlite:FILE" (also "sqlite://FILE"; relative to the working directory unless absolute).
/// @returns CONFIG_INVALID that says what was expected; credentials in the text are not repeated
[[nodiscard]] core::Result<StorageUrl> parse_storage_url(std::string_view text);

} // namespace troupe::storage
