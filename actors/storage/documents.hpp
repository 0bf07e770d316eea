#pragma once

#include "core/errc.hpp"
#include "core/time.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::storage {

/// Longest kind and id, largest body.
inline constexpr std::size_t document_name_bytes_max = 128;
inline constexpr std::size_t document_bytes_max = std::size_t{16} << 20U;
/// Versions of one document that are kept; the oldest beyond it go.
inline constexpr std::uint32_t document_versions_max = 100;

/// One version of a named document.
struct Document {
  std::string kind; ///< such as portfolio
  std::string id;
  std::uint64_t version = 0; ///< from 1, growing
  std::string body;
  core::Timestamp written_at;

  friend bool operator==(const Document&, const Document&) = default;
};

/// Small versioned documents that outlive the process: portfolios, fitted models. A write is
/// durable when it returns; it is done as a whole or not at all. Implementations are not
/// thread-safe and block: each lives on one detached actor.
///
/// Errors of all members: INVALID_ARGUMENT for arguments outside the stated bounds, UNAVAILABLE
/// where another writer holds the database for too long, IO_ERROR for everything the medium does.
class DocumentStore {
public:
  virtual ~DocumentStore() = default;

  /// Stores a version.
  /// @pre document.version >= 1
  /// @returns  CONFLICT where that version or a later one of the document is there already
  [[nodiscard]] virtual core::Result<void> put(const Document& document) = 0;

  /// @param version  absent: the newest
  /// @returns        nothing where it is not there
  [[nodiscard]] virtual core::Result<std::optional<Document>>
  get(std::string_view kind, std::string_view id, std::optional<std::uint64_t> version) = 0;

  /// The newest version of every document of a kind, ascending by id.
  [[nodiscard]] virtual core::Result<std::vector<Document>> newest(std::string_view kind) = 0;

  /// The versions of one document that are kept, ascending.
  [[nodiscard]] virtual core::Result<std::vector<std::uint64_t>> versions(std::string_view kind,
                                                                          std::string_view id) = 0;
};

/// Names and sizes, which every implementation checks before it writes.
[[nodiscard]] core::Result<void> check_document(const Document& document);
/// The CONFLICT of a version that is there already.
[[nodiscard]] core::Error version_conflict(const Document& document, std::uint64_t stored);

/// Documents in an SQLite file, beside what else of ours is in it (WAL, synchronous=FULL).
[[nodiscard]] core::Result<std::unique_ptr<DocumentStore>>
open_sqlite_documents(const std::string& file);

/// Documents in a PostgreSQL database; a lost connection is made anew by the next call.
[[nodiscard]] core::Result<std::unique_ptr<DocumentStore>>
open_postgres_documents(const std::string& url);

/// Opens what `storage.url` names; several stores may share one file or database.
[[nodiscard]] core::Result<std::unique_ptr<DocumentStore>> open_documents(std::string_view url);

} // namespace troupe::storage
