#include "actors/venues/replay/replay_feed_actor.hpp"

#include "actors/venues/replay/pacing.hpp"
#include "actors/venues/replay/replay_session.hpp"
#include "core/log.hpp"
#include "messages/market_data.hpp"
#include "supervision/actor.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace troupe::venues::replay {

/// Time to look at what is due; of one chain of timers.
struct ReplayTick {
  std::uint64_t epoch = 0;
};
/// There was more to send than one turn allows.
struct ReplayMore {};

} // namespace troupe::venues::replay

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::venues::replay::ReplayTick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::venues::replay::ReplayMore)

namespace troupe::venues::replay {

namespace {

using core::Timestamp;

constexpr std::chrono::milliseconds tick_every{50};
constexpr std::chrono::seconds progress_every{5};
constexpr std::size_t steps_per_turn = 16;
/// Events that wait at the slowest subscriber of the bus before the replay pauses.
constexpr std::size_t backlog_max = 10'000;

struct ReplayState {
  static inline const char* name = "replay_feed";
  ReplaySettings settings;
  std::shared_ptr<core::ManualClock> clock;
  std::set<trading::InstrumentId> instruments;
  std::optional<ReplaySession> session;
  std::map<trading::InstrumentId, caf::actor> receivers;
  std::optional<Pacer> pacer;           ///< once it has begun
  std::vector<std::size_t> errors_told; ///< by file
  std::chrono::nanoseconds told_at{0};
  bool more_sent = false;
  bool end_told = false;
};
using ReplaySelf = supervision::StatefulActor<ReplayState>;

/// The wall's time, of a clock that never jumps (and is virtual in tests).
Timestamp wall_now(ReplaySelf* self) {
  return {std::chrono::nanoseconds{self->clock().now().time_since_epoch()}.count()};
}

/// The first instrument of ours that nobody subscribed to yet.
std::optional<trading::InstrumentId> missing(ReplaySelf* self) {
  for (const auto& id : self->state.instruments) {
    const auto owner = self->runtime().placement.owner(messages::market_data_service, id.symbol);
    if (owner && owner->local && !self->state.session->has(id)) {
      return id;
    }
  }
  return std::nullopt;
}

void tell_refused_lines(ReplayState& state, const std::vector<FileProgress>& files) {
  state.errors_told.resize(files.size(), 0);
  for (std::size_t i = 0; i < files.size(); ++i) {
    for (auto& told = state.errors_told[i]; told < files[i].errors.size(); ++told) {
      core::log::warn("recorded line refused",
                      {{"venue", state.settings.name}, {"error", files[i].errors[told]}});
    }
  }
}

void tell_progress(ReplaySelf* self) {
  auto& state = self->state;
  const auto& session = *state.session;
  const auto files = session.merge().progress();
  tell_refused_lines(state, files);
  messages::ReplayProgress progress{.venue = state.settings.name,
                                    .fraction = session.merge().fraction(),
                                    .position = session.handled(),
                                    .events = session.events(),
                                    .refused = 0,
                                    .finished = session.finished(),
                                    .error = session.failed() ? session.failed()->message : ""};
  for (const auto& file : files) {
    progress.refused += file.refused;
  }
  core::log::info(progress.finished ? "replay finished" : "replay plays",
                  {{"venue", progress.venue},
                   {"percent", static_cast<int>(progress.fraction * 100.0)},
                   {"position", progress.position.to_text()},
                   {"events", progress.events},
                   {"refused", progress.refused}});
  self->runtime().bus.publish(messages::topics::replay_progress, progress.venue,
                              caf::make_message(std::move(progress)));
}

/// The recording is damaged: whoever listens must not take silence for calm.
void tell_failed(ReplaySelf* self) {
  auto& state = self->state;
  core::log::error("replay failed",
                   {{"venue", state.settings.name}, {"error", state.session->failed()->message}});
  for (const auto& [id, receiver] : state.receivers) {
    FeedBatch down;
    down.instrument = id;
    down.connected = false;
    self->send(receiver, std::move(down));
  }
}

void move_clock(ReplayState& state) {
  const auto handled = state.session->handled();
  if (handled.ns != INT64_MIN && handled > state.clock->now()) {
    state.clock->set(handled);
  }
}

bool has_begun(ReplaySelf* self) {
  auto& state = self->state;
  if (state.pacer) {
    return true;
  }
  const auto waits_for = missing(self);
  if (waits_for || state.receivers.empty()) {
    return false;
  }
  state.pacer.emplace(state.settings.speed, state.session->first_at().value_or(Timestamp{}),
                      wall_now(self));
  return true;
}

void play(ReplaySelf* self) {
  auto& state = self->state;
  if (!state.session || state.end_told || !has_begun(self)) {
    return;
  }
  bool progressed = true;
  for (std::size_t i = 0; i < steps_per_turn && progressed; ++i) {
    if (self->runtime().bus.backlog() > backlog_max) {
      break; // the next tick looks again
    }
    auto step = state.session->next(state.pacer->due_until(wall_now(self)));
    for (auto& batch : step.batches) {
      self->send(state.receivers[batch.instrument], std::move(batch));
    }
    progressed = step.progressed;
  }
  move_clock(state);
  if (progressed && !state.more_sent) {
    state.more_sent = true;
    self->send(self, ReplayMore{});
  }
  if (state.session->finished() || state.session->failed()) {
    state.end_told = true;
    tell_progress(self);
    if (state.session->failed()) {
      tell_failed(self);
    }
  }
}

void on_subscribe(ReplaySelf* self, const FeedSubscribe& request) {
  auto& state = self->state;
  if (!state.session || state.instruments.count(request.instrument) == 0) {
    core::log::error("subscription refused",
                     {{"path", self->path()}, {"instrument", request.instrument.to_text()}});
    return;
  }
  if (const auto done = state.session->subscribe(request); !done) {
    core::log::error("subscription failed", {{"path", self->path()},
                                             {"instrument", request.instrument.to_text()},
                                             {"error", core::to_string(done.error())}});
    return;
  }
  state.receivers[request.instrument] = request.receiver;
  state.end_told = false; // it has to be brought forward
  play(self);
}

void on_tick(ReplaySelf* self, const ReplayTick& tick) {
  if (tick.epoch != self->epoch()) {
    return;
  }
  auto& state = self->state;
  play(self);
  const auto now = self->clock().now().time_since_epoch();
  if (state.session && !state.end_told && now - state.told_at >= progress_every) {
    state.told_at = now;
    const auto waits_for = state.pacer ? std::nullopt : missing(self);
    if (waits_for) {
      core::log::info("replay waits for a subscriber",
                      {{"venue", state.settings.name}, {"instrument", waits_for->to_text()}});
    } else {
      tell_progress(self);
    }
  }
  self->delayed_send(self, tick_every, tick);
}

caf::behavior replay_behavior(ReplaySelf* self,
                              const ReplaySettings& settings,
                              std::shared_ptr<core::ManualClock> clock,
                              core::Duration stale_after) {
  auto& state = self->state;
  state.settings = settings;
  state.clock = std::move(clock);
  state.told_at = self->clock().now().time_since_epoch();
  for (const auto& file : settings.files) {
    state.instruments.insert(*file.instrument);
  }
  auto session = ReplaySession::open(settings, stale_after.chrono() / 2);
  if (session) {
    state.session.emplace(std::move(*session));
    move_clock(state);
  } else {
    core::log::error("replay does not open",
                     {{"venue", settings.name}, {"error", core::to_string(session.error())}});
  }
  self->send(self, ReplayTick{self->epoch()});
  return {
    [self](const FeedSubscribe& request) { on_subscribe(self, request); },
    [self](const FeedUnsubscribe& request) {
      if (self->state.session) {
        self->state.session->unsubscribe(request.instrument);
      }
      self->state.receivers.erase(request.instrument);
    },
    [self](const FeedAck& ack) {
      if (self->state.session) {
        self->state.session->ack(ack);
        play(self);
      }
    },
    [self](const ReplayMore&) {
      self->state.more_sent = false;
      play(self);
    },
    [self](const ReplayTick& tick) { on_tick(self, tick); },
  };
}

} // namespace

supervision::Start replay_feed_actor(ReplaySettings settings,
                                     std::shared_ptr<core::ManualClock> clock,
                                     core::Duration stale_after) {
  return [=, settings = std::move(settings)](supervision::StartContext& context) {
    return context.spawn(replay_behavior, settings, clock, stale_after);
  };
}

} // namespace troupe::venues::replay
