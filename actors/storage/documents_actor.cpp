#include "actors/storage/documents_actor.hpp"

#include "core/log.hpp"
#include "supervision/ask.hpp"

#include <utility>

namespace troupe::storage {

namespace {

struct DocumentsState {
  static inline const char* name = "document_store";
  std::string url;
  std::unique_ptr<DocumentStore> store; ///< empty until it could be opened
};
using DocumentsSelf = supervision::StatefulActor<DocumentsState>;

core::Result<DocumentStore*> opened_documents(DocumentsSelf* self) {
  auto& state = self->state;
  if (!state.store) {
    auto store = open_documents(state.url);
    if (!store) {
      core::log::warn("document store does not open",
                      {{"path", self->path()}, {"error", store.error().message}});
      return store.error();
    }
    state.store = std::move(*store);
  }
  return state.store.get();
}

caf::result<DocumentStored> on_store_document(DocumentsSelf* self, const StoreDocument& request) {
  const auto store = opened_documents(self);
  if (!store) {
    return core::to_caf(store.error());
  }
  if (const auto done = (*store)->put(request.document); !done) {
    return core::to_caf(done.error());
  }
  return DocumentStored{request.document.version};
}

caf::result<DocumentsLoaded> on_load_documents(DocumentsSelf* self, const LoadDocuments& request) {
  const auto store = opened_documents(self);
  if (!store) {
    return core::to_caf(store.error());
  }
  auto documents = (*store)->newest(request.kind);
  if (!documents) {
    return core::to_caf(documents.error());
  }
  return DocumentsLoaded{std::move(*documents)};
}

caf::result<DocumentLoaded> on_load_document(DocumentsSelf* self, const LoadDocument& request) {
  const auto store = opened_documents(self);
  if (!store) {
    return core::to_caf(store.error());
  }
  auto document = (*store)->get(request.kind, request.id, std::nullopt);
  if (!document) {
    return core::to_caf(document.error());
  }
  return DocumentLoaded{std::move(*document)};
}

caf::behavior documents_behavior(DocumentsSelf* self, std::string url) {
  self->state.url = std::move(url);
  return {
    supervision::handle<StoreDocument>(self, on_store_document),
    supervision::handle<LoadDocuments>(self, on_load_documents),
    supervision::handle<LoadDocument>(self, on_load_document),
  };
}

} // namespace

supervision::Start documents_actor(std::string url) {
  return [url = std::move(url)](supervision::StartContext& context) {
    return context.spawn(documents_behavior, url);
  };
}

} // namespace troupe::storage
