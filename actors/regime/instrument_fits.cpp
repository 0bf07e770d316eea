#include "actors/regime/fits_actor.hpp"
#include "actors/regime/instrument_state.hpp"
#include "actors/regime/models/fit.hpp"
#include "core/log.hpp"

#include <algorithm>
#include <utility>

namespace troupe::regime {

namespace instrument_fits_detail {

using namespace std::chrono_literals;
using core::Errc;
using core::Error;

/// The most bars that history gives at once.
constexpr std::size_t page_bars_max = 1'000;

/// Bars that a fit is made of, while they are asked for: the newest page first.
struct Gathering {
  Rank rank = Rank::LIVE;
  messages::RegimeModelSpec spec;
  std::size_t wanted = 0;
  core::Timestamp end; ///< bars that open before it
  std::vector<trading::Bar> bars;
};
using GatheringPtr = std::shared_ptr<Gathering>;

FitTimes& times_of(Modelled& models, Rank rank) {
  return rank == Rank::LIVE ? models.live_fit : models.shadow_fit;
}

void fit_failed(InstrumentSelf* self, std::size_t index, Rank rank, const Error& why) {
  auto& talk = self->state.conversations[index];
  auto& models = *talk.models;
  auto& times = times_of(models, rank);
  models.fitting.reset();
  times.at = clock_now(self) + self->state.settings->models.retry_after.chrono();
  times.note = "the last fit failed: " + core::to_string(why);
  // a young market has too few bars for days: that is no alarm
  const auto level = why.code == Errc::NOT_READY ? core::log::Level::DEBUG : core::log::Level::WARN;
  core::log::write(level, "models not fitted",
                   {{"symbol", self->state.symbol},
                    {"interval", talk.interval().to_text()},
                    {"rank", rank == Rank::LIVE ? "live" : "shadow"},
                    {"error", core::to_string(why)}});
}

/// Puts a fitted set into the book, unless another one is wanted by now.
std::function<core::Result<void>(ModelBook&)>
placing(ModelSet set, Rank rank, const ModelSettings& settings) {
  return [set = std::move(set), rank, standard = settings.spec,
          previous_max = settings.previous_max](ModelBook& book) -> core::Result<void> {
    if (rank == Rank::SHADOW) {
      return book.shadow_fitted(set)
               ? core::Result<void>{}
               : Error{Errc::CONFLICT, "another shadow, or none, is wanted by now"};
    }
    if (book.pinned || set.spec != book.live_spec.value_or(standard)) {
      return Error{Errc::CONFLICT, "another live set is wanted by now"};
    }
    book.fitted(set, previous_max);
    return {};
  };
}

void fit_done(InstrumentSelf* self,
              std::size_t index,
              Rank rank,
              const core::Result<FitDone>& done) {
  if (!done) {
    fit_failed(self, index, rank, done.error());
    return;
  }
  auto& talk = self->state.conversations[index];
  auto& times = times_of(*talk.models, rank);
  talk.models->fitting.reset();
  times.note.clear();
  times.at = clock_now(self) + self->state.settings->models.refit_every.chrono();
  auto set = *done->set;
  set.fitted_at = self->runtime().clock.now();
  const auto told = [self, index, rank](const core::Result<void>& placed) {
    if (!placed) {
      auto& late = times_of(*self->state.conversations[index].models, rank);
      late.at = clock_now(self) + self->state.settings->models.retry_after.chrono();
      core::log::debug("fit not taken", {{"symbol", self->state.symbol},
                                         {"error", core::to_string(placed.error())}});
    }
  };
  change_models(self, index,
                {.make = placing(std::move(set), rank, self->state.settings->models),
                 .done = told,
                 .survives_store = true});
}

void ask_fit(InstrumentSelf* self, std::size_t index, const GatheringPtr& gathering) {
  const auto& settings = self->state.settings;
  const FitPlan plan{.spec = gathering->spec,
                     .bars_min = std::min(settings->models.fit_bars_min, gathering->spec.fit_bars),
                     .starts = settings->models.starts,
                     .seed = settings->models.seed};
  RunFit request{std::make_shared<const std::function<core::Result<ModelSet>()>>(
    [settings, gathering, plan, interval = self->state.conversations[index].interval()] {
      return fit_models(observations_of(*settings, interval, gathering->bars), plan);
    })};
  const auto deadline =
    (settings->models.queue_deadline.chrono() + settings->models.fit_deadline.chrono());
  supervision::ask_path<RunFit>(
    self, self->runtime(), self->state.parts.fits(), std::move(request), {.deadline = deadline},
    [self, index, rank = gathering->rank](const core::Result<FitDone>& done) {
      fit_done(self, index, rank, done);
    });
}

void ask_page(InstrumentSelf* self, std::size_t index, const GatheringPtr& gathering);

void page_came(InstrumentSelf* self,
               std::size_t index,
               const GatheringPtr& gathering,
               std::size_t limit,
               const core::Result<messages::HistoricalReply>& reply) {
  if (!reply) {
    fit_failed(self, index, gathering->rank, reply.error());
    return;
  }
  const auto& page = reply->data;
  auto& bars = gathering->bars;
  bars.insert(bars.begin(), page.begin(), page.end());
  const bool more = page.size() >= limit && bars.size() < gathering->wanted
                    && page.front().ts_open < gathering->end;
  if (more) {
    gathering->end = page.front().ts_open;
    ask_page(self, index, gathering);
  } else {
    ask_fit(self, index, gathering);
  }
}

void ask_page(InstrumentSelf* self, std::size_t index, const GatheringPtr& gathering) {
  const auto limit = std::min(page_bars_max, gathering->wanted - gathering->bars.size());
  messages::GetHistorical request;
  request.symbol.symbol = self->state.symbol;
  request.interval = self->state.conversations[index].interval();
  request.end = gathering->end;
  request.limit = static_cast<std::uint32_t>(limit);
  const auto deadline = self->state.settings->history_deadline.chrono();
  supervision::ask<messages::GetHistorical>(
    self, self->runtime(), messages::market_data_service, self->state.symbol, std::move(request),
    {.deadline = deadline, .slow = deadline},
    [self, index, gathering, limit](const core::Result<messages::HistoricalReply>& reply) {
      page_came(self, index, gathering, limit, reply);
    });
}

/// Whether a set is to be fitted: there is none, it is of another kind than wanted, it has seen
/// bars that are still to come, or enough bars came since.
bool is_due(const std::optional<ModelSet>& set,
            const messages::RegimeModelSpec& wanted,
            const Conversation& talk,
            std::uint32_t refit_bars_min) {
  const auto now = talk.track.classifier().as_of();
  if (!set || set->spec != wanted || set->fitted_until > *now) {
    return true;
  }
  return (*now - set->fitted_until) / talk.interval().duration() >= refit_bars_min;
}

void start_fit(InstrumentSelf* self, std::size_t index, Rank rank) {
  auto& talk = self->state.conversations[index];
  auto& models = *talk.models;
  models.fitting = rank;
  const auto gathering = std::make_shared<Gathering>();
  gathering->rank = rank;
  gathering->spec = rank == Rank::LIVE ? live_spec(self, models) : *models.book.shadow_spec;
  gathering->wanted = gathering->spec.fit_bars + talk.track.classifier().bars_needed();
  gathering->end = *talk.track.classifier().as_of(); // nothing later than what was lived through
  ask_page(self, index, gathering);
}

void fit_where_due(InstrumentSelf* self, std::size_t index) {
  auto& talk = self->state.conversations[index];
  auto& models = *talk.models;
  const auto& talks = self->state.conversations;
  if (std::any_of(talks.begin(), talks.end(),
                  [](const auto& any) { return any.models && any.models->fitting; })) {
    return; // one interval's history after the other's
  }
  if (!models.asked_once || !models.changes.empty() || talk.track.wants_history()
      || !talk.track.classifier().ready()) {
    return;
  }
  const auto now = clock_now(self);
  const auto bars_min = self->state.settings->models.refit_bars_min;
  const auto& book = models.book;
  if (now >= models.live_fit.at && !book.pinned
      && is_due(book.live, live_spec(self, models), talk, bars_min)) {
    start_fit(self, index, Rank::LIVE);
  } else if (now >= models.shadow_fit.at && book.shadow_spec
             && is_due(book.shadow, *book.shadow_spec, talk, bars_min)) {
    start_fit(self, index, Rank::SHADOW);
  }
}

} // namespace instrument_fits_detail

using namespace instrument_fits_detail;

const messages::RegimeModelSpec& live_spec(InstrumentSelf* self, const Modelled& models) {
  return models.book.live_spec ? *models.book.live_spec : self->state.settings->models.spec;
}

void tend_models(InstrumentSelf* self) {
  auto& talks = self->state.conversations;
  for (std::size_t i = 0; i < talks.size(); ++i) {
    if (!talks[i].models) {
      continue;
    }
    const auto& models = *talks[i].models;
    if (!models.loaded && clock_now(self) >= models.load_at) {
      load_models(self, i);
    }
    fit_where_due(self, i);
  }
}

} // namespace troupe::regime
