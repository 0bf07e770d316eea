#include "actors/correlation/copies_actor.hpp"

#include "actors/storage/document_copies.hpp"
#include "messages/correlation.hpp"

namespace troupe::correlation {
namespace {

using messages::CorrelationModelStored;

storage::Document copied_document(const CorrelationModelStored& event) {
  return {.kind = model_kind,
          .id = event.universe,
          .version = event.version,
          .body = event.body,
          .written_at = event.written_at};
}

std::optional<CorrelationModelStored> copied_event(const storage::Document& document,
                                                   const std::string& node) {
  return CorrelationModelStored{.node = node,
                                .universe = document.id,
                                .version = document.version,
                                .body = document.body,
                                .written_at = document.written_at};
}

std::string copied_key(const storage::Document& document) {
  return document.id;
}

} // namespace

supervision::ChildSpec copies(const Paths& paths) {
  return storage::copies<CorrelationModelStored>({.topic = messages::topics::correlation_models,
                                                  .kinds = {model_kind},
                                                  .documents = paths.documents(),
                                                  .document_of = copied_document,
                                                  .event_of = copied_event,
                                                  .key_of = copied_key});
}

} // namespace troupe::correlation
