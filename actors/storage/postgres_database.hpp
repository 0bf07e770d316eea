#pragma once

#include "actors/storage/postgres_history.hpp"

#include <pqxx/pqxx>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

/// What the PostgreSQL stores share; private to this folder.
namespace troupe::storage::postgres {

/// Connects with this project's durability settings and brings the tables up to date; nodes that
/// start at once wait for each other. Throws pqxx's exceptions or core::ErrorException.
[[nodiscard]] std::unique_ptr<pqxx::connection> open(const std::string& url,
                                                     const PostgresSettings& settings);

/// The error for an exception of libpqxx's: UNAVAILABLE where trying again may help.
[[nodiscard]] core::Error to_error(std::string_view action, const std::exception& failure);

/// Runs the action in a transaction of its own, which is committed when it returns. A connection
/// that was lost is dropped: the next call begins anew.
/// @param connect  makes `connection` where there is none
template <class Connect, class Action>
auto in_transaction(std::unique_ptr<pqxx::connection>& connection,
                    std::string_view what,
                    Connect&& connect,
                    Action&& action)
  -> core::Result<decltype(action(std::declval<pqxx::work&>()))> {
  try {
    connect();
    pqxx::work work{*connection};
    auto result = action(work);
    work.commit();
    return result;
  } catch (const std::exception& failure) {
    auto error = to_error(what, failure);
    if (error.code == core::Errc::UNAVAILABLE) {
      connection.reset();
    }
    return error;
  }
}

} // namespace troupe::storage::postgres
