#include "actors/storage/documents.hpp"
#include "actors/storage/postgres_database.hpp"

#include <utility>

namespace troupe::storage {

namespace postgres_documents_detail {

constexpr const char* columns = "SELECT kind, id, version, body, written_at FROM documents ";

Document document_in(const pqxx::row& row) {
  const pqxx::binarystring body{row[3]};
  return {.kind = row[0].as<std::string>(),
          .id = row[1].as<std::string>(),
          .version = row[2].as<std::uint64_t>(),
          .body = body.str(),
          .written_at = {row[4].as<std::int64_t>()}};
}

class PostgresDocuments final : public DocumentStore {
public:
  explicit PostgresDocuments(std::string url) : url_(std::move(url)) {}

  /// Makes the connection where there is none. Throws pqxx's exceptions.
  void connect() {
    if (connection_ && connection_->is_open()) {
      return;
    }
    connection_ = postgres::open(url_, {});
    connection_->prepare("put_document",
                         "INSERT INTO documents (kind, id, version, body, written_at) "
                         "VALUES ($1, $2, $3, $4, $5)");
    connection_->prepare("last_document",
                         "SELECT coalesce(max(version), 0) FROM documents WHERE kind = $1 AND "
                         "id = $2");
    connection_->prepare("forget_documents",
                         "DELETE FROM documents WHERE kind = $1 AND id = $2 AND version NOT IN "
                         "(SELECT version FROM documents WHERE kind = $1 AND id = $2 "
                         "ORDER BY version DESC LIMIT $3)");
    connection_->prepare("get_document", std::string{columns}
                                           + "WHERE kind = $1 AND id = $2 AND ($3::bigint = 0 OR "
                                             "version = $3) ORDER BY version DESC LIMIT 1");
    connection_->prepare("newest_documents",
                         "SELECT DISTINCT ON (id) kind, id, version, body, written_at FROM "
                         "documents WHERE kind = $1 ORDER BY id, version DESC");
    connection_->prepare("document_versions", "SELECT version FROM documents WHERE kind = $1 AND "
                                              "id = $2 ORDER BY version");
  }

  core::Result<void> put(const Document& document) override {
    if (auto checked = check_document(document); !checked) {
      return checked;
    }
    const auto newer =
      guarded("write a document", [&](pqxx::work& work) { return write(work, document); });
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
    return guarded("read a document", [&](pqxx::work& work) -> std::optional<Document> {
      const auto rows = work.exec_prepared("get_document", std::string{kind}, std::string{id},
                                           static_cast<std::int64_t>(version.value_or(0)));
      return rows.empty() ? std::nullopt : std::optional{document_in(rows[0])};
    });
  }

  core::Result<std::vector<Document>> newest(std::string_view kind) override {
    return guarded("read documents", [&](pqxx::work& work) {
      std::vector<Document> out;
      for (const auto& row : work.exec_prepared("newest_documents", std::string{kind})) {
        out.push_back(document_in(row));
      }
      return out;
    });
  }

  core::Result<std::vector<std::uint64_t>> versions(std::string_view kind,
                                                    std::string_view id) override {
    return guarded("read versions", [&](pqxx::work& work) {
      std::vector<std::uint64_t> out;
      for (const auto& row :
           work.exec_prepared("document_versions", std::string{kind}, std::string{id})) {
        out.push_back(row[0].as<std::uint64_t>());
      }
      return out;
    });
  }

private:
  template <class Action>
  auto guarded(std::string_view what, Action&& action)
    -> core::Result<decltype(action(std::declval<pqxx::work&>()))> {
    return postgres::in_transaction(
      connection_, what, [this] { connect(); }, std::forward<Action>(action));
  }

  /// @returns the version that stands in the way
  static std::optional<std::uint64_t> write(pqxx::work& work, const Document& document) {
    // writers of one table take turns, so that what is read here still holds at the commit
    work.exec("LOCK TABLE documents IN SHARE ROW EXCLUSIVE MODE");
    const auto last =
      work.exec_prepared1("last_document", document.kind, document.id)[0].as<std::uint64_t>();
    if (last >= document.version) {
      return last;
    }
    const pqxx::binarystring body{document.body.data(), document.body.size()};
    work.exec_prepared0("put_document", document.kind, document.id,
                        static_cast<std::int64_t>(document.version), body, document.written_at.ns);
    work.exec_prepared0("forget_documents", document.kind, document.id,
                        static_cast<std::int64_t>(document_versions_max));
    return std::nullopt;
  }

  std::string url_;
  std::unique_ptr<pqxx::connection> connection_;
};

} // namespace postgres_documents_detail

core::Result<std::unique_ptr<DocumentStore>> open_postgres_documents(const std::string& url) {
  try {
    auto store = std::make_unique<postgres_documents_detail::PostgresDocuments>(url);
    store->connect();
    return std::unique_ptr<DocumentStore>{std::move(store)};
  } catch (const std::exception& failure) {
    return postgres::to_error("open the documents", failure);
  }
}

} // namespace troupe::storage
