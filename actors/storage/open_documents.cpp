#include "actors/storage/documents.hpp"
#include "actors/storage/url.hpp"

namespace troupe::storage {

namespace {

core::Error bad_document(const std::string& what, std::size_t most, std::size_t found) {
  return {core::Errc::INVALID_ARGUMENT, "expected " + what + " of at most " + std::to_string(most)
                                          + " bytes, found " + std::to_string(found)};
}

} // namespace

core::Result<void> check_document(const Document& document) {
  for (const auto* name : {&document.kind, &document.id}) {
    if (name->empty() || name->size() > document_name_bytes_max) {
      return bad_document("a document's kind and id, not empty and", document_name_bytes_max,
                          name->size());
    }
  }
  if (document.body.size() > document_bytes_max) {
    return bad_document("a document", document_bytes_max, document.body.size());
  }
  if (document.version == 0) {
    return core::Error{core::Errc::INVALID_ARGUMENT, "expected a version above 0, found 0"};
  }
  return {};
}

core::Error version_conflict(const Document& document, std::uint64_t stored) {
  return {core::Errc::CONFLICT, "version " + std::to_string(stored) + " of " + document.kind + ' '
                                  + document.id + " is stored, expected to write version "
                                  + std::to_string(document.version)};
}

core::Result<std::unique_ptr<DocumentStore>> open_documents(std::string_view url) {
  const auto parsed = parse_storage_url(url);
  if (!parsed) {
    return parsed.error();
  }
  switch (parsed->kind) {
    case StorageKind::SQLITE: return open_sqlite_documents(parsed->target);
    case StorageKind::POSTGRESQL: return open_postgres_documents(parsed->target);
  }
  return core::Error{core::Errc::INTERNAL, "a storage of no kind"};
}

} // namespace troupe::storage
