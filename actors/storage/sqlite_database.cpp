#include "actors/storage/sqlite_database.hpp"

#include <array>
#include <sqlite3.h>

namespace troupe::storage::sqlite {

namespace {

// Prices and quantities are TEXT: they have 128 bits, which no number of SQLite's holds; as text
// they stay exact, readable in any tool, and become NUMERIC in PostgreSQL without a conversion.
// Times are INTEGER nanoseconds since the epoch.
// clang-format off
constexpr const char* create_v1 = R"sql(
CREATE TABLE bars (
  instrument TEXT    NOT NULL,
  interval   TEXT    NOT NULL,
  ts_open    INTEGER NOT NULL,
  open       TEXT    NOT NULL,
  high       TEXT    NOT NULL,
  low        TEXT    NOT NULL,
  close      TEXT    NOT NULL,
  volume     TEXT    NOT NULL,
  trades     INTEGER NOT NULL,
  PRIMARY KEY (instrument, interval, ts_open)
) WITHOUT ROWID;
CREATE TABLE trades (
  instrument TEXT    NOT NULL,
  trade_id   INTEGER NOT NULL,
  ts_event   INTEGER NOT NULL,
  ts_recv    INTEGER NOT NULL,
  price      TEXT    NOT NULL,
  quantity   TEXT    NOT NULL,
  aggressor  INTEGER NOT NULL,
  PRIMARY KEY (instrument, trade_id)
) WITHOUT ROWID;
CREATE INDEX trades_by_time ON trades (instrument, ts_event, trade_id);
CREATE TABLE blobs (
  name  TEXT NOT NULL PRIMARY KEY,
  bytes BLOB NOT NULL
);
)sql";

/// Versioned documents: portfolios, fitted models.
constexpr const char* create_v2 = R"sql(
CREATE TABLE documents (
  kind       TEXT    NOT NULL,
  id         TEXT    NOT NULL,
  version    INTEGER NOT NULL,
  body       BLOB    NOT NULL,
  written_at INTEGER NOT NULL,
  PRIMARY KEY (kind, id, version)
) WITHOUT ROWID;
)sql";

/// Step i takes a database of version i to version i + 1. Append, never change.
constexpr std::array<const char*, 2> migrations{create_v1, create_v2};
// clang-format on

constexpr auto schema_version = static_cast<int>(migrations.size());

int stored_version(SQLite::Database& database) {
  return database.execAndGet("SELECT ifnull(max(version), 0) FROM schema_version").getInt();
}

void migrate(SQLite::Database& database, const std::string& file) {
  WriteTransaction transaction{database};
  database.exec("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)");
  const int found = stored_version(database);
  if (found > schema_version) {
    throw core::ErrorException(
      {core::Errc::VERSION_MISMATCH, file + ": expected a history of schema version "
                                       + std::to_string(schema_version) + " or older, found "
                                       + std::to_string(found)});
  }
  for (int version = found; version < schema_version; ++version) {
    database.exec(migrations.at(static_cast<std::size_t>(version)));
    database.exec("INSERT INTO schema_version (version) VALUES (" + std::to_string(version + 1)
                  + ")");
  }
  transaction.commit();
}

} // namespace

SQLite::Database open(const std::string& file, const SqliteSettings& settings) {
  SQLite::Database database{file, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE,
                            static_cast<int>(settings.busy_timeout.count())};
  const auto mode = database.execAndGet("PRAGMA journal_mode=WAL").getString();
  if (mode != "wal" && mode != "memory") {
    throw core::ErrorException(
      {core::Errc::IO_ERROR, file + ": expected journal mode wal, found " + mode});
  }
  database.exec("PRAGMA synchronous=FULL");
  if (settings.size_bytes_max > 0) {
    const auto page_bytes = database.execAndGet("PRAGMA page_size").getInt64();
    const auto pages = static_cast<std::int64_t>(settings.size_bytes_max) / page_bytes;
    database.exec("PRAGMA max_page_count=" + std::to_string(std::max<std::int64_t>(pages, 1)));
  }
  migrate(database, file);
  return database;
}

core::Error to_error(const SQLite::Database* database,
                     const std::string& file,
                     std::string_view action,
                     const std::exception& failure) {
  const std::string text = file + ": cannot " + std::string{action} + ": " + failure.what();
  if (const auto* own = dynamic_cast<const core::ErrorException*>(&failure)) {
    return own->error();
  }
  int code = SQLITE_ERROR;
  if (const auto* thrown = dynamic_cast<const SQLite::Exception*>(&failure)) {
    code = thrown->getErrorCode();
  } else if (database != nullptr) {
    code = database->getErrorCode();
  }
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED) {
    return {core::Errc::UNAVAILABLE, text};
  }
  return {core::Errc::IO_ERROR, text};
}

} // namespace troupe::storage::sqlite
