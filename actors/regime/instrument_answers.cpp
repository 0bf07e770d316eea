#include "actors/regime/instrument_state.hpp"
#include "actors/regime/models/view.hpp"

#include <algorithm>
#include <utility>

namespace troupe::regime {

namespace instrument_answers_detail {

using namespace std::chrono_literals;
using core::Errc;
using core::Error;
using trading::Quality;

/// What the newest data of the symbol is worth now, by the source's own word and its silence.
Quality source_quality(InstrumentSelf* self) {
  const auto& state = self->state;
  if (state.beat.freshness == trading::Freshness::DOWN) {
    return Quality::degraded;
  }
  const bool silent = clock_now(self) - state.beat_at > state.settings->stale_after.chrono();
  const bool bars_lost = state.beat.channels.bars == trading::Freshness::RESYNC;
  return silent || bars_lost || state.beat.freshness != trading::Freshness::LIVE ? Quality::stale
                                                                                 : Quality::live;
}

/// Where no set was ever fitted though it was tried, the rules stand in for what was asked.
Quality model_quality(const Modelled& models) {
  if (models.live_fit.note.empty()) {
    return Quality::live;
  }
  return models.live.set() ? Quality::degraded : Quality::fallback;
}

/// What the bars are worth now.
Quality bars_quality(InstrumentSelf* self, const Conversation& talk) {
  const auto quality = trading::worse(source_quality(self), talk.newest_bar);
  return talk.track.incomplete() ? trading::worse(quality, Quality::stale) : quality;
}

/// The source's time now: what it said last, and what has passed since.
core::Timestamp source_now(InstrumentSelf* self) {
  return self->state.beat.now + (clock_now(self) - self->state.beat_at);
}

void add_note(std::string& notes, const std::string& note) {
  if (!note.empty()) {
    notes += (notes.empty() ? "" : "; ") + note;
  }
}

std::string notes_of(const Conversation& talk) {
  const auto& models = *talk.models;
  std::string out;
  if (models.book.live && !models.live.set() && models.live.ready()) {
    add_note(out, "the stored set was fitted on bars until "
                    + models.book.live->fitted_until.to_text()
                    + ", which are still to come: the rules stand in");
  } else if (!models.book.live) {
    add_note(out, "no model is fitted yet: the rules stand in");
  }
  add_note(out, models.live_fit.note);
  if (models.book.shadow_spec && !models.shadow_fit.note.empty()) {
    add_note(out, "shadow: " + models.shadow_fit.note);
  }
  add_note(out, models.store_note);
  if (models.live.set()) {
    add_note(out, models.live.set()->note);
  }
  return out;
}

caf::error not_ready(InstrumentSelf* self, const Conversation& talk) {
  const auto& classifier = talk.track.classifier();
  return core::to_caf(Errc::NOT_READY,
                      "the regime of " + self->state.symbol + " on " + talk.interval().to_text()
                        + " needs " + std::to_string(classifier.bars_needed())
                        + " closed bars, found " + std::to_string(classifier.bars()));
}

Error unknown_interval(const char* where,
                       const std::vector<std::string>& known,
                       trading::Interval found) {
  std::string list;
  for (const auto& text : known) {
    list += (list.empty() ? "" : ", ") + text;
  }
  return {Errc::INVALID_ARGUMENT, "interval: expected one of "
                                    + (list.empty() ? std::string("none") : list) + where
                                    + ", found " + found.to_text()};
}

} // namespace instrument_answers_detail

using namespace instrument_answers_detail;

core::Result<std::size_t> find_conversation(InstrumentSelf* self,
                                            std::optional<trading::Interval> interval) {
  const auto& talks = self->state.conversations;
  const auto wanted = interval.value_or(trading::intervals::h1);
  const auto found = std::find_if(talks.begin(), talks.end(), [&](const Conversation& talk) {
    return talk.interval() == wanted;
  });
  if (found == talks.end()) {
    return unknown_interval("", self->state.settings->intervals, wanted);
  }
  return static_cast<std::size_t>(found - talks.begin());
}

core::Result<std::size_t> find_modelled(InstrumentSelf* self,
                                        std::optional<trading::Interval> interval) {
  auto found = find_conversation(self, interval);
  if (found && !self->state.conversations[*found].models) {
    return unknown_interval(
      ", on which models are fitted (regime.models.intervals)",
      modelled_intervals(self->state.settings->models, self->state.settings->intervals),
      interval.value_or(trading::intervals::h1));
  }
  return found;
}

std::optional<trading::Regime> label_of(const Conversation& talk) {
  if (talk.models) {
    return talk.models->live.ready() ? std::optional{talk.models->live.regime()} : std::nullopt;
  }
  const auto& classifier = talk.track.classifier();
  return classifier.ready() ? std::optional{classifier.regime()} : std::nullopt;
}

Quality quality_of(InstrumentSelf* self, const Conversation& talk) {
  const auto bars = bars_quality(self, talk);
  return talk.models ? trading::worse(bars, model_quality(*talk.models)) : bars;
}

messages::Meta meta_of(InstrumentSelf* self, const Conversation& talk) {
  const auto& classifier = talk.track.classifier();
  const auto interval = talk.interval().to_text();
  messages::Meta meta;
  meta.as_of = classifier.as_of().value_or(core::Timestamp{});
  meta.quality = quality_of(self, talk);
  meta.age_ms = std::max<std::int64_t>((source_now(self) - meta.as_of) / 1ms, 0);
  meta.method = "rules";
  meta.n_obs = classifier.bars();
  meta.inputs = {
    {"bars " + self->state.symbol + ' ' + interval, meta.as_of, bars_quality(self, talk)}};
  if (talk.models && talk.models->live.set()) {
    const auto& set = *talk.models->live.set();
    meta.method = "ensemble";
    meta.inputs->push_back(
      {"models " + self->state.symbol + ' ' + interval + " version " + std::to_string(set.version),
       set.fitted_until, model_quality(*talk.models)});
  }
  return meta;
}

messages::RegimeState state_of(InstrumentSelf* self, const Conversation& talk) {
  const auto& classifier = talk.track.classifier();
  messages::RegimeState out;
  out.instrument.symbol = self->state.symbol;
  out.interval = talk.interval();
  out.features = classifier.features().to_map();
  if (talk.models) {
    const auto& live = talk.models->live;
    out.regime = live.regime();
    out.confidence = live.confidence();
    out.since = live.since();
    out.since_replayed = live.label().since_replayed;
    out.models = said_by_model(live);
    out.probabilities = named(live.probabilities());
    out.explanation = verdicts_of(live);
    return out;
  }
  Ensemble rules{{}, nullptr};
  rules.apply(Moment{.observation = {},
                     .rules = {.label = classifier.regime(),
                               .candidate = classifier.candidate(),
                               .confidence = classifier.confidence(),
                               .since = classifier.since(),
                               .since_replayed = classifier.label().since_replayed}});
  out.regime = rules.regime();
  out.confidence = rules.confidence();
  out.since = rules.since();
  out.since_replayed = rules.label().since_replayed;
  out.models = said_by_model(rules);
  out.probabilities = named(rules.probabilities());
  out.explanation = verdicts_of(rules);
  return out;
}

messages::RegimeModelsReply models_reply(InstrumentSelf* self, const Conversation& talk) {
  const auto& models = *talk.models;
  const auto interval = talk.interval();
  messages::RegimeModelsReply reply;
  reply.meta = meta_of(self, talk);
  reply.meta.source = models.loaded ? "store" : "memory";
  auto& data = reply.data;
  data.instrument.symbol = self->state.symbol;
  data.interval = interval;
  data.stored_version = models.book.version;
  const auto running = [](const Ensemble* ensemble, const ModelSet& set) {
    const bool same =
      ensemble != nullptr && ensemble->set() && ensemble->set()->version == set.version;
    return same ? ensemble : nullptr;
  };
  if (models.book.live) {
    data.live = view_of(*models.book.live, running(&models.live, *models.book.live), interval);
  }
  data.shadow_spec = models.book.shadow_spec;
  if (models.book.shadow) {
    const auto* const shadow = models.shadow ? &*models.shadow : nullptr;
    data.shadow = view_of(*models.book.shadow, running(shadow, *models.book.shadow), interval);
    data.comparison = models.comparison.result();
  }
  for (const auto& set : models.book.previous) {
    data.previous.push_back(view_of(set, nullptr, interval));
  }
  data.pinned = models.book.pinned;
  data.fitting = models.fitting.has_value();
  data.note = notes_of(talk);
  return reply;
}

caf::result<messages::RegimeReply> on_get(InstrumentSelf* self,
                                          const messages::GetRegime& request) {
  const auto found = find_conversation(self, request.interval);
  if (!found) {
    return core::to_caf(found.error());
  }
  const auto& talk = self->state.conversations[*found];
  if (!label_of(talk)) {
    return not_ready(self, talk);
  }
  return messages::RegimeReply{meta_of(self, talk), state_of(self, talk)};
}

caf::result<messages::RegimeProbabilityReply>
on_get_probability(InstrumentSelf* self, const messages::GetRegimeProbability& request) {
  const auto found = find_modelled(self, request.interval);
  if (!found) {
    return core::to_caf(found.error());
  }
  const auto& talk = self->state.conversations[*found];
  if (!label_of(talk)) {
    return not_ready(self, talk);
  }
  const auto& live = talk.models->live;
  messages::RegimeProbabilityReply reply;
  reply.meta = meta_of(self, talk);
  if (live.set()) {
    reply.meta.n_obs = live.set()->n_obs;
  } else {
    reply.meta.quality = trading::worse(reply.meta.quality, Quality::fallback);
  }
  reply.data = probabilities_of(live, talk.track.follower().moments(), talk.interval());
  reply.data.instrument.symbol = self->state.symbol;
  reply.data.note = notes_of(talk);
  return reply;
}

caf::result<messages::RegimeModelsReply> on_get_models(InstrumentSelf* self,
                                                       const messages::GetRegimeModels& request) {
  const auto found = find_modelled(self, request.interval);
  if (!found) {
    return core::to_caf(found.error());
  }
  return models_reply(self, self->state.conversations[*found]);
}

} // namespace troupe::regime
