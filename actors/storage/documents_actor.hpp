#pragma once

#include "actors/storage/documents.hpp"
#include "supervision/supervisor.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <optional>
#include <string>
#include <vector>

/// The actor that owns a DocumentStore, and what it is asked. Local to the node.
namespace troupe::storage {

struct DocumentStored {
  std::uint64_t version = 0;
};

/// Writes a version; CONFLICT where it or a later one is there.
struct StoreDocument {
  using Reply = DocumentStored;
  Document document;
};

struct DocumentsLoaded {
  std::vector<Document> documents; ///< ascending by id
};

/// The newest version of every document of a kind.
struct LoadDocuments {
  using Reply = DocumentsLoaded;
  std::string kind;
};

struct DocumentLoaded {
  std::optional<Document> document; ///< absent: there is none
};

/// The newest version of one document.
struct LoadDocument {
  using Reply = DocumentLoaded;
  std::string kind;
  std::string id;
};

/// Starts the store of a `storage.url`. The database is opened at the first request, and anew as
/// long as that fails. State: the connection. Declare the child detached: it blocks.
[[nodiscard]] supervision::Start documents_actor(std::string url);

} // namespace troupe::storage

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::DocumentStored)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::StoreDocument)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::DocumentsLoaded)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::LoadDocuments)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::DocumentLoaded)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::LoadDocument)
