#include "actors/storage/documents.hpp"
#include "actors/storage/sqlite_database.hpp"

namespace troupe::storage {

namespace sqlite_documents_detail {

class SqliteDocuments final : public DocumentStore {
public:
  SqliteDocuments(std::string file, SQLite::Database database)
    : file_(std::move(file)), database_(std::move(database)) {}

  core::Result<void> put(const Document& document) override {
    if (auto checked = check_document(document); !checked) {
      return checked;
    }
    const auto newer = guarded("write a document", [&] { return write(document); });
    if (!newer) {
      return newer.error();
    }
    if (*newer) {
      return version_conflict(document, **newer);
    }
    return {};
  }

  core::Result<std::optional<Document>>
  get(std::string_view kind, std::string_view id, std::optional<std::uint64_t> version) override {
    return guarded("read a document", [&]() -> std::optional<Document> {
      sqlite::Use select{get_};
      select->bind(1, std::string{kind});
      select->bind(2, std::string{id});
      select->bind(3, static_cast<std::int64_t>(version.value_or(0)));
      if (!select->executeStep()) {
        return std::nullopt;
      }
      return row(select);
    });
  }

  core::Result<std::vector<Document>> newest(std::string_view kind) override {
    return guarded("read documents", [&] {
      sqlite::Use select{newest_};
      select->bind(1, std::string{kind});
      std::vector<Document> out;
      while (select->executeStep()) {
        out.push_back(row(select));
      }
      return out;
    });
  }

  core::Result<std::vector<std::uint64_t>> versions(std::string_view kind,
                                                    std::string_view id) override {
    return guarded("read versions", [&] {
      sqlite::Use select{versions_};
      select->bind(1, std::string{kind});
      select->bind(2, std::string{id});
      std::vector<std::uint64_t> out;
      while (select->executeStep()) {
        out.push_back(static_cast<std::uint64_t>(select->getColumn(0).getInt64()));
      }
      return out;
    });
  }

private:
  template <class Action>
  auto guarded(std::string_view what, Action&& action) -> core::Result<decltype(action())> {
    try {
      return action();
    } catch (const std::exception& failure) {
      return sqlite::to_error(&database_, file_, what, failure);
    }
  }

  static Document row(sqlite::Use& select) {
    return {.kind = select->getColumn(0).getString(),
            .id = select->getColumn(1).getString(),
            .version = static_cast<std::uint64_t>(select->getColumn(2).getInt64()),
            .body = select->getColumn(3).getString(),
            .written_at = {select->getColumn(4).getInt64()}};
  }

  /// @returns the version that stands in the way
  std::optional<std::uint64_t> write(const Document& document) {
    sqlite::WriteTransaction transaction{database_};
    {
      sqlite::Use select{last_};
      select->bind(1, document.kind);
      select->bind(2, document.id);
      if (select->executeStep() && !select->getColumn(0).isNull()) {
        const auto last = static_cast<std::uint64_t>(select->getColumn(0).getInt64());
        if (last >= document.version) {
          return last;
        }
      }
    }
    {
      sqlite::Use put{put_};
      put->bind(1, document.kind);
      put->bind(2, document.id);
      put->bind(3, static_cast<std::int64_t>(document.version));
      put->bind(4, document.body.data(), static_cast<int>(document.body.size()));
      put->bind(5, document.written_at.ns);
      put->exec();
    }
    sqlite::Use forget{forget_};
    forget->bind(1, document.kind);
    forget->bind(2, document.id);
    forget->bind(3, static_cast<std::int64_t>(document_versions_max));
    forget->exec();
    transaction.commit();
    return std::nullopt;
  }

  std::string file_;
  SQLite::Database database_;
  SQLite::Statement last_{database_,
                          "SELECT max(version) FROM documents WHERE kind = ?1 AND id = ?2"};
  SQLite::Statement put_{database_, "INSERT INTO documents (kind, id, version, body, written_at) "
                                    "VALUES (?1, ?2, ?3, ?4, ?5)"};
  SQLite::Statement forget_{
    database_,
    "DELETE FROM documents WHERE kind = ?1 AND id = ?2 AND version NOT IN (SELECT "
    "version FROM documents WHERE kind = ?1 AND id = ?2 ORDER BY version DESC LIMIT ?3)"};
  SQLite::Statement get_{
    database_, "SELECT kind, id, version, body, written_at FROM documents WHERE kind = ?1 AND "
               "id = ?2 AND (?3 = 0 OR version = ?3) ORDER BY version DESC LIMIT 1"};
  SQLite::Statement newest_{
    database_, "SELECT kind, id, max(version), body, written_at FROM documents WHERE kind = ?1 "
               "GROUP BY id ORDER BY id"};
  SQLite::Statement versions_{
    database_, "SELECT version FROM documents WHERE kind = ?1 AND id = ?2 ORDER BY version"};
};

} // namespace sqlite_documents_detail

core::Result<std::unique_ptr<DocumentStore>> open_sqlite_documents(const std::string& file) {
  try {
    auto database = sqlite::open(file, {});
    return std::unique_ptr<DocumentStore>{
      std::make_unique<sqlite_documents_detail::SqliteDocuments>(file, std::move(database))};
  } catch (const std::exception& failure) {
    return sqlite::to_error(nullptr, file, "open the documents", failure);
  }
}

} // namespace troupe::storage
