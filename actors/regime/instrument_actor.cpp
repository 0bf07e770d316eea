#include "actors/regime/instrument_actor.hpp"

#include "actors/regime/track.hpp"
#include "core/log.hpp"
#include "core/random.hpp"
#include "messages/regime.hpp"
#include "supervision/ask.hpp"
#include "supervision/messages.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace troupe::regime {
namespace {

/// Time to ask history again for one interval.
struct AskHistoryAgain {
  std::size_t track = 0;
  std::uint64_t generation = 0;
};

} // namespace
} // namespace troupe::regime

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::regime::AskHistoryAgain)

namespace troupe::regime {
namespace {

using namespace std::chrono_literals;
using trading::Quality;

/// A track and its conversation with history.
struct Conversation {
  explicit Conversation(Track empty) : track(std::move(empty)) {}

  Track track;
  std::optional<trading::Regime> published;
  Quality newest_bar = Quality::live;
  /// Counts what was asked or scheduled: answers and timers of an earlier one are void.
  std::uint64_t generation = 0;
  unsigned failures = 0; ///< in a row
  bool loaded = false;   ///< has the history it starts from, or knows that there is none
};

struct InstrumentState {
  static inline const char* name = "regime-instrument";
  std::shared_ptr<const Settings> settings;
  std::string symbol;
  messages::InstrumentStatusBeat beat;
  std::chrono::nanoseconds beat_at{0}; ///< actor clock
  supervision::Backoff retry;
  core::Random noise{0};
  std::vector<Conversation> conversations;
};

using Self = supervision::StatefulActor<InstrumentState>;

std::chrono::nanoseconds clock_now(Self* self) {
  return self->clock().now().time_since_epoch();
}

/// What the newest data of the symbol is worth now, by the source's own word and its silence.
Quality source_quality(Self* self) {
  const auto& state = self->state;
  if (state.beat.freshness == trading::Freshness::DOWN) {
    return Quality::degraded;
  }
  const bool silent = clock_now(self) - state.beat_at > state.settings->stale_after.chrono();
  return silent || state.beat.freshness != trading::Freshness::LIVE ? Quality::stale
                                                                    : Quality::live;
}

messages::Meta meta_of(Self* self, const Conversation& talk) {
  const auto& classifier = talk.track.classifier();
  messages::Meta meta;
  meta.as_of = classifier.as_of().value();
  meta.quality = trading::worse(source_quality(self), talk.newest_bar);
  if (talk.track.incomplete()) {
    meta.quality = trading::worse(meta.quality, Quality::stale);
  }
  meta.age_ms = std::max<std::int64_t>((self->state.beat.now - meta.as_of) / 1ms, 0);
  meta.method = "rules";
  meta.n_obs = classifier.bars();
  meta.inputs = {{"bars " + self->state.symbol + ' ' + classifier.interval().to_text(), meta.as_of,
                  meta.quality}};
  return meta;
}

std::string spelled(trading::Regime regime) {
  return boost::describe::enum_to_string(regime, "?");
}

messages::RegimeState state_of(Self* self, const Classifier& classifier) {
  messages::RegimeState out;
  out.instrument.symbol = self->state.symbol;
  out.interval = classifier.interval();
  out.regime = classifier.regime();
  out.confidence = classifier.confidence();
  out.since = classifier.since();
  out.features = classifier.features().to_map();
  out.models = {{"rules", spelled(classifier.candidate())}};
  return out;
}

void publish_change(Self* self, Conversation& talk) {
  const auto& classifier = talk.track.classifier();
  if (!classifier.ready() || talk.published == classifier.regime()) {
    return;
  }
  const auto previous = std::exchange(talk.published, classifier.regime());
  const auto key = self->state.symbol + ' ' + classifier.interval().to_text();
  self->runtime().bus.publish(
    messages::topics::regime_changes, key,
    caf::make_message(messages::RegimeChanged{meta_of(self, talk), state_of(self, classifier),
                                              previous, "market"}));
}

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
  publish_change(self, talk);
}

void ask_history(Self* self, std::size_t index, const HistoryNeed& need) {
  auto& talk = self->state.conversations[index];
  messages::GetHistorical request;
  request.symbol.symbol = self->state.symbol;
  request.interval = talk.track.classifier().interval();
  request.start = need.start;
  request.end = need.end;
  request.limit = need.limit;
  const supervision::AskOptions options{.deadline = self->state.settings->history_deadline.chrono(),
                                        .slow = self->state.settings->history_deadline.chrono()};
  supervision::ask(self, self->runtime(), messages::market_data_service, self->state.symbol,
                   std::move(request), options,
                   [self, index, generation = ++talk.generation](
                     const core::Result<messages::HistoricalReply>& reply) {
                     on_history(self, index, generation, reply);
                   });
}

void rebuild_all(Self* self) {
  for (std::size_t i = 0; i < self->state.conversations.size(); ++i) {
    ask_history(self, i, self->state.conversations[i].track.rebuild());
  }
}

caf::result<messages::RegimeReply> on_get(Self* self, const messages::GetRegime& request) {
  const auto& talks = self->state.conversations;
  const auto interval = request.interval.value_or(trading::intervals::h1);
  const auto found = std::find_if(talks.begin(), talks.end(), [&](const Conversation& talk) {
    return talk.track.classifier().interval() == interval;
  });
  if (found == talks.end()) {
    std::string known;
    for (const auto& text : self->state.settings->intervals) {
      known += (known.empty() ? "" : ", ") + text;
    }
    return core::to_caf(core::Errc::INVALID_ARGUMENT,
                        "interval: expected one of " + known + ", found " + interval.to_text());
  }
  const auto& classifier = found->track.classifier();
  if (!classifier.ready()) {
    return core::to_caf(core::Errc::NOT_READY,
                        "the regime of " + self->state.symbol + " on " + interval.to_text()
                          + " needs " + std::to_string(classifier.bars_needed())
                          + " closed bars, found " + std::to_string(classifier.bars()));
  }
  return messages::RegimeReply{meta_of(self, *found), state_of(self, classifier)};
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
    publish_change(self, talk);
  }
}

void start_conversations(Self* self) {
  auto& state = self->state;
  state.conversations.clear();
  for (const auto& text : state.settings->intervals) {
    if (const auto interval = trading::Interval::from_text(text)) {
      state.conversations.emplace_back(Track{*state.settings, *interval});
    }
  }
  rebuild_all(self);
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
      talk.track = Track{*state.settings, talk.track.classifier().interval()};
      talk.newest_bar = Quality::live;
    }
    rebuild_all(self);
  }
  tell_loaded(self); // the front may be a new one
}

caf::behavior instrument_behavior(Self* self,
                                  std::shared_ptr<const Settings> settings,
                                  messages::InstrumentStatusBeat beat) {
  auto& state = self->state;
  state.symbol = beat.instrument.symbol;
  state.retry.min = settings->retry_after.chrono();
  state.retry.max = settings->retry_after_max.chrono();
  state.noise =
    core::Random{core::mix(self->runtime().seed, std::hash<std::string>{}(self->path()))};
  state.settings = std::move(settings);
  state.beat = std::move(beat);
  state.beat_at = clock_now(self);
  start_conversations(self);
  return {
    supervision::handle<messages::GetRegime>(self, on_get),
    [self](const messages::BarClosed& event) { on_bar(self, event); },
    [self](const messages::InstrumentStatusBeat& event) { on_beat(self, event); },
    [self](const supervision::TopicGap&) { rebuild_all(self); },
    [self](const AskHistoryAgain& again) {
      auto& talk = self->state.conversations[again.track];
      if (again.generation == talk.generation) {
        ask_history(self, again.track, talk.track.rebuild());
      }
    },
  };
}

} // namespace

supervision::ChildSpec instrument(std::shared_ptr<const Settings> settings,
                                  const messages::InstrumentStatusBeat& beat) {
  return {
    .name = beat.instrument.symbol,
    .start =
      [settings = std::move(settings), beat](supervision::StartContext& context) {
        auto newest = beat;
        if (context.epoch > 1 && newest.freshness == trading::Freshness::LIVE) {
          newest.freshness = trading::Freshness::STALE; // it is from before the restart
        }
        return context.spawn(instrument_behavior, settings, std::move(newest));
      },
    .backoff = supervision::quick_backoff,
  };
}

} // namespace troupe::regime
