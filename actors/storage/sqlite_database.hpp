#pragma once

#include "actors/storage/sqlite_history.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <string>
#include <string_view>

/// What the SQLite stores share; private to this folder.
namespace troupe::storage::sqlite {

/// Opens a file with this project's durability settings and brings its schema up to date.
/// Throws SQLite::Exception or core::ErrorException.
[[nodiscard]] SQLite::Database open(const std::string& file, const SqliteSettings& settings);

/// The error for an exception of SQLite's.
[[nodiscard]] core::Error to_error(const SQLite::Database* database,
                                   const std::string& file,
                                   std::string_view action,
                                   const std::exception& failure);

/// A write transaction: rolled back unless committed. It takes the write lock at once, so that the
/// busy timeout applies; a deferred one would fail when it turns from reading to writing.
class WriteTransaction {
public:
  explicit WriteTransaction(SQLite::Database& database) : database_(database) {
    database_.exec("BEGIN IMMEDIATE");
  }
  ~WriteTransaction() {
    if (open_) {
      // fails where SQLite has rolled back by itself already, as it does on a full disk
      (void)database_.tryExec("ROLLBACK");
    }
  }
  WriteTransaction(const WriteTransaction&) = delete;
  WriteTransaction& operator=(const WriteTransaction&) = delete;
  void commit() {
    database_.exec("COMMIT");
    open_ = false;
  }

private:
  SQLite::Database& database_;
  bool open_ = true;
};

/// One use of a cached statement: reset at the end, so that it holds no lock and no bindings.
class Use {
public:
  explicit Use(SQLite::Statement& statement) : statement_(statement) {}
  ~Use() {
    (void)statement_.tryReset();
    statement_.clearBindings();
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  SQLite::Statement* operator->() { return &statement_; }

private:
  SQLite::Statement& statement_;
};

} // namespace troupe::storage::sqlite
