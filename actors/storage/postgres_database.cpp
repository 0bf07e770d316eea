#include "actors/storage/postgres_database.hpp"

#include <algorithm>
#include <array>

namespace troupe::storage::postgres {

namespace {

// Prices and quantities are NUMERIC, which is exact; times are BIGINT nanoseconds since the epoch.
// clang-format off
constexpr const char* create_v1 = R"sql(
CREATE TABLE bars (
  instrument TEXT    NOT NULL,
  "interval" TEXT    NOT NULL,
  ts_open    BIGINT  NOT NULL,
  open       NUMERIC NOT NULL,
  high       NUMERIC NOT NULL,
  low        NUMERIC NOT NULL,
  close      NUMERIC NOT NULL,
  volume     NUMERIC NOT NULL,
  trades     BIGINT  NOT NULL,
  PRIMARY KEY (instrument, "interval", ts_open)
);
CREATE TABLE trades (
  instrument TEXT     NOT NULL,
  trade_id   BIGINT   NOT NULL,
  ts_event   BIGINT   NOT NULL,
  ts_recv    BIGINT   NOT NULL,
  price      NUMERIC  NOT NULL,
  quantity   NUMERIC  NOT NULL,
  aggressor  SMALLINT NOT NULL,
  PRIMARY KEY (instrument, trade_id)
);
CREATE INDEX trades_by_time ON trades (instrument, ts_event, trade_id);
CREATE TABLE blobs (
  name  TEXT  NOT NULL PRIMARY KEY,
  bytes BYTEA NOT NULL
);
)sql";

/// Versioned documents: portfolios, fitted models.
constexpr const char* create_v2 = R"sql(
CREATE TABLE documents (
  kind       TEXT   NOT NULL,
  id         TEXT   NOT NULL,
  version    BIGINT NOT NULL,
  body       BYTEA  NOT NULL,
  written_at BIGINT NOT NULL,
  PRIMARY KEY (kind, id, version)
);
)sql";

/// Step i takes a database of version i to version i + 1. Append, never change.
constexpr std::array<const char*, 2> migrations{create_v1, create_v2};
// clang-format on

constexpr auto schema_version = static_cast<int>(migrations.size());

void migrate(pqxx::connection& connection) {
  pqxx::work transaction{connection};
  // any number of ours: held until the end of the transaction
  transaction.exec("SELECT pg_advisory_xact_lock(7209120341)");
  transaction.exec("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)");
  const auto found =
    transaction.exec1("SELECT coalesce(max(version), 0) FROM schema_version")[0].as<int>();
  if (found > schema_version) {
    throw core::ErrorException(
      {core::Errc::VERSION_MISMATCH, "expected a history of schema version "
                                       + std::to_string(schema_version) + " or older, found "
                                       + std::to_string(found)});
  }
  for (int version = found; version < schema_version; ++version) {
    transaction.exec(migrations.at(static_cast<std::size_t>(version)));
    transaction.exec_params("INSERT INTO schema_version (version) VALUES ($1)", version + 1);
  }
  transaction.commit();
}

std::string with_timeout(const std::string& url, std::chrono::seconds timeout) {
  if (url.find("connect_timeout=") != std::string::npos) {
    return url;
  }
  return url + (url.find('?') == std::string::npos ? '?' : '&')
         + "connect_timeout=" + std::to_string(timeout.count());
}

/// Whether the server's error passes by itself: connection lost, resources short for a while,
/// operator intervention, canceled by the timeout, rolled back for another's sake.
/// @source  PostgreSQL 15 documentation, appendix A: SQLSTATE classes
bool passing(const std::exception& failure) {
  const auto* const thrown = dynamic_cast<const pqxx::sql_error*>(&failure);
  if (thrown == nullptr) {
    return dynamic_cast<const pqxx::transaction_rollback*>(&failure) != nullptr;
  }
  const std::string& state = thrown->sqlstate();
  constexpr std::array<std::string_view, 4> classes{"08", "40", "53", "57"};
  constexpr std::string_view disk_full = "53100";
  return state != disk_full
         && std::any_of(classes.begin(), classes.end(),
                        [&](std::string_view one) { return state.starts_with(one); });
}

} // namespace

std::unique_ptr<pqxx::connection> open(const std::string& url, const PostgresSettings& settings) {
  auto connection = std::make_unique<pqxx::connection>(with_timeout(url, settings.connect_timeout));
  connection->set_variable("synchronous_commit", "on");
  connection->set_variable("statement_timeout", std::to_string(settings.statement_timeout.count()));
  connection->set_variable("client_min_messages", "warning");
  connection->set_variable("application_name", "'troupe'");
  migrate(*connection);
  return connection;
}

core::Error to_error(std::string_view action, const std::exception& failure) {
  if (const auto* own = dynamic_cast<const core::ErrorException*>(&failure)) {
    return own->error();
  }
  const std::string text =
    "postgresql: cannot " + std::string{action} + ": " + std::string{failure.what()};
  const bool again = dynamic_cast<const pqxx::broken_connection*>(&failure) != nullptr
                     || dynamic_cast<const pqxx::in_doubt_error*>(&failure) != nullptr
                     || passing(failure);
  return {again ? core::Errc::UNAVAILABLE : core::Errc::IO_ERROR, text};
}

} // namespace troupe::storage::postgres
