#pragma once

#include "actors/storage/history.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace troupe::storage {

struct PostgresSettings {
  std::chrono::seconds connect_timeout{3};           ///< unless the address has one of its own
  std::chrono::milliseconds statement_timeout{8000}; ///< the server gives up a statement after it
};

/// Opens or makes a history in a PostgreSQL database (`synchronous_commit=on`: a write that
/// returned survives a crash of the server; where it must survive the loss of the server's disk,
/// run it with a synchronous standby). Several nodes may use one database at a time. A lost
/// connection is made anew by the next call; the call that lost it is answered UNAVAILABLE, and
/// since every write may be repeated, its caller repeats it.
/// @param url  postgresql://USER:PASSWORD@HOST:PORT/DATABASE?OPTION=VALUE, as libpq reads it
/// @returns UNAVAILABLE where the server cannot be reached or refuses the login, VERSION_MISMATCH
///          where a newer version of Troupe made the tables
[[nodiscard]] core::Result<std::unique_ptr<HistoryStore>>
open_postgres_history(const std::string& url, const PostgresSettings& settings = {});

} // namespace troupe::storage
