#include "actors/correlation/universe_actor.hpp"

#include "actors/correlation/answers.hpp"
#include "actors/correlation/local_ask.hpp"
#include "actors/correlation/series_actor.hpp"
#include "actors/correlation/universe_state.hpp"
#include "core/log.hpp"
#include "core/random.hpp"
#include "supervision/messages.hpp"

#include <algorithm>
#include <utility>

namespace troupe::correlation {

/// Time to look what is due: grace of quiet instruments, rebuilds, fits.
struct UniverseDue {};

/// Time to tell what is kept.
struct TellKeptDue {};

} // namespace troupe::correlation

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::correlation::UniverseDue)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::correlation::TellKeptDue)

namespace troupe::correlation {

using namespace std::chrono_literals;
using core::Errc;
using trading::Quality;

std::string universe_name(trading::Interval interval) {
  return "default " + interval.to_text();
}

std::chrono::nanoseconds actor_now(UniverseSelf* self) {
  return self->clock().now().time_since_epoch();
}

std::optional<std::string> why_no_model(const UniverseState& state) {
  const auto size = state.universe->instruments().size();
  const auto most = state.settings->model_symbols_max;
  if (state.model) {
    return std::nullopt;
  }
  if (size > most) {
    return "no DCC model is kept of " + std::to_string(size) + " instruments: at most "
           + std::to_string(most) + " (model_symbols_max)";
  }
  if (!state.model_note.empty()) {
    return state.model_note;
  }
  return state.fitting  ? "the first fit is under way"
         : state.loaded ? "no model is fitted yet"
                        : "the store has not said yet what model it has";
}

std::optional<messages::ModelInfo> model_info(const UniverseState& state) {
  if (!state.model) {
    return std::nullopt;
  }
  auto info = state.model->info;
  info.age_ms = (state.universe->as_of() - info.fitted_to) / 1ms;
  if (!state.model_note.empty()) {
    info.note += (info.note.empty() ? "" : "; ") + state.model_note;
  }
  if (state.unstored && state.store_failures > 0) {
    info.note += (info.note.empty() ? "" : "; ")
                 + std::string{"not stored yet, so that its version may still change"};
  }
  return info;
}

namespace {

constexpr auto due_every = 500ms;
/// A model's first fit reads the longest history: after what others need to get warm.
constexpr auto first_fit_after = 30s;
/// Beyond this many instruments events carry no matrix.
constexpr std::size_t event_symbols_max = 100;
/// Between rebuilds that doubts ask for: each reads the whole window.
constexpr auto rebuild_spacing = 5s;
/// Between words on what is kept.
constexpr auto tell_kept_every = 5s;
/// Requests that wait for a stored model.
constexpr std::size_t waiting_max = 1'000;

/// What can be subscribed to.
void tell_kept(UniverseSelf* self) {
  const auto& universe = *self->state.universe;
  messages::UniverseKept event{.universe = universe_name(universe.interval()),
                               .interval = universe.interval(),
                               .symbols = universe.instruments(),
                               .left_out = universe.left_out()};
  const auto key = event.universe;
  self->runtime().bus.publish(messages::topics::universes_kept, key,
                              caf::make_message(std::move(event)));
}

messages::Meta universe_meta(UniverseSelf* self, messages::CorrelationMethod method) {
  const auto& state = self->state;
  const auto& universe = *state.universe;
  messages::Meta meta;
  meta.as_of = universe.as_of();
  meta.method = boost::describe::enum_to_string(method, "?");
  meta.n_obs = universe.observations();
  meta.inputs.emplace();
  if (universe.doubtful()) {
    meta.quality = Quality::stale;
  }
  for (std::size_t i = 0; i < universe.instruments().size(); ++i) {
    const auto& id = universe.instruments()[i];
    auto quality = state.listings->quality(id, actor_now(self));
    if (const auto bar = state.bar_quality.find(id.symbol); bar != state.bar_quality.end()) {
      quality = trading::worse(quality, bar->second);
    }
    meta.quality = trading::worse(meta.quality, quality);
    meta.inputs->push_back({"bars " + id.to_text() + ' ' + universe.interval().to_text(),
                            universe.closes()[i], quality});
  }
  const auto now = std::max(state.listings->now(), self->runtime().clock.now());
  meta.age_ms = std::max<std::int64_t>((now - meta.as_of) / 1ms, 0);
  return meta;
}

} // namespace

void publish_universe(UniverseSelf* self, const char* cause) {
  auto& state = self->state;
  const auto& universe = *state.universe;
  const auto correlation = universe.correlation();
  if (!correlation) {
    return;
  }
  messages::CorrelationUpdated event;
  event.meta = universe_meta(self, messages::CorrelationMethod::ewma);
  event.universe = universe_name(universe.interval());
  event.interval = universe.interval();
  event.symbols = universe.instruments();
  if (event.symbols.size() <= event_symbols_max) {
    event.matrix = rows_of(*correlation);
  }
  event.mean_correlation = mean_correlation(*correlation);
  if (state.mean_correlation) {
    event.mean_change = event.mean_correlation - *state.mean_correlation;
  }
  event.cause = cause;
  event.model = model_info(state);
  event.left_out = universe.left_out();
  event.model_note = why_no_model(state);
  state.mean_correlation = event.mean_correlation;
  const auto key = event.universe;
  self->runtime().bus.publish(messages::topics::correlation_updates, key,
                              caf::make_message(std::move(event)));
}

namespace {

/// Takes every bar that is complete.
void take_bars(UniverseSelf* self) {
  auto& state = self->state;
  while (!state.rebuilding) {
    auto returns = state.universe->advance(actor_now(self));
    if (!returns) {
      return;
    }
    if (state.model && state.model->state.update(*returns)) {
      state.model->as_of = state.universe->as_of();
    }
    state.recent.push_back({state.universe->as_of(), std::move(*returns)});
    if (state.recent.size() > state.settings->fit_window) {
      state.recent.pop_front();
    }
    ++state.bars_since_fit;
    publish_universe(self, "market");
  }
}

void rebuild_later(UniverseSelf* self) {
  auto& state = self->state;
  const supervision::Backoff backoff{.min = state.settings->retry_after.chrono(),
                                     .max = state.settings->retry_after_max.chrono(),
                                     .jitter = 0.0};
  state.rebuild_at = actor_now(self) + backoff.delay(state.failures++, 0.5);
  state.universe->doubt();
}

void rebuilt(UniverseSelf* self, const core::Result<Gathered>& gathered) {
  auto& state = self->state;
  state.rebuilding = false;
  if (!gathered) {
    rebuild_later(self);
    return;
  }
  const auto panel = state.universe->rebuild(*gathered->series);
  if (!panel) {
    core::log::debug("universe not built", {{"universe", universe_name(state.universe->interval())},
                                            {"error", core::to_string(panel.error())}});
    rebuild_later(self);
    return;
  }
  const bool partial = std::any_of(gathered->series->begin(), gathered->series->end(),
                                   [](const SeriesInput& input) { return !input.problem.empty(); });
  if (partial) {
    rebuild_later(self); // of what history has not given yet
  } else {
    state.failures = 0;
    state.rebuild_at = actor_now(self) + rebuild_spacing;
  }
  state.recent.clear();
  for (Eigen::Index t = 0; t < panel->observations(); ++t) {
    state.recent.push_back(
      {panel->grid[static_cast<std::size_t>(t) + 1], panel->returns.row(t).transpose()});
  }
  bring_model_forward(state);
  const auto size = state.universe->instruments().size();
  const bool beyond = size > state.settings->model_symbols_max;
  if (beyond && !state.beyond_model) {
    core::log::warn("no model kept", {{"universe", universe_name(state.universe->interval())},
                                      {"instruments", size},
                                      {"model_symbols_max", state.settings->model_symbols_max}});
  }
  state.beyond_model = beyond;
  publish_universe(self, "rebuild");
  tell_kept(self);
  take_bars(self);
}

void rebuild(UniverseSelf* self) {
  auto& state = self->state;
  auto symbols = state.listings->primaries();
  if (symbols.size() < 2) {
    return;
  }
  if (symbols.size() > state.settings->symbols_max) {
    symbols.resize(state.settings->symbols_max);
  }
  state.considered = symbols;
  state.rebuilding = true;
  GatherCloses request{.symbols = std::move(symbols),
                       .interval = state.universe->interval(),
                       .closes = state.settings->window_default + 1,
                       .range = {}};
  ask_part<GatherCloses>(
    self, state.paths.series(), std::move(request), state.settings->history_deadline.chrono() * 2,
    [self](const core::Result<Gathered>& gathered) { rebuilt(self, gathered); });
}

/// Whether instruments came or went since the last rebuild.
bool other_instruments(const UniverseState& state) {
  auto symbols = state.listings->primaries();
  if (symbols.size() > state.settings->symbols_max) {
    symbols.resize(state.settings->symbols_max);
  }
  return symbols != state.considered;
}

void on_due(UniverseSelf* self) {
  auto& state = self->state;
  take_bars(self);
  const bool wanted =
    !state.universe->ready() || state.universe->doubtful() || other_instruments(state);
  if (wanted && !state.rebuilding && actor_now(self) >= state.rebuild_at) {
    rebuild(self);
  }
  settle_with_store(self);
  fit_where_due(self);
}

void on_universe_bar(UniverseSelf* self, const messages::BarClosed& event) {
  auto& state = self->state;
  if (!event.primary || event.interval != state.universe->interval()) {
    return;
  }
  const auto& symbol = event.instrument.symbol;
  state.bar_quality[symbol] = event.quality;
  state.universe->on_close(symbol, event.bar.ts_close, event.bar.close.to_double(),
                           actor_now(self));
  take_bars(self);
}

core::Result<Estimate> kept_estimate(const UniverseState& state,
                                     messages::CorrelationMethod method) {
  if (method == messages::CorrelationMethod::ewma) {
    return state.universe->ewma();
  }
  if (!state.model) {
    return core::Error{Errc::NOT_READY, why_no_model(state).value_or("no model stands")};
  }
  auto out = state.model->estimate(state.universe->as_of());
  if (out) {
    out->model = model_info(state);
  }
  return out;
}

core::Result<messages::CorrelationMatrixReply>
kept_matrix(UniverseSelf* self, const messages::GetCorrelationMatrix& request) {
  const auto& state = self->state;
  const auto& universe = *state.universe;
  const auto method = request.method.value_or(messages::CorrelationMethod::ewma);
  if (!universe.ready()) {
    return core::Error{Errc::NOT_READY, "the universe is being built from history"};
  }
  const auto found = kept_estimate(state, method);
  if (!found) {
    return found.error();
  }
  Panel kept; // of what matrix_of() reads
  kept.instruments = universe.instruments();
  kept.interval = universe.interval();
  kept.grid = {universe.start(), universe.as_of()};
  kept.pair_counts = universe.pair_counts();
  kept.returns.resize(0, static_cast<Eigen::Index>(kept.instruments.size()));
  Selection selection{.symbols = kept.instruments,
                      .method = method,
                      .interval = universe.interval(),
                      .window = static_cast<std::uint32_t>(universe.observations())};
  messages::CorrelationMatrixReply reply{universe_meta(self, method),
                                         matrix_of(kept, *found, selection)};
  if (found->model) {
    reply.meta.n_obs = found->model->n_obs;
    reply.data.window = static_cast<std::uint32_t>(found->model->n_obs);
  }
  reply.data.left_out = universe.left_out();
  reply.data.model_note = why_no_model(state);
  return reply;
}

/// Whether a stored model may stand soon: to wait for it is quicker than to fit another one.
bool settling(const UniverseState& state) {
  const bool unbuilt = !state.universe->ready() && state.failures == 0 && !state.listings->empty();
  const bool unloaded = !state.model && !state.loaded && state.store_failures == 0;
  return unbuilt || unloaded;
}

caf::result<messages::CorrelationMatrixReply>
on_kept_matrix(UniverseSelf* self, const messages::GetCorrelationMatrix& request) {
  auto& state = self->state;
  if (request.method == messages::CorrelationMethod::dcc && settling(state)
      && state.waiting.size() < waiting_max) {
    auto promise = self->make_response_promise<messages::CorrelationMatrixReply>();
    state.waiting.emplace_back(request, promise);
    return promise;
  }
  auto reply = kept_matrix(self, request);
  if (!reply) {
    return core::to_caf(reply.error());
  }
  return std::move(*reply);
}

/// Answers who waited for the model, once it stands or none will soon.
void answer_waiting(UniverseSelf* self) {
  auto& state = self->state;
  if (settling(state)) {
    return;
  }
  for (auto& [request, promise] : std::exchange(state.waiting, {})) {
    auto reply = kept_matrix(self, request);
    reply ? promise.deliver(std::move(*reply)) : promise.deliver(core::to_caf(reply.error()));
  }
}

caf::behavior universe_behavior(UniverseSelf* self,
                                std::shared_ptr<const Settings> settings,
                                Paths paths,
                                trading::Interval interval) {
  auto& state = self->state;
  state.settings = std::move(settings);
  state.paths = std::move(paths);
  state.universe = std::make_unique<Universe>(*state.settings, interval);
  state.listings = std::make_unique<Listings>(state.settings->stale_after.chrono());
  auto& bus = self->runtime().bus;
  const auto me = caf::actor_cast<caf::actor>(self);
  bus.subscribe(messages::topics::venue_status, me);
  bus.subscribe(messages::topics::bars, me);
  state.fit_at = actor_now(self) + first_fit_after;
  settle_with_store(self);
  tell_kept(self);
  self->delayed_send(self, due_every, UniverseDue{});
  self->delayed_send(self, tell_kept_every, TellKeptDue{});
  bus.subscribe(messages::topics::correlation_models, me);
  return {
    supervision::handle<messages::GetCorrelationMatrix>(self, on_kept_matrix),
    [self](const messages::BarClosed& event) { on_universe_bar(self, event); },
    [self](const messages::InstrumentStatusBeat& beat) {
      self->state.listings->on_beat(beat, actor_now(self));
    },
    [self](const supervision::TopicGap& gap) {
      if (gap.topic == messages::topics::bars.name) {
        self->state.universe->doubt();
      }
    },
    [self](const messages::CorrelationModelStored& event) {
      if (event.node != self->runtime().node
          && event.universe == universe_name(self->state.universe->interval())) {
        take_model(self, event.body, event.version);
      }
    },
    [self](TellKeptDue) {
      tell_kept(self);
      self->delayed_send(self, tell_kept_every, TellKeptDue{});
    },
    [self](UniverseDue) {
      on_due(self);
      answer_waiting(self);
      self->delayed_send(self, due_every, UniverseDue{});
    },
  };
}

} // namespace

supervision::ChildSpec
universe(std::shared_ptr<const Settings> settings, Paths paths, trading::Interval interval) {
  return {
    .name = interval.to_text(),
    .start =
      [settings = std::move(settings), paths = std::move(paths),
       interval](supervision::StartContext& context) {
        return context.spawn(universe_behavior, settings, paths, interval);
      },
    .backoff = supervision::quick_backoff,
  };
}

} // namespace troupe::correlation
