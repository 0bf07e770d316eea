#include "actors/regime/copies_actor.hpp"

#include "actors/storage/documents_actor.hpp"
#include "core/log.hpp"
#include "messages/regime_models.hpp"
#include "supervision/ask.hpp"
#include "supervision/messages.hpp"

#include <array>
#include <utility>

namespace troupe::regime {

/// Time to tell the others what this node's store has.
struct TellModelsDue {};

} // namespace troupe::regime

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::regime::TellModelsDue)

namespace troupe::regime {
namespace {

using namespace std::chrono_literals;

constexpr auto copy_deadline = 10s;
/// After a change of the view: a newcomer subscribes a little later than it is seen.
constexpr std::array tell_models_after{1s, 5s};

struct CopiesState {
  static inline const char* name = "regime-copies";
  Parts parts;
};
using CopiesSelf = supervision::StatefulActor<CopiesState>;

void on_stored(CopiesSelf* self, const messages::RegimeModelsStored& event) {
  if (event.node == self->runtime().node) {
    return;
  }
  const auto& parts = self->state.parts;
  const auto id = models_id(event.instrument.symbol, event.interval);
  supervision::ask_path<storage::StoreDocument>(
    self, self->runtime(), parts.documents(),
    {{.kind = event.kind,
      .id = id,
      .version = event.version,
      .body = event.body,
      .written_at = event.written_at}},
    {.deadline = copy_deadline}, [id](const core::Result<storage::DocumentStored>& stored) {
      // a copy that is there already is as good
      if (!stored && stored.error().code != core::Errc::CONFLICT) {
        core::log::warn("models not copied",
                        {{"id", id}, {"error", core::to_string(stored.error())}});
      }
    });
  const auto child = self->runtime().registry.find(parts.instrument(event.instrument.symbol)).actor;
  if (child) {
    self->send(child, event);
  }
}

void tell_documents(CopiesSelf* self, const char* kind) {
  supervision::ask_path<storage::LoadDocuments>(
    self, self->runtime(), self->state.parts.documents(), {kind}, {.deadline = copy_deadline},
    [self, kind](const core::Result<storage::DocumentsLoaded>& loaded) {
      if (!loaded) {
        return; // said where it is asked for at the start
      }
      for (const auto& document : loaded->documents) {
        if (const auto key = models_key(document.id)) {
          messages::RegimeModelsStored event{.node = self->runtime().node,
                                             .kind = kind,
                                             .instrument = {key->first, {}},
                                             .interval = key->second,
                                             .version = document.version,
                                             .body = document.body,
                                             .written_at = document.written_at};
          self->runtime().bus.publish(messages::topics::regime_models,
                                      stored_key(kind, document.id),
                                      caf::make_message(std::move(event)));
        }
      }
    });
}

caf::behavior copies_behavior(CopiesSelf* self, Parts parts) {
  self->state.parts = std::move(parts);
  const auto me = caf::actor_cast<caf::actor>(self);
  self->runtime().bus.subscribe(messages::topics::regime_models, me);
  self->runtime().placement.watch(me);
  return {
    [self](const messages::RegimeModelsStored& event) { on_stored(self, event); },
    [self](const supervision::ViewChanged&) {
      for (const auto delay : tell_models_after) {
        self->delayed_send(self, delay, TellModelsDue{});
      }
    },
    [self](TellModelsDue) {
      tell_documents(self, models_kind);
      tell_documents(self, paths_kind);
    },
  };
}

} // namespace

supervision::ChildSpec copies(Parts parts) {
  return {
    .name = "copies",
    .start =
      [parts = std::move(parts)](supervision::StartContext& context) {
        return context.spawn(copies_behavior, parts);
      },
    .backoff = supervision::quick_backoff,
  };
}

} // namespace troupe::regime
