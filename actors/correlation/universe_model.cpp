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

constexpr const char* model_kind = "correlation_model";
constexpr auto model_store_deadline = 10s;
/// Fewest returns that a kept model is fitted on.
constexpr std::size_t fit_returns_min = 250;

void store_renumbered(UniverseSelf* self);

void store_model(UniverseSelf* self, const DccModel& model) {
  const auto id = universe_name(self->state.universe->interval());
  storage::StoreDocument request{{.kind = model_kind,
                                  .id = id,
                                  .version = self->state.version,
                                  .body = model.stored,
                                  .written_at = self->runtime().clock.now()}};
  ask_part<storage::StoreDocument>(
    self, self->state.paths.documents(), std::move(request), model_store_deadline,
    [self, id](const core::Result<storage::DocumentStored>& stored) {
      if (stored) {
        return;
      }
      core::log::warn("model not stored",
                      {{"universe", id}, {"error", core::to_string(stored.error())}});
      if (stored.error().code == core::Errc::CONFLICT) {
        store_renumbered(self);
      }
    });
}

/// The store has that version already: another node fitted this universe, or what it had could not
/// be read at the start. The model that stands here is the newer one.
void store_renumbered(UniverseSelf* self) {
  ask_part<storage::LoadDocuments>(self, self->state.paths.documents(), {model_kind},
                                   model_store_deadline,
                                   [self](const core::Result<storage::DocumentsLoaded>& loaded) {
                                     auto& state = self->state;
                                     if (!loaded || !state.model) {
                                       return; // the next fit tries again
                                     }
                                     const auto id = universe_name(state.universe->interval());
                                     for (const auto& document : loaded->documents) {
                                       if (document.id == id && document.version >= state.version) {
                                         state.version = document.version + 1;
                                         state.model->info.version = state.version;
                                         store_model(self, *state.model);
                                       }
                                     }
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
  store_model(self, *state.model);
  bring_model_forward(state);
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

void load_model(UniverseSelf* self) {
  ask_part<storage::LoadDocuments>(
    self, self->state.paths.documents(), {model_kind}, model_store_deadline,
    [self](const core::Result<storage::DocumentsLoaded>& loaded) {
      auto& state = self->state;
      state.loaded = true;
      if (!loaded) {
        // without the store models are fitted anew, and count from where they are known
        core::log::warn("models not loaded", {{"error", core::to_string(loaded.error())}});
        return;
      }
      const auto id = universe_name(state.universe->interval());
      for (const auto& document : loaded->documents) {
        if (document.id != id) {
          continue;
        }
        state.version = std::max(state.version, document.version);
        auto model = restored_dcc(document.body);
        if (model && !state.model) {
          state.model = std::move(*model);
          state.model->info.version = document.version;
          core::log::info("model restored", {{"universe", id}, {"version", document.version}});
        } else if (!model) {
          core::log::error("model unreadable", {{"universe", id},
                                                {"version", document.version},
                                                {"error", core::to_string(model.error())}});
        }
      }
      if (state.universe->ready()) {
        bring_model_forward(state);
      }
    });
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
  if (state.fitting || !state.loaded || !universe.ready() || universe.waiting() > 1
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
