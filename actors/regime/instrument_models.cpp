#include "actors/regime/instrument_state.hpp"
#include "actors/storage/documents_actor.hpp"
#include "core/log.hpp"

#include <algorithm>
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

/// What may be in use at the newest bar: a set that was fitted on later ones has seen the future.
const ModelSet* usable_at(const std::optional<ModelSet>& set, const Classifier& classifier) {
  const auto now = classifier.as_of();
  return set && now && set->fitted_until <= *now ? &*set : nullptr;
}

bool is_same(const std::shared_ptr<const ModelSet>& running, const ModelSet* wanted) {
  if (!running || wanted == nullptr) {
    return !running && wanted == nullptr;
  }
  return running->version == wanted->version && running->fitted_at == wanted->fitted_at;
}

Ensemble run_of(const Conversation& talk, const ModelSet* set) {
  Ensemble out{talk.models->hysteresis, set ? std::make_shared<const ModelSet>(*set) : nullptr};
  out.apply(talk.track.follower().moments());
  return out;
}

bool same_spec(const std::shared_ptr<const ModelSet>& running, const ModelSet* wanted) {
  return running && wanted != nullptr && running->spec == wanted->spec;
}

/// Has the ensembles run on the sets of the book. @returns whether the live one is another now
bool choose_sets(Conversation& talk) {
  auto& models = *talk.models;
  const auto& classifier = talk.track.classifier();
  const auto* const live = usable_at(models.book.live, classifier);
  const auto* const shadow = usable_at(models.book.shadow, classifier);
  const bool changed = !is_same(models.live.set(), live);
  const auto running = models.shadow ? models.shadow->set() : nullptr;
  if ((changed && !same_spec(models.live.set(), live))
      || (!is_same(running, shadow) && !same_spec(running, shadow))) {
    models.comparison = {};
  }
  if (changed) {
    auto next = run_of(talk, live);
    if (talk.published && next.ready() && models.live.ready()) {
      next.succeed(models.live, classifier.as_of().value());
    }
    models.live = std::move(next);
  }
  if (!is_same(running, shadow)) {
    models.shadow.reset();
    if (shadow != nullptr) {
      models.shadow.emplace(run_of(talk, shadow));
    }
  }
  return changed;
}

void take_in_use(InstrumentSelf* self, Conversation& talk, ModelBook book) {
  talk.models->book = std::move(book);
  if (choose_sets(talk)) {
    publish_change(self, talk, "refit");
  }
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

void publish_stored(InstrumentSelf* self,
                    trading::Interval interval,
                    const storage::Document& document) {
  messages::RegimeModelsStored event{.node = self->runtime().node,
                                     .instrument = {self->state.symbol, {}},
                                     .interval = interval,
                                     .version = document.version,
                                     .body = document.body,
                                     .written_at = document.written_at};
  self->runtime().bus.publish(messages::topics::regime_models, document.id,
                              caf::make_message(std::move(event)));
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

void book_loaded(InstrumentSelf* self,
                 std::size_t index,
                 const core::Result<storage::DocumentLoaded>& loaded) {
  auto& talk = self->state.conversations[index];
  auto& models = *talk.models;
  const auto id = models_id(self->state.symbol, talk.interval());
  models.loading = false;
  models.asked_once = true;
  if (!loaded) {
    models.load_at = clock_now(self) + load_again_after;
    models.store_note = "the stored models cannot be read: " + core::to_string(loaded.error());
    core::log::warn("models not loaded", {{"id", id}, {"error", core::to_string(loaded.error())}});
    publish_change(self, talk, "market");
    return;
  }
  models.loaded = true;
  models.store_note.clear();
  if (loaded->document && loaded->document->version > models.book.version) {
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
  publish_change(self, talk, "market");
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

bool is_modelled(const Settings& settings, const std::string& interval) {
  const auto intervals = modelled_intervals(settings.models, settings.intervals);
  return std::find(intervals.begin(), intervals.end(), interval) != intervals.end();
}

void follow_models(Conversation& talk) {
  if (!talk.models) {
    return;
  }
  auto& models = *talk.models;
  const auto& follower = talk.track.follower();
  const auto& moments = follower.moments();
  const bool others = models.rebuilds != talk.track.rebuilds() || follower.taken() < models.taken
                      || follower.taken() - models.taken > moments.size();
  const auto fresh = others ? 0 : follower.taken() - models.taken;
  models.rebuilds = talk.track.rebuilds();
  models.taken = follower.taken();
  if (others) {
    const auto* const live = models.live.set().get();
    models.live = run_of(talk, live);
    if (models.shadow) {
      models.shadow = run_of(talk, models.shadow->set().get());
    }
  }
  for (auto i = moments.size() - static_cast<std::size_t>(fresh); i < moments.size(); ++i) {
    models.live.apply(moments[i]);
    if (models.shadow) {
      models.shadow->apply(moments[i]);
      models.comparison.count(moments[i], models.live, *models.shadow);
    }
  }
  choose_sets(talk);
}

void restart_models(InstrumentSelf* self, Conversation& talk) {
  if (!talk.models) {
    return;
  }
  auto& models = *talk.models;
  models.live = Ensemble{models.hysteresis, nullptr};
  models.shadow.reset();
  models.comparison = {};
  models.rebuilds = talk.track.rebuilds();
  models.taken = 0;
  models.live_fit.at = models.shadow_fit.at = clock_now(self);
}

void load_models(InstrumentSelf* self, std::size_t index) {
  auto& talk = self->state.conversations[index];
  if (!talk.models || talk.models->loading) {
    return;
  }
  talk.models->loading = true;
  supervision::ask_path<storage::LoadDocument>(
    self, self->runtime(), self->state.parts.documents(),
    {models_kind, models_id(self->state.symbol, talk.interval())}, {.deadline = book_deadline},
    [self, index](const core::Result<storage::DocumentLoaded>& loaded) {
      book_loaded(self, index, loaded);
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
    const bool newer = talk.models && talk.interval() == event.interval && talk.models->loaded
                       && event.version > talk.models->book.version;
    if (!newer) {
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
