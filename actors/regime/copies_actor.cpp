#include "actors/regime/copies_actor.hpp"

#include "actors/storage/document_copies.hpp"
#include "messages/regime_models.hpp"

#include <utility>

namespace troupe::regime {
namespace {

using messages::RegimeModelsStored;

storage::Document copied_document(const RegimeModelsStored& event) {
  return {.kind = event.kind,
          .id = models_id(event.instrument.symbol, event.interval),
          .version = event.version,
          .body = event.body,
          .written_at = event.written_at};
}

std::optional<RegimeModelsStored> copied_event(const storage::Document& document,
                                               const std::string& node) {
  const auto key = models_key(document.id);
  if (!key) {
    return std::nullopt;
  }
  return RegimeModelsStored{.node = node,
                            .kind = document.kind,
                            .instrument = {key->first, {}},
                            .interval = key->second,
                            .version = document.version,
                            .body = document.body,
                            .written_at = document.written_at};
}

std::string copied_key(const storage::Document& document) {
  return stored_key(document.kind, document.id);
}

} // namespace

supervision::ChildSpec copies(Parts parts) {
  auto documents = parts.documents();
  return storage::copies<RegimeModelsStored>(
    {.topic = messages::topics::regime_models,
     .kinds = {models_kind, paths_kind},
     .documents = std::move(documents),
     .document_of = copied_document,
     .event_of = copied_event,
     .key_of = copied_key,
     .pass_on = [parts = std::move(parts)](supervision::Actor* self,
                                           const RegimeModelsStored& event) {
       const auto child =
         self->runtime().registry.find(parts.instrument(event.instrument.symbol)).actor;
       if (child) {
         self->send(child, event);
       }
     }});
}

} // namespace troupe::regime
