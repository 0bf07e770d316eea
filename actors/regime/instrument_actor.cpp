#include "actors/regime/instrument_state.hpp"
#include "core/log.hpp"
#include "supervision/messages.hpp"

#include <utility>

namespace troupe::regime {
namespace {

/// Time to ask history again for one interval.
struct AskHistoryAgain {
  std::size_t track = 0;
  std::uint64_t generation = 0;
};

/// Time to see whether the source is silent.
struct SilenceDue {};

} // namespace
} // namespace troupe::regime

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::regime::AskHistoryAgain)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::regime::SilenceDue)

namespace troupe::regime {

std::chrono::nanoseconds clock_now(InstrumentSelf* self) {
  return self->clock().now().time_since_epoch();
}

bool is_settled(InstrumentSelf* self) {
  return clock_now(self) >= self->state.settled_at;
}

void publish_change(InstrumentSelf* self, Conversation& talk, const char* cause) {
  const auto label = label_of(talk);
  // until the store has said what it has, models may be about to come into use
  const bool too_early = (talk.models && !talk.models->asked_once) || waits_for_history(talk);
  const bool changed = label && talk.published != *label;
  const auto quality = quality_of(self, talk);
  if (!label || too_early || (changed ? !is_settled(self) : talk.told == quality)) {
    return;
  }
  const auto previous = std::exchange(talk.published, *label);
  talk.told = quality;
  const auto key = self->state.symbol + ' ' + talk.interval().to_text();
  auto event = caf::make_message(messages::RegimeChanged{meta_of(self, talk), state_of(self, talk),
                                                         previous, changed ? cause : "standing"});
  auto& bus = self->runtime().bus;
  if (changed) {
    bus.publish(messages::topics::regime_changes, key, event);
    keep_path(self, talk);
  }
  bus.publish(messages::topics::regime_states, key, std::move(event));
}

namespace {

using namespace std::chrono_literals;
using trading::Quality;

using Self = InstrumentSelf;

/// How long the first replay waits for the store.
constexpr auto store_patience = 2s;
/// Nodes tell newcomers what they have some seconds after they see them (copies_actor.cpp).
constexpr auto settle_after = 8s;

void ask_history(Self* self, std::size_t index, const HistoryNeed& need);

void tell_loaded(Self* self) {
  const auto& talks = self->state.conversations;
  if (std::all_of(talks.begin(), talks.end(), [](const auto& talk) { return talk.loaded; })) {
    if (const auto front = self->runtime().registry.front(messages::regime_service).actor) {
      self->send(front, InstrumentLoaded{self->state.symbol});
    }
  }
}

void set_loaded(Self* self, Conversation& talk) {
  if (!std::exchange(talk.loaded, true)) {
    tell_loaded(self);
  }
}

void schedule_rebuild(Self* self, std::size_t index, std::chrono::nanoseconds delay) {
  auto& talk = self->state.conversations[index];
  self->delayed_send(self, delay, AskHistoryAgain{index, ++talk.generation});
}

void on_history(Self* self,
                std::size_t index,
                std::uint64_t generation,
                const core::Result<messages::HistoricalReply>& reply) {
  auto& talk = self->state.conversations[index];
  if (generation != talk.generation) {
    return;
  }
  if (!reply) {
    talk.track.on_history_failed();
    const auto delay = self->state.retry.delay(talk.failures++, self->state.noise.uniform());
    // Said once it lasts, not at every try: all instruments of a node wait for the same history.
    constexpr unsigned failures_told = 4;
    const auto level =
      talk.failures == failures_told ? core::log::Level::WARN : core::log::Level::DEBUG;
    core::log::write(level, "history unavailable",
                     {{"symbol", self->state.symbol},
                      {"interval", talk.track.classifier().interval().to_text()},
                      {"failures", talk.failures},
                      {"retry_ms", delay / 1ms},
                      {"error", core::to_string(reply.error())}});
    schedule_rebuild(self, index, delay);
    if (!core::traits(reply.error().code).retryable) {
      set_loaded(self, talk); // nothing to wait for
    }
  } else {
    talk.failures = 0;
    talk.resuming = false;
    if (const auto need = talk.track.on_history(reply->data)) {
      ask_history(self, index, *need);
    } else {
      set_loaded(self, talk);
      if (!talk.track.classifier().ready()) {
        // a source that is still filling its own history has more later
        schedule_rebuild(self, index, self->state.settings->retry_after_max.chrono());
      }
    }
  }
  follow_models(talk);
  publish_change(self, talk, "market");
}

void ask_history(Self* self, std::size_t index, const HistoryNeed& need) {
  auto& talk = self->state.conversations[index];
  messages::GetHistorical request;
  request.symbol.symbol = self->state.symbol;
  request.interval = talk.track.classifier().interval();
  request.start = need.start;
  request.end = need.end;
  request.limit = need.limit;
  talk.asked_history = true;
  const supervision::AskOptions options{.deadline = self->state.settings->history_deadline.chrono(),
                                        .slow = self->state.settings->history_deadline.chrono()};
  supervision::ask(self, self->runtime(), messages::market_data_service, self->state.symbol,
                   std::move(request), options,
                   [self, index, generation = ++talk.generation](
                     const core::Result<messages::HistoricalReply>& reply) {
                     on_history(self, index, generation, reply);
                   });
}

} // namespace

void replay(InstrumentSelf* self, Conversation& talk) {
  const auto index = static_cast<std::size_t>(&talk - self->state.conversations.data());
  ask_history(self, index, talk.track.rebuild());
}

namespace {

void rebuild_all(Self* self) {
  for (auto& talk : self->state.conversations) {
    replay(self, talk);
  }
}

void on_bar(Self* self, const messages::BarClosed& event) {
  auto& talks = self->state.conversations;
  for (std::size_t i = 0; i < talks.size(); ++i) {
    auto& talk = talks[i];
    if (talk.track.classifier().interval() != event.interval) {
      continue;
    }
    talk.newest_bar = event.quality;
    if (const auto need = talk.track.on_bar(event.bar)) {
      ask_history(self, i, *need);
    }
    follow_models(talk);
    publish_change(self, talk, "market");
    keep_path_in_time(self, talk);
  }
}

/// Fits of all instruments at once would take their history from under everybody's answers: they
/// are spread over twice the delay. @param noise  uniform in [0, 1)
std::chrono::nanoseconds first_fit_delay(const Settings& settings, double noise) {
  const auto after = settings.models.first_fit_after.chrono();
  return after
         + std::chrono::nanoseconds{
           static_cast<std::int64_t>(2.0 * noise * static_cast<double>(after.count()))};
}

void start_conversations(Self* self) {
  auto& state = self->state;
  state.conversations.clear();
  for (const auto& text : state.settings->intervals) {
    const auto interval = trading::Interval::from_text(text);
    if (!interval) {
      continue;
    }
    const bool modelled = is_modelled(*state.settings, text);
    auto& talk = state.conversations.emplace_back(
      Track{*state.settings, *interval, modelled ? state.settings->warm_up_bars : 0});
    if (modelled) {
      talk.models = std::make_unique<Modelled>(
        Hysteresis{state.settings->confirm_bars, state.settings->dwell_bars_min});
      talk.models->live_fit.at =
        clock_now(self) + first_fit_delay(*state.settings, state.noise.uniform());
    }
  }
  for (std::size_t i = 0; i < state.conversations.size(); ++i) {
    if (state.conversations[i].models) {
      load_models(self, i); // history is replayed from what the store has, or does without it soon
      self->delayed_send(self, store_patience, AskHistoryAgain{i, 0});
    } else {
      replay(self, state.conversations[i]);
    }
  }
}

/// At the end of the source's patience its silence is told.
void watch_silence(Self* self) {
  auto& state = self->state;
  const auto patience = state.settings->stale_after.chrono() + 1ms;
  const auto left = state.beat_at + patience - clock_now(self);
  if (left > 0ns) {
    if (!std::exchange(state.silence_due, true)) {
      self->delayed_send(self, left, SilenceDue{});
    }
    return;
  }
  for (auto& talk : state.conversations) {
    publish_change(self, talk, "market");
  }
}

void on_beat(Self* self, const messages::InstrumentStatusBeat& beat) {
  auto& state = self->state;
  const bool moved = beat.instrument.venue != state.beat.instrument.venue;
  state.beat = beat;
  state.beat_at = clock_now(self);
  if (moved) {
    // the symbol stands for another venue now: its bars are other bars
    core::log::info("regime restarts on another venue",
                    {{"symbol", state.symbol}, {"venue", beat.instrument.venue}});
    for (auto& talk : state.conversations) {
      talk.track = Track{*state.settings, talk.interval(), talk.track.follower().moments_max()};
      talk.newest_bar = Quality::live;
      restart_models(self, talk);
    }
    rebuild_all(self);
  }
  tend_models(self);
  for (auto& talk : state.conversations) {
    publish_change(self, talk, "market"); // its quality may be another
  }
  watch_silence(self);
  tell_loaded(self); // the front may be a new one
}

caf::behavior instrument_behavior(Self* self,
                                  std::shared_ptr<const Settings> settings,
                                  Parts parts,
                                  messages::InstrumentStatusBeat beat,
                                  std::chrono::nanoseconds heard_at) {
  auto& state = self->state;
  state.parts = std::move(parts);
  state.symbol = beat.instrument.symbol;
  state.retry.min = settings->retry_after.chrono();
  state.retry.max = settings->retry_after_max.chrono();
  state.noise =
    core::Random{core::mix(self->runtime().seed, std::hash<std::string>{}(self->path()))};
  state.settings = std::move(settings);
  state.beat = std::move(beat);
  state.beat_at = heard_at;
  if (self->runtime().placement.carriers(messages::regime_service).size() > 1) {
    state.settled_at = clock_now(self) + settle_after;
  }
  start_conversations(self);
  watch_silence(self);
  return {
    supervision::handle<messages::GetRegime>(self, on_get),
    supervision::handle<messages::GetRegimeProbability>(self, on_get_probability),
    supervision::handle<messages::GetRegimeModels>(self, on_get_models),
    supervision::handle<messages::StartShadowModel>(self, on_start_shadow),
    supervision::handle<messages::PromoteShadowModel>(self, on_promote),
    supervision::handle<messages::RollbackModel>(self, on_roll_back),
    supervision::handle<messages::DiscardShadowModel>(self, on_discard_shadow),
    [self](const messages::RegimeModelsStored& event) { on_models_stored(self, event); },
    [self](const messages::BarClosed& event) { on_bar(self, event); },
    [self](const messages::InstrumentStatusBeat& event) { on_beat(self, event); },
    [self](const supervision::TopicGap&) { rebuild_all(self); },
    [self](SilenceDue) {
      self->state.silence_due = false;
      watch_silence(self);
    },
    [self](const AskHistoryAgain& again) {
      auto& talk = self->state.conversations[again.track];
      if (again.generation == talk.generation) {
        replay(self, talk);
      }
    },
  };
}

} // namespace

supervision::ChildSpec instrument(std::shared_ptr<const Settings> settings,
                                  Parts parts,
                                  const messages::InstrumentStatusBeat& beat,
                                  std::chrono::nanoseconds heard_at) {
  return {
    .name = beat.instrument.symbol,
    .start =
      [settings = std::move(settings), parts = std::move(parts), beat,
       heard_at](supervision::StartContext& context) {
        auto newest = beat;
        if (context.epoch > 1 && newest.freshness == trading::Freshness::LIVE) {
          newest.freshness = trading::Freshness::STALE; // it is from before the restart
        }
        return context.spawn(instrument_behavior, settings, parts, std::move(newest), heard_at);
      },
    .backoff = supervision::quick_backoff,
  };
}

} // namespace troupe::regime
