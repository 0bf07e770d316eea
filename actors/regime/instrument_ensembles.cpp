#include "actors/regime/instrument_state.hpp"

#include <algorithm>
#include <utility>

/// The ensembles of an instrument and interval, and how they follow the bars.
namespace troupe::regime {

namespace instrument_ensembles_detail {

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

bool same_spec(const std::shared_ptr<const ModelSet>& running, const ModelSet* wanted) {
  return running && wanted != nullptr && running->spec == wanted->spec;
}

Ensemble ensemble_of(const Conversation& talk, const ModelSet* set) {
  return {talk.models->hysteresis, set ? std::make_shared<const ModelSet>(*set) : nullptr};
}

/// Over the bars that are kept.
Ensemble run_of(const Conversation& talk, const ModelSet* set) {
  auto out = ensemble_of(talk, set);
  out.apply(talk.track.follower().moments());
  return out;
}

/// What was said before, unless that is of bars to come: a recording that is played again.
const RegimePath* usable_path(const Conversation& talk) {
  const auto& path = talk.models->path;
  const auto now = talk.track.classifier().as_of();
  return path && now && path->live.as_of <= *now + history_lag_bars_max * talk.interval().duration()
           ? &*path
           : nullptr;
}

/// Runs the sets of the book over all bars that are kept, on from what was said of them before.
void rebuild_ensembles(Conversation& talk) {
  auto& models = *talk.models;
  const auto& classifier = talk.track.classifier();
  const auto* const path = usable_path(talk);
  const auto* const live = usable_at(models.book.live, classifier);
  const auto* const shadow = usable_at(models.book.shadow, classifier);
  models.live = ensemble_of(talk, live);
  models.shadow.reset();
  if (shadow != nullptr) {
    models.shadow.emplace(ensemble_of(talk, shadow));
  }
  core::Timestamp judged{}; // up to here, or it was fitted on it
  if (path != nullptr) {
    models.live.resume(path->live);
    models.comparison = Comparison{path->comparison};
    judged = std::max({path->live.as_of, live ? live->fitted_until : core::Timestamp{},
                       shadow ? shadow->fitted_until : core::Timestamp{}});
    if (models.shadow && path->shadow) {
      models.shadow->resume(*path->shadow);
    }
  }
  for (const auto& moment : talk.track.follower().moments()) {
    models.live.apply(moment);
    if (models.shadow) {
      models.shadow->apply(moment);
      if (path != nullptr && moment.observation.at > judged) {
        models.comparison.count(moment, models.live, *models.shadow);
      }
    }
  }
  models.live.mark_replayed();
}

/// Puts other sets in the place of those that run. The label goes over.
void succeed_ensembles(Conversation& talk, const ModelSet* live, const ModelSet* shadow) {
  auto& models = *talk.models;
  const auto running = models.shadow ? models.shadow->set() : nullptr;
  const bool changed = !is_same(models.live.set(), live);
  if ((changed && !same_spec(models.live.set(), live))
      || (!is_same(running, shadow) && !same_spec(running, shadow))) {
    models.comparison = {};
  }
  const auto now = talk.track.classifier().as_of();
  if (changed) {
    auto next = run_of(talk, live);
    if (next.ready() && models.live.ready()) {
      next.succeed(models.live, now.value());
    }
    models.live = std::move(next);
  }
  if (!is_same(running, shadow)) {
    auto before = std::exchange(models.shadow, std::nullopt);
    if (shadow != nullptr) {
      models.shadow.emplace(run_of(talk, shadow));
      if (before && same_spec(running, shadow) && models.shadow->ready() && before->ready()) {
        models.shadow->succeed(*before, now.value());
      }
    }
  }
}

/// Takes note of what stands, for whatever begins anew. Not while bars may be missing, nor before
/// the bar came that the note from before is of.
void note_path(Conversation& talk) {
  auto& models = *talk.models;
  if (talk.track.rebuilding() || !models.live.ready() || waits_for_history(talk)) {
    return;
  }
  const auto& classifier = talk.track.classifier();
  const auto version = [](const Ensemble& of) {
    return of.set() ? std::optional{of.set()->version} : std::nullopt;
  };
  RegimePath path;
  path.rules = classifier.label();
  path.live = models.live.label();
  path.live_version = version(models.live);
  path.comparison = models.comparison.tally();
  if (models.shadow && models.shadow->ready()) {
    path.shadow = models.shadow->label();
    path.shadow_version = version(*models.shadow);
  }
  models.path = std::move(path);
}

} // namespace instrument_ensembles_detail

using namespace instrument_ensembles_detail;

bool is_modelled(const Settings& settings, const std::string& interval) {
  const auto intervals = modelled_intervals(settings.models, settings.intervals);
  return std::find(intervals.begin(), intervals.end(), interval) != intervals.end();
}

bool waits_for_history(const Conversation& talk) {
  return talk.resuming || talk.track.classifier().waits()
         || (talk.models && talk.models->live.waits());
}

bool choose_sets(Conversation& talk) {
  auto& models = *talk.models;
  const auto& classifier = talk.track.classifier();
  const auto* const live = usable_at(models.book.live, classifier);
  const auto* const shadow = usable_at(models.book.shadow, classifier);
  const auto running = models.shadow ? models.shadow->set() : nullptr;
  const bool changed = !is_same(models.live.set(), live);
  if (!changed && is_same(running, shadow)) {
    return false;
  }
  if (talk.published) {
    succeed_ensembles(talk, live, shadow);
  } else {
    rebuild_ensembles(talk);
  }
  note_path(talk);
  return changed;
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
    rebuild_ensembles(talk);
  }
  for (auto i = moments.size() - static_cast<std::size_t>(fresh); i < moments.size(); ++i) {
    models.live.apply(moments[i]);
    if (models.shadow) {
      models.shadow->apply(moments[i]);
      models.comparison.count(moments[i], models.live, *models.shadow);
    }
  }
  choose_sets(talk);
  note_path(talk);
}

void restart_models(InstrumentSelf* self, Conversation& talk) {
  if (!talk.models) {
    return;
  }
  auto& models = *talk.models;
  models.live = Ensemble{models.hysteresis, nullptr};
  models.shadow.reset();
  models.comparison = {};
  models.path.reset();
  models.rebuilds = talk.track.rebuilds();
  models.taken = 0;
  models.live_fit.at = models.shadow_fit.at = clock_now(self);
}

} // namespace troupe::regime
