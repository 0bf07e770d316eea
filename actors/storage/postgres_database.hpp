#pragma once

#include "actors/storage/postgres_history.hpp"

#include <pqxx/pqxx>

#include <memory>
#include <string>
#include <string_view>

/// What the PostgreSQL stores share; private to this folder.
namespace troupe::storage::postgres {

/// Connects with this project's durability settings and brings the tables up to date; nodes that
/// start at once wait for each other. Throws pqxx's exceptions or core::ErrorException.
[[nodiscard]] std::unique_ptr<pqxx::connection> open(const std::string& url,
                                                     const PostgresSettings& settings);

/// The error for an exception of libpqxx's: UNAVAILABLE where trying again may help.
[[nodiscard]] core::Error to_error(std::string_view action, const std::exception& failure);

} // namespace troupe::storage::postgres
