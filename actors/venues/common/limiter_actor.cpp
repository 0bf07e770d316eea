#include "actors/venues/common/limiter_actor.hpp"

#include "actors/venues/common/fair_queue.hpp"
#include "core/log.hpp"
#include "core/retry_after.hpp"
#include "messages/market_data.hpp"
#include "messages/message_types.hpp"
#include "supervision/actor.hpp"
#include "supervision/ask.hpp"
#include "supervision/messages.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace troupe::venues {

/// Time to look at those who wait; of one chain of timers.
struct LimiterTick {
  std::uint64_t epoch = 0;
};

} // namespace troupe::venues

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::venues::LimiterTick)

namespace troupe::venues {

namespace limiter {

using core::Timestamp;
using messages::AcquireBudget;
using messages::BudgetGranted;
using messages::ReportUsage;
using Promise = caf::typed_response_promise<BudgetGranted>;

constexpr std::chrono::milliseconds tick_every{20};
/// Beyond the wait itself: until a node that does not answer counts as cut off.
constexpr std::chrono::milliseconds forward_slack{500};
constexpr std::chrono::hours never_slow{1};
/// A node that was told of others and sees none of them so long is alone.
constexpr std::chrono::seconds meet_within{5};
/// Where it is others' turn, or nobody can say.
constexpr std::chrono::seconds come_again_after{1};

struct Waiting {
  AcquireBudget request;
  Timestamp until;
  bool forwarded = false; ///< from another node
  Promise promise;
};

/// A budget and those who wait for it.
struct Desk {
  Desk(const std::vector<BudgetLimit>& limits, const BudgetSettings& settings)
    : budget(limits, settings) {}
  RateBudget budget;
  FairQueue<Waiting> queue;
};

struct State {
  static inline const char* name = "limiter";
  std::string venue;
  ConnectorLimits settings;
  std::unique_ptr<Desk> whole; ///< of the owner
  std::unique_ptr<Desk> cut_off;
  bool owner = false;
  bool met_others = false; ///< who may have spent of the budget, too
  bool knows_limits = false;
  caf::actor_clock::time_point started;
  std::uint64_t told_refused = 0;
};
using Self = supervision::StatefulActor<State>;

std::string key_of(const Self* self) {
  return messages::rate_limit_key(self->state.venue);
}

core::Error refused(const std::string& venue, std::chrono::nanoseconds wait, std::string why) {
  return {core::Errc::RATE_LIMITED,
          venue + ": " + std::move(why) + "; " + core::retry_after_text(wait)};
}

/// Whether who is not seen may be taken for absent. A node that was told of others believes itself
/// alone until it has met them, while they spend all of the budget: until then nothing leaves.
bool is_settled(const Self* self) {
  const auto& state = self->state;
  return state.met_others || !self->runtime().placement.expects_others()
         || self->clock().now() - state.started >= meet_within;
}

/// Lets those go whose turn has come; refuses those who waited long enough.
void pump(Self* self, Desk& desk, bool by_owner) {
  const auto now = self->runtime().clock.now();
  const bool may_go = is_settled(self);
  while (may_go && !desk.queue.empty()) {
    auto& next = desk.queue.front();
    if (desk.budget.take(next.request.cost, next.request.what, now)) {
      break; // those behind wait for their turn too
    }
    desk.queue.pop().promise.deliver(BudgetGranted{by_owner});
  }
  desk.queue.remove(
    [now](const Waiting& waiting) { return waiting.until <= now; },
    [&](Waiting waiting) {
      const auto& request = waiting.request;
      const auto free_at = desk.budget.earliest(request.cost, request.what, now).value_or(now);
      waiting.promise.deliver(core::to_caf(refused(
        self->state.venue, std::max<std::chrono::nanoseconds>(come_again_after, free_at - now),
        "the rate limit left no room within " + request.wait.to_text())));
    });
}

void enqueue(Self* self, Desk& desk, bool by_owner, Waiting waiting) {
  auto& state = self->state;
  const auto& request = waiting.request;
  const auto now = self->runtime().clock.now();
  const auto refuse = [&](std::chrono::nanoseconds wait, std::string why) {
    waiting.promise.deliver(core::to_caf(refused(state.venue, wait, std::move(why))));
  };
  if (!desk.budget.can_ever_take(request.cost, request.what)) {
    if (by_owner) {
      waiting.promise.deliver(core::to_caf(
        core::Errc::INVALID_ARGUMENT, state.venue + ": the call costs more than the limit allows"));
    } else {
      refuse(come_again_after, "the call costs more than the part of a node that is cut off");
    }
    return;
  }
  if (desk.queue.size() >= state.settings.waiting_max) {
    refuse(come_again_after, std::to_string(desk.queue.size()) + " calls wait for the rate limit");
    return;
  }
  // What would wait in vain is told so at once, and when to come again.
  const auto free_at = desk.budget.earliest(request.cost, request.what, now);
  if (free_at && *free_at > waiting.until) {
    refuse(*free_at - now, desk.budget.blocked_until() > waiting.until
                             ? "the venue asked for a pause"
                             : "the rate limit leaves no room within " + request.wait.to_text());
    return;
  }
  const int priority = static_cast<int>(request.what);
  const auto caller = request.caller;
  desk.queue.push(priority, caller, std::move(waiting));
  pump(self, desk, by_owner);
}

bool is_unreachable(core::Errc code) {
  switch (code) {
    case core::Errc::UNAVAILABLE:
    case core::Errc::CIRCUIT_OPEN:
    case core::Errc::TIMEOUT:
    case core::Errc::NODE_DOWN:
    case core::Errc::ACTOR_DOWN:
    case core::Errc::MOVED:
    case core::Errc::NOT_READY: return true;
    default: return false;
  }
}

void acquire(Self* self, Waiting waiting) {
  auto& state = self->state;
  if (state.owner) {
    enqueue(self, *state.whole, true, std::move(waiting));
    return;
  }
  const auto owner = self->runtime().placement.owner(messages::market_data_service, key_of(self));
  if (!is_settled(self) || (owner && owner->local)) { // and not ready to keep it
    enqueue(self, *state.cut_off, false, std::move(waiting));
    return;
  }
  const auto& request = waiting.request;
  // To wait for one's turn is not to be slow: only an owner that answers nothing counts as such.
  const supervision::AskOptions options{.deadline = request.wait.chrono() + forward_slack,
                                        .high_priority =
                                          request.what == messages::CallClass::CANCEL,
                                        .slow = never_slow};
  supervision::ask(self, self->runtime(), messages::market_data_service, key_of(self), request,
                   options, [self, waiting](core::Result<BudgetGranted> granted) mutable {
                     if (granted) {
                       waiting.promise.deliver(*granted);
                     } else if (is_unreachable(granted.error().code)) {
                       // Whoever kept the budget is gone, and perhaps it is kept here by now.
                       auto& desk = self->state.owner ? self->state.whole : self->state.cut_off;
                       enqueue(self, *desk, self->state.owner, std::move(waiting));
                     } else {
                       waiting.promise.deliver(core::to_caf(granted.error()));
                     }
                   });
}

caf::result<BudgetGranted> on_acquire(Self* self, const AcquireBudget& request) {
  auto promise = self->make_response_promise<BudgetGranted>();
  const auto until = self->runtime().clock.now() + request.wait.chrono();
  acquire(self, {request, until, false, promise});
  return promise;
}

caf::result<BudgetGranted> on_forwarded(Self* self, const ForwardedBudget& forwarded) {
  auto& state = self->state;
  if (!state.owner) {
    return core::to_caf(core::Errc::MOVED, key_of(self) + " is not kept here");
  }
  auto promise = self->make_response_promise<BudgetGranted>();
  const auto until = self->runtime().clock.now() + forwarded.request.wait.chrono();
  enqueue(self, *state.whole, true, {forwarded.request, until, true, promise});
  return promise;
}

/// Those who waited for a budget that is now kept elsewhere, or here as a whole.
void send_on(Self* self, Desk& desk) {
  const auto now = self->runtime().clock.now();
  std::vector<Waiting> all;
  desk.queue.remove([](const Waiting&) { return true; },
                    [&](Waiting waiting) { all.push_back(std::move(waiting)); });
  for (auto& waiting : all) {
    if (waiting.forwarded) {
      waiting.promise.deliver(
        core::to_caf(core::Errc::MOVED, key_of(self) + " is kept elsewhere now"));
      continue;
    }
    const auto left = std::max(std::chrono::nanoseconds{0}, waiting.until - now);
    waiting.request.wait = core::Duration{left};
    acquire(self, std::move(waiting));
  }
}

/// Follows placement: whose budget it is, and how many share what is left for those cut off.
void follow_view(Self* self) {
  auto& state = self->state;
  const auto& placement = self->runtime().placement;
  const auto nodes = placement.carriers(messages::market_data_service).size();
  const auto owner = placement.owner(messages::market_data_service, key_of(self));
  state.met_others = state.met_others || nodes > 1;
  state.cut_off->budget.set_share(state.settings.cut_off_share
                                  / static_cast<double>(std::max<std::size_t>(nodes, 2) - 1));
  const bool owns = owner && owner->local && state.knows_limits && is_settled(self);
  if (owns == state.owner) {
    return;
  }
  state.owner = owns;
  const auto now = self->runtime().clock.now();
  if (owns) {
    state.whole->budget.count(state.cut_off->budget, now);
  }
  // Others kept it until now, or a predecessor of this actor, whose account is lost.
  if (owns && (state.met_others || self->epoch() > 1)) {
    state.whole->budget.assume_spent(now);
  }
  send_on(self, owns ? *state.cut_off : *state.whole);
}

void note_usage(RateBudget& budget, const ReportUsage& report, Timestamp now) {
  budget.finish(report.cost);
  for (const auto& note : report.notes) {
    if (note.used) {
      budget.learn_used(note.limit, note.window.chrono(), *note.used, now);
    }
    if (note.remaining) {
      budget.learn_remaining(note.limit, *note.remaining, note.reset.value_or(now));
    }
  }
  if (report.refused) {
    budget.block(report.retry_after ? std::optional{report.retry_after->chrono()} : std::nullopt,
                 now);
  } else {
    budget.unblock();
  }
}

void take_report(Self* self, const ReportUsage& report) {
  auto& state = self->state;
  const auto now = self->runtime().clock.now();
  note_usage(state.whole->budget, report, now);
  note_usage(state.cut_off->budget, report, now);
  if (report.refused) {
    ++state.told_refused;
    core::log::warn(
      "venue says that its rate limit is exceeded",
      {{"venue", state.venue},
       {"retry_after", report.retry_after ? report.retry_after->to_text() : "not said"},
       {"times", state.told_refused}});
  }
}

void on_report(Self* self, const ReportUsage& report) {
  take_report(self, report);
  // The front of the owner's service gives it to the limiter there.
  const auto owner = self->runtime().placement.owner(messages::market_data_service, key_of(self));
  if (owner && !owner->local) {
    (void)supervision::tell(self->runtime(), messages::market_data_service, key_of(self),
                            caf::make_message(report), caf::actor_cast<caf::actor>(self));
  }
}

caf::behavior behavior(Self* self,
                       const std::string& venue,
                       const std::vector<BudgetLimit>& limits,
                       const ConnectorLimits& settings,
                       bool tells_limits) {
  auto& state = self->state;
  state.venue = venue;
  state.knows_limits = !tells_limits;
  state.settings = settings;
  state.started = self->clock().now();
  const BudgetSettings budget{.reserve = settings.reserve, .guard = settings.guard.chrono()};
  state.whole = std::make_unique<Desk>(limits, budget);
  state.cut_off = std::make_unique<Desk>(limits, budget);
  // Of one that is alone, too: who joins spends of its part before the two have spoken.
  state.whole->budget.set_share(1.0 - settings.cut_off_share);
  follow_view(self);
  self->runtime().placement.watch(caf::actor_cast<caf::actor>(self));
  self->send(self, LimiterTick{self->epoch()});
  return {
    supervision::handle<AcquireBudget>(self, on_acquire),
    supervision::handle<ForwardedBudget>(self, on_forwarded),
    [self](const ReportUsage& report) { on_report(self, report); },
    [self](const ForwardedUsage& forwarded) { take_report(self, forwarded.report); },
    [self](const LimitsLearned& learned) {
      const auto now = self->runtime().clock.now();
      self->state.whole->budget.learn_limits(learned.limits, now);
      self->state.cut_off->budget.learn_limits(learned.limits, now);
      self->state.knows_limits = true;
      follow_view(self);
    },
    [self](const supervision::ViewChanged&) { follow_view(self); },
    [self](const LimiterTick& tick) {
      if (tick.epoch == self->epoch()) {
        if (!self->state.owner && !self->state.met_others) {
          follow_view(self); // to have waited long enough for others changes no view
        }
        pump(self, *self->state.whole, true);
        pump(self, *self->state.cut_off, false);
        self->delayed_send(self, tick_every, tick);
      }
    },
  };
}

} // namespace limiter

supervision::Start limiter_actor(std::string venue,
                                 std::vector<BudgetLimit> limits,
                                 ConnectorLimits settings,
                                 bool tells_limits) {
  return [venue = std::move(venue), limits = std::move(limits), settings,
          tells_limits](supervision::StartContext& context) {
    return context.spawn(limiter::behavior, venue, limits, settings, tells_limits);
  };
}

} // namespace troupe::venues
