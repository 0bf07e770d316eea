#include "actors/correlation/copies_actor.hpp"
#include "actors/correlation/local_ask.hpp"
#include "actors/correlation/series_actor.hpp"
#include "actors/correlation/universe_state.hpp"
#include "actors/storage/documents_actor.hpp"
#include "core/log.hpp"
#include "supervision/solver.hpp"

#include <algorithm>
#include <utility>

namespace troupe::correlation {

/// A fit on its way back from the fitter.
struct FittedModel {
  std::shared_ptr<const DccModel> model;
};

} // namespace troupe::correlation

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::correlation::FittedModel)

namespace troupe::correlation {

namespace {

using namespace std::chrono_literals;
using supervision::Work;
using supervision::WorkDone;

constexpr auto model_store_deadline = 10s;
/// Fewest returns that a kept model is fitted on.
constexpr std::size_t fit_returns_min = 250;

/// The store did not answer, or not as hoped: it is asked again, ever more rarely.
void ask_store_later(UniverseSelf* self) {
  auto& state = self->state;
  const supervision::Backoff backoff{.min = state.settings->retry_after.chrono(),
                                     .max = state.settings->retry_after_max.chrono(),
                                     .jitter = 0.0};
  state.store_at = actor_now(self) + backoff.delay(state.store_failures++, 0.5);
}

/// Takes a stored version where it is newer than what is known; counts on from it.
void take_document(UniverseSelf* self, const storage::Document& document) {
  auto& state = self->state;
  const auto id = universe_name(state.universe->interval());
  auto model = restored_dcc(document.body);
  if (!model) {
    core::log::error(
      "model unreadable",
      {{"universe", id}, {"version", document.version}, {"error", core::to_string(model.error())}});
  } else if (state.model && state.unstored) {
    // it was fitted while the store was silent, and is the newer one
    state.model->info.version = document.version + 1;
    state.version = document.version + 1;
  } else if (!state.model || state.model->info.version < document.version) {
    state.model = std::move(*model);
    state.model->info.version = document.version;
    core::log::info("model restored", {{"universe", id}, {"version", document.version}});
  }
  state.version = std::max(state.version, document.version);
}

/// Asks for what is stored of this universe.
void load_model(UniverseSelf* self) {
  self->state.storing = true;
  ask_part<storage::LoadDocument>(
    self, self->state.paths.documents(),
    {model_kind, universe_name(self->state.universe->interval())}, model_store_deadline,
    [self](const core::Result<storage::DocumentLoaded>& loaded) {
      auto& state = self->state;
      state.storing = false;
      if (!loaded) {
        if (state.store_failures == 0) {
          core::log::warn("models not loaded", {{"error", core::to_string(loaded.error())}});
        }
        ask_store_later(self);
        return;
      }
      state.loaded = true;
      state.store_failures = 0;
      if (loaded->document) {
        take_document(self, *loaded->document);
        if (state.universe->ready()) {
          bring_model_forward(state);
        }
      }
    });
}

void tell_stored(UniverseSelf* self, const storage::Document& document) {
  messages::CorrelationModelStored event{.node = self->runtime().node,
                                         .universe = document.id,
                                         .version = document.version,
                                         .body = document.body,
                                         .written_at = document.written_at};
  self->runtime().bus.publish(messages::topics::correlation_models, document.id,
                              caf::make_message(std::move(event)));
}

void store_model(UniverseSelf* self) {
  auto& state = self->state;
  state.storing = true;
  const storage::Document document{.kind = model_kind,
                                   .id = universe_name(state.universe->interval()),
                                   .version = state.model->info.version,
                                   .body = state.model->stored,
                                   .written_at = self->runtime().clock.now()};
  ask_part<storage::StoreDocument>(
    self, state.paths.documents(), {document}, model_store_deadline,
    [self, document](const core::Result<storage::DocumentStored>& stored) {
      auto& s = self->state;
      s.storing = false;
      if (stored) {
        s.store_failures = 0;
        s.unstored = s.model && s.model->info.version != document.version;
        tell_stored(self, document);
        return;
      }
      core::log::warn("model not stored",
                      {{"universe", document.id}, {"error", core::to_string(stored.error())}});
      // another node's fit has that version, or this one's came to be after its deadline
      s.loaded = s.loaded && stored.error().code != core::Errc::CONFLICT;
      ask_store_later(self);
    });
}

void fit_failed(UniverseSelf* self, const core::Error& why) {
  auto& state = self->state;
  state.fitting = false;
  state.model_note = "the last fit failed: " + core::to_string(why);
  state.fit_at = actor_now(self) + state.settings->refit_every.chrono();
  core::log::warn("model not fitted", {{"universe", universe_name(state.universe->interval())},
                                       {"error", core::to_string(why)}});
}

void fitted(UniverseSelf* self, const DccModel& model) {
  auto& state = self->state;
  state.fitting = false;
  state.fit_at = actor_now(self) + state.settings->refit_every.chrono();
  state.bars_since_fit = 0;
  state.model_note.clear();
  state.model = model;
  state.model->info.version = ++state.version;
  state.unstored = true;
  bring_model_forward(state);
  settle_with_store(self);
  if (state.model) {
    publish_universe(self, "refit");
  }
}

/// As many returns as all instruments have, at most `fit_window`.
core::Result<DccModel> fit_on(const std::vector<SeriesInput>& series,
                              trading::Interval interval,
                              const Settings& settings) {
  std::size_t window = settings.fit_window;
  for (const auto& input : series) {
    window = std::min(window, input.closes->empty() ? 0 : input.closes->size() - 1);
  }
  if (window < fit_returns_min) {
    return core::Error{core::Errc::NOT_READY,
                       "insufficient data: expected at least " + std::to_string(fit_returns_min + 1)
                         + " closed bars of each instrument, found " + std::to_string(window + 1)};
  }
  const auto panel =
    align_newest(series, interval, static_cast<std::uint32_t>(window), settings.overlap_min);
  if (!panel) {
    return panel.error();
  }
  return fit_dcc_model(*panel, false);
}

void ask_fitter(UniverseSelf* self, const Gathered& gathered) {
  Work work;
  work.run = std::make_shared<const std::function<core::Result<caf::message>()>>(
    [series = gathered.series, interval = self->state.universe->interval(),
     settings = self->state.settings]() -> core::Result<caf::message> {
      auto model = fit_on(*series, interval, *settings);
      if (!model) {
        return model.error();
      }
      return caf::make_message(FittedModel{std::make_shared<const DccModel>(std::move(*model))});
    });
  ask_part<Work>(
    self, self->state.paths.fitter(), std::move(work), self->state.settings->fit_deadline.chrono(),
    [self](const core::Result<WorkDone>& done) {
      const auto result = done ? done->outcome() : core::Result<caf::message>{done.error()};
      if (result) {
        fitted(self, *result->get_as<FittedModel>(0).model);
      } else {
        fit_failed(self, result.error());
      }
    });
}

} // namespace

void settle_with_store(UniverseSelf* self) {
  auto& state = self->state;
  if (state.storing || actor_now(self) < state.store_at) {
    return;
  }
  if (!state.loaded) {
    load_model(self);
  } else if (state.unstored && state.model) {
    store_model(self);
  }
}

void take_model(UniverseSelf* self, const std::string& body, std::uint64_t version) {
  auto& state = self->state;
  if (version <= state.version || state.unstored) {
    return; // an older one, or one that a fit of here comes after
  }
  auto model = restored_dcc(body);
  if (!model) {
    core::log::error("model unreadable", {{"universe", universe_name(state.universe->interval())},
                                          {"version", version},
                                          {"error", core::to_string(model.error())}});
    return;
  }
  state.version = version;
  state.model = std::move(*model);
  state.model->info.version = version;
  state.model_note.clear();
  core::log::info("model taken over",
                  {{"universe", universe_name(state.universe->interval())}, {"version", version}});
  if (state.universe->ready()) {
    bring_model_forward(state);
  }
}

void bring_model_forward(UniverseState& state) {
  if (!state.model || state.recent.empty()) {
    return;
  }
  const auto version = state.model->info.version;
  const auto& interval = state.model->interval;
  auto fresh = restored_dcc(state.model->stored);
  const bool known = fresh && fresh->instruments == state.universe->instruments();
  const bool joined = known && fresh->as_of + interval.duration() >= state.recent.front().at;
  if (!joined) {
    state.model.reset();
    return;
  }
  for (const auto& taken : state.recent) {
    if (taken.at > fresh->as_of && fresh->state.update(taken.returns)) {
      fresh->as_of = taken.at;
    }
  }
  fresh->info.version = version;
  state.model = std::move(*fresh);
}

void fit_where_due(UniverseSelf* self) {
  auto& state = self->state;
  const auto& universe = *state.universe;
  const bool store_asked = state.loaded || state.store_failures > 0;
  if (state.fitting || !store_asked || !universe.ready() || universe.waiting() > 1
      || universe.instruments().size() > state.settings->model_symbols_max
      || actor_now(self) < state.fit_at
      || (state.model && state.bars_since_fit < state.settings->refit_bars_min)) {
    return;
  }
  state.fitting = true;
  GatherCloses request{.symbols = universe.instruments(),
                       .interval = universe.interval(),
                       .closes = state.settings->fit_window + 1,
                       .range = {}};
  ask_part<GatherCloses>(self, state.paths.series(), std::move(request),
                         state.settings->history_deadline.chrono() * 2,
                         [self](const core::Result<Gathered>& gathered) {
                           if (gathered) {
                             ask_fitter(self, *gathered);
                           } else {
                             fit_failed(self, gathered.error());
                           }
                         });
}

} // namespace troupe::correlation
