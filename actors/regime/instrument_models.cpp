#include "actors/regime/instrument_state.hpp"
#include "actors/storage/documents_actor.hpp"
#include "core/log.hpp"

#include <utility>

namespace troupe::regime {

namespace instrument_models_detail {

using namespace std::chrono_literals;
using core::Errc;
using core::Error;
using ModelsPromise = caf::typed_response_promise<messages::RegimeModelsReply>;

constexpr auto book_deadline = 8s;
constexpr auto load_again_after = 10s;
/// Orders of operators that wait for the store; more are refused.
constexpr std::size_t changes_max = 32;

void take_in_use(InstrumentSelf* self, Conversation& talk, ModelBook book) {
  talk.models->book = std::move(book);
  if (choose_sets(talk)) {
    publish_change(self, talk, "refit");
  }
  keep_path(self, talk);
}

Error not_loaded(const Modelled& models) {
  return {Errc::NOT_READY, models.store_note.empty() ? "the models are being read from the store"
                                                     : models.store_note};
}

void next_change(InstrumentSelf* self, std::size_t index);

ModelChange pop_change(Modelled& models) {
  auto change = std::move(models.changes.front());
  models.changes.pop_front();
  return change;
}

/// A change that cannot be stored now.
void keep_unstored(InstrumentSelf* self,
                   Conversation& talk,
                   ModelBook book,
                   const ModelChange& change,
                   const Error& why) {
  if (!change.survives_store) {
    change.done(why);
    return;
  }
  book.version = talk.models->book.version;
  talk.models->store_note = "the newest fit is not stored: " + core::to_string(why);
  take_in_use(self, talk, std::move(book));
  change.done({});
}

void book_stored(InstrumentSelf* self,
                 std::size_t index,
                 ModelBook book,
                 const storage::Document& document,
                 const core::Result<storage::DocumentStored>& stored) {
  auto& talk = self->state.conversations[index];
  auto& models = *talk.models;
  const auto change = pop_change(models);
  if (stored) {
    models.store_note.clear();
    take_in_use(self, talk, std::move(book));
    publish_stored(self, talk.interval(), document);
    change.done({});
  } else if (stored.error().code == Errc::CONFLICT || stored.error().code == Errc::TIMEOUT) {
    // another version is there, perhaps this one after all: what holds is what the store has
    models.loaded = false;
    load_models(self, index);
    change.done(stored.error());
  } else {
    keep_unstored(self, talk, std::move(book), change, stored.error());
  }
  next_change(self, index);
}

void next_change(InstrumentSelf* self, std::size_t index) {
  auto& talk = self->state.conversations[index];
  auto& models = *talk.models;
  while (!models.changes.empty()) {
    auto book = models.book;
    if (auto made = models.changes.front().make(book); !made) {
      pop_change(models).done(made);
      continue;
    }
    if (!models.loaded) {
      keep_unstored(self, talk, std::move(book), pop_change(models), not_loaded(models));
      continue;
    }
    ++book.version;
    const storage::Document document{.kind = models_kind,
                                     .id = models_id(self->state.symbol, talk.interval()),
                                     .version = book.version,
                                     .body = core::json::encode(book),
                                     .written_at = self->runtime().clock.now()};
    supervision::ask_path<storage::StoreDocument>(
      self, self->runtime(), self->state.parts.documents(), {document}, {.deadline = book_deadline},
      [self, index, book = std::move(book),
       document](const core::Result<storage::DocumentStored>& stored) {
        book_stored(self, index, book, document, stored);
      });
    return;
  }
}

/// The store answered, or did not: labels may be published, and history is replayed.
void store_heard(InstrumentSelf* self, Conversation& talk) {
  talk.models->loading = false;
  talk.models->asked_once = true;
  if (!talk.asked_history) {
    replay(self, talk);
  }
  publish_change(self, talk, "market");
}

void load_failed(InstrumentSelf* self, Conversation& talk, const Error& why) {
  talk.models->load_at = clock_now(self) + load_again_after;
  talk.models->store_note = "the stored models cannot be read: " + core::to_string(why);
  core::log::warn("models not loaded", {{"id", models_id(self->state.symbol, talk.interval())},
                                        {"error", core::to_string(why)}});
  store_heard(self, talk);
}

void book_loaded(InstrumentSelf* self,
                 Conversation& talk,
                 const std::optional<storage::Document>& path,
                 const core::Result<storage::DocumentLoaded>& loaded) {
  auto& models = *talk.models;
  if (!loaded) {
    load_failed(self, talk, loaded.error());
    return;
  }
  models.store_note.clear();
  path_loaded(self, talk, path);
  models.loaded = true;
  if (loaded->document && loaded->document->version > models.book.version) {
    const auto id = models_id(self->state.symbol, talk.interval());
    auto book = restored_book(loaded->document->body);
    if (book) {
      book->version = loaded->document->version;
      take_in_use(self, talk, std::move(*book));
      core::log::info("models restored", {{"id", id}, {"version", models.book.version}});
    } else {
      models.book.version = loaded->document->version; // the next one goes beyond it
      models.store_note = core::to_string(book.error());
      core::log::error(
        "models unreadable",
        {{"id", id}, {"version", loaded->document->version}, {"error", models.store_note}});
    }
  }
  store_heard(self, talk);
}

/// An order of an operator, answered with how the models stand then.
template <class Request>
caf::result<messages::RegimeModelsReply> order(InstrumentSelf* self,
                                               const Request& request,
                                               std::function<core::Result<void>(ModelBook&)> make) {
  const auto index = find_modelled(self, request.interval);
  if (!index) {
    return core::to_caf(index.error());
  }
  auto& models = *self->state.conversations[*index].models;
  if (!models.loaded) {
    return core::to_caf(not_loaded(models));
  }
  if (models.changes.size() >= changes_max) {
    return core::to_caf(Errc::OVERLOADED,
                        std::to_string(changes_max) + " changes wait for the store already");
  }
  auto promise = self->make_response_promise<messages::RegimeModelsReply>();
  const auto done = [self, index = *index, promise](const core::Result<void>& made) mutable {
    if (made) {
      promise.deliver(models_reply(self, self->state.conversations[index]));
    } else {
      promise.deliver(core::to_caf(made.error()));
    }
  };
  change_models(self, *index, {.make = std::move(make), .done = done});
  return promise;
}

} // namespace instrument_models_detail

using namespace instrument_models_detail;

void publish_stored(InstrumentSelf* self,
                    trading::Interval interval,
                    const storage::Document& document) {
  messages::RegimeModelsStored event{.node = self->runtime().node,
                                     .kind = document.kind,
                                     .instrument = {self->state.symbol, {}},
                                     .interval = interval,
                                     .version = document.version,
                                     .body = document.body,
                                     .written_at = document.written_at};
  self->runtime().bus.publish(messages::topics::regime_models,
                              stored_key(document.kind, document.id),
                              caf::make_message(std::move(event)));
}

void load_models(InstrumentSelf* self, std::size_t index) {
  auto& talk = self->state.conversations[index];
  if (!talk.models || talk.models->loading) {
    return;
  }
  talk.models->loading = true;
  const auto id = models_id(self->state.symbol, talk.interval());
  // conversations are never resized
  supervision::ask_path<storage::LoadDocument>(
    self, self->runtime(), self->state.parts.documents(), {paths_kind, id},
    {.deadline = book_deadline},
    [self, &talk, id](const core::Result<storage::DocumentLoaded>& path) {
      if (!path) {
        load_failed(self, talk, path.error());
        return;
      }
      supervision::ask_path<storage::LoadDocument>(
        self, self->runtime(), self->state.parts.documents(), {models_kind, id},
        {.deadline = book_deadline},
        [self, &talk, kept = path->document](const core::Result<storage::DocumentLoaded>& book) {
          book_loaded(self, talk, kept, book);
        });
    });
}

void change_models(InstrumentSelf* self, std::size_t index, ModelChange change) {
  auto& models = *self->state.conversations[index].models;
  models.changes.push_back(std::move(change));
  if (models.changes.size() == 1) {
    next_change(self, index);
  }
}

void on_models_stored(InstrumentSelf* self, const messages::RegimeModelsStored& event) {
  for (auto& talk : self->state.conversations) {
    if (!talk.models || talk.interval() != event.interval || !talk.models->loaded) {
      continue;
    }
    if (event.kind == paths_kind) {
      on_path_stored(self, talk, event);
      continue;
    }
    if (event.kind != models_kind || event.version <= talk.models->book.version) {
      continue;
    }
    auto book = restored_book(event.body);
    if (!book) {
      core::log::error("models of another node unreadable",
                       {{"node", event.node},
                        {"symbol", self->state.symbol},
                        {"error", core::to_string(book.error())}});
      continue;
    }
    book->version = event.version;
    take_in_use(self, talk, std::move(*book));
  }
}

caf::result<messages::RegimeModelsReply>
on_start_shadow(InstrumentSelf* self, const messages::StartShadowModel& request) {
  const auto index = find_modelled(self, request.interval);
  if (!index) {
    return core::to_caf(index.error());
  }
  auto& models = *self->state.conversations[*index].models;
  auto spec = live_spec(self, models);
  spec.hmm_states = request.hmm_states.value_or(spec.hmm_states);
  spec.switching_states = request.switching_states.value_or(spec.switching_states);
  spec.fit_bars = request.fit_bars.value_or(spec.fit_bars);
  spec.weights = request.weights.value_or(spec.weights);
  std::vector<core::json::Problem> problems;
  check_spec(spec, {}, problems);
  if (!problems.empty()) {
    std::string text;
    for (const auto& problem : problems) {
      text += (text.empty() ? "" : "; ") + problem.text();
    }
    return core::to_caf(Errc::INVALID_ARGUMENT, std::move(text));
  }
  models.shadow_fit = {.at = clock_now(self), .note = {}};
  return order(self, request, [spec](ModelBook& book) -> core::Result<void> {
    book.start_shadow(spec);
    return {};
  });
}

caf::result<messages::RegimeModelsReply> on_promote(InstrumentSelf* self,
                                                    const messages::PromoteShadowModel& request) {
  const auto previous_max = self->state.settings->models.previous_max;
  return order(self, request, [expected = request.expected_version, previous_max](ModelBook& book) {
    return book.promote(expected, previous_max);
  });
}

caf::result<messages::RegimeModelsReply> on_roll_back(InstrumentSelf* self,
                                                      const messages::RollbackModel& request) {
  const auto previous_max = self->state.settings->models.previous_max;
  return order(self, request, [to = request.version, previous_max](ModelBook& book) {
    return book.roll_back(to, previous_max);
  });
}

caf::result<messages::RegimeModelsReply>
on_discard_shadow(InstrumentSelf* self, const messages::DiscardShadowModel& request) {
  return order(self, request, [](ModelBook& book) { return book.discard_shadow(); });
}

} // namespace troupe::regime
