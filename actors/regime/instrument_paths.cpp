#include "actors/regime/instrument_state.hpp"
#include "actors/storage/documents_actor.hpp"
#include "core/log.hpp"

#include <utility>

/// What was said of an instrument and interval, in the store and in the copies on other nodes.
namespace troupe::regime {

namespace instrument_paths_detail {

using namespace std::chrono_literals;
using core::Errc;

constexpr auto path_deadline = 8s;
/// Parts of the warm-up after which a path is stored though no label changed: it must not get older
/// than the bars that are replayed.
constexpr int path_parts = 4;

void learn_path_version(InstrumentSelf* self, Conversation& talk) {
  supervision::ask_path<storage::LoadDocument>(
    self, self->runtime(), self->state.parts.documents(),
    {paths_kind, models_id(self->state.symbol, talk.interval())}, {.deadline = path_deadline},
    [&talk](const core::Result<storage::DocumentLoaded>& loaded) {
      if (loaded && loaded->document) {
        talk.models->path_version = std::max(talk.models->path_version, loaded->document->version);
      }
    });
}

void path_stored(InstrumentSelf* self,
                 Conversation& talk,
                 const storage::Document& document,
                 const core::Result<storage::DocumentStored>& stored) {
  auto& models = *talk.models;
  models.path_writing = false;
  if (!stored) {
    core::log::debug("labels not stored",
                     {{"id", document.id}, {"error", core::to_string(stored.error())}});
    if (stored.error().code == Errc::CONFLICT || stored.error().code == Errc::TIMEOUT) {
      learn_path_version(self, talk); // the next one goes beyond it
    }
    return;
  }
  models.path_version = document.version;
  publish_stored(self, talk.interval(), document);
  if (std::exchange(models.path_waits, false)) {
    keep_path(self, talk);
  }
}

/// Goes on from a path, replaying the bars after it.
void adopt_path(InstrumentSelf* self, Conversation& talk, RegimePath path) {
  auto& models = *talk.models;
  if (path.venue != self->state.beat.instrument.venue) {
    return; // other bars
  }
  talk.published = path.published;
  talk.track.resume(path.rules);
  models.path_kept = path.live.as_of;
  models.path = std::move(path);
  if (talk.asked_history) {
    talk.resuming = true;
    replay(self, talk);
  }
}

} // namespace instrument_paths_detail

using namespace instrument_paths_detail;

void keep_path(InstrumentSelf* self, Conversation& talk) {
  if (!talk.models || !talk.models->path || !talk.models->loaded || !is_settled(self)
      || waits_for_history(talk) || !label_of(talk)) {
    return;
  }
  auto& models = *talk.models;
  if (models.path_writing) {
    models.path_waits = true;
    return;
  }
  auto path = *models.path;
  path.version = models.path_version + 1;
  path.venue = self->state.beat.instrument.venue;
  path.published = talk.published;
  models.path_kept = path.live.as_of;
  models.path_writing = true;
  const storage::Document document{.kind = paths_kind,
                                   .id = models_id(self->state.symbol, talk.interval()),
                                   .version = path.version,
                                   .body = core::json::encode(path),
                                   .written_at = self->runtime().clock.now()};
  // conversations are never resized
  supervision::ask_path<storage::StoreDocument>(
    self, self->runtime(), self->state.parts.documents(), {document}, {.deadline = path_deadline},
    [self, &talk, document](const core::Result<storage::DocumentStored>& stored) {
      path_stored(self, talk, document, stored);
    });
}

void keep_path_in_time(InstrumentSelf* self, Conversation& talk) {
  if (!talk.models || !talk.models->path) {
    return;
  }
  const auto bars = static_cast<int>(self->state.settings->warm_up_bars) / path_parts;
  if (talk.models->path->live.as_of - talk.models->path_kept >= bars * talk.interval().duration()) {
    keep_path(self, talk);
  }
}

void path_loaded(InstrumentSelf* self,
                 Conversation& talk,
                 const std::optional<storage::Document>& document) {
  auto& models = *talk.models;
  if (!document || document->version <= models.path_version) {
    return;
  }
  models.path_version = document->version;
  if (talk.published) {
    return; // what was said since is newer
  }
  auto path = restored_path(document->body);
  if (!path) {
    core::log::error("labels unreadable",
                     {{"id", document->id}, {"error", core::to_string(path.error())}});
    return;
  }
  adopt_path(self, talk, std::move(*path));
}

void on_path_stored(InstrumentSelf* self,
                    Conversation& talk,
                    const messages::RegimeModelsStored& event) {
  auto& models = *talk.models;
  if (event.version <= models.path_version) {
    return;
  }
  models.path_version = event.version;
  auto path = restored_path(event.body);
  if (path && !is_settled(self)) {
    adopt_path(self, talk, std::move(*path));
  }
}

} // namespace troupe::regime
