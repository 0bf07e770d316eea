#include "actors/storage/open_history.hpp"

#include "actors/storage/postgres_history.hpp"
#include "actors/storage/sqlite_history.hpp"
#include "actors/storage/url.hpp"

namespace troupe::storage {

core::Result<std::unique_ptr<HistoryStore>> open_history(std::string_view url) {
  const auto parsed = parse_storage_url(url);
  if (!parsed) {
    return parsed.error();
  }
  switch (parsed->kind) {
    case StorageKind::SQLITE: return open_sqlite_history(parsed->target);
    case StorageKind::POSTGRESQL: return open_postgres_history(parsed->target);
  }
  return core::Error{core::Errc::INTERNAL, "a storage of no kind"};
}

} // namespace troupe::storage
