#pragma once

#include "actors/storage/history.hpp"

#include <memory>
#include <string_view>

namespace troupe::storage {

/// Opens what `storage.url` names, with the defaults of its kind; errors as of
/// open_sqlite_history and open_postgres_history.
[[nodiscard]] core::Result<std::unique_ptr<HistoryStore>> open_history(std::string_view url);

} // namespace troupe::storage
