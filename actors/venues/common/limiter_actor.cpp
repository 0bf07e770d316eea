#include "actors/venues/common/limiter_actor.hpp"

#include "actors/venues/common/fair_queue.hpp"
#include "core/log.hpp"
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

struct Waiting {
  AcquireBudget request;
  Timestamp until;
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
  std::uint64_t told_refused = 0;
};
using Self = supervision::StatefulActor<State>;

std::string key_of(const Self* self) {
  return messages::rate_limit_key(self->state.venue);
}

core::Error refused(const std::string& venue, std::chrono::nanoseconds wait, std::string why) {
  const auto ms = std::max<std::int64_t>(1, (wait.count() + 999'999) / 1'000'000);
  return {core::Errc::RATE_LIMITED,
          venue + ": " + std::move(why) + "; retry_after_ms=" + std::to_string(ms)};
}

/// Lets those go whose turn has come; refuses those who waited long enough.
void pump(Self* self, Desk& desk, bool by_owner) {
  const auto now = self->runtime().clock.now();
  while (!desk.queue.empty()) {
    auto& next = desk.queue.front();
    if (desk.budget.take(next.request.cost, next.request.what, now)) {
      break; // those behind wait for their turn too
    }
    desk.queue.pop().promise.deliver(BudgetGranted{by_owner});
  }
  desk.queue.remove([now](const Waiting& waiting) { return waiting.until <= now; },
                    [&](Waiting waiting) {
                      waiting.promise.deliver(core::to_caf(refused(
                        self->state.venue, std::chrono::seconds{1},
                        "the rate limit left no room within " + waiting.request.wait.to_text())));
                    });
}

void enqueue(Self* self, Desk& desk, bool by_owner, const AcquireBudget& request, Promise promise) {
  auto& state = self->state;
  const auto now = self->runtime().clock.now();
  if (!desk.budget.can_ever_take(request.cost, request.what)) {
    promise.deliver(core::to_caf(core::Errc::INVALID_ARGUMENT,
                                 state.venue + ": the call costs more than the limit allows"));
    return;
  }
  if (desk.queue.size() >= state.settings.waiting_max) {
    promise.deliver(
      core::to_caf(refused(state.venue, std::chrono::seconds{1},
                           std::to_string(desk.queue.size()) + " calls wait for the rate limit")));
    return;
  }
  const auto until = now + request.wait.chrono();
  if (const auto blocked = desk.budget.blocked_until(); blocked > until) {
    promise.deliver(
      core::to_caf(refused(state.venue, blocked - now, "the venue asked for a pause")));
    return;
  }
  const int priority = static_cast<int>(request.what);
  desk.queue.push(priority, request.caller, {request, until, std::move(promise)});
  pump(self, desk, by_owner);
}

/// Follows placement: whose budget it is, and how many share what is left for those cut off.
void follow_view(Self* self) {
  auto& state = self->state;
  const auto& placement = self->runtime().placement;
  const auto nodes = placement.carriers(messages::market_data_service).size();
  const auto owner = placement.owner(messages::market_data_service, key_of(self));
  const double apart = nodes > 1 ? state.settings.cut_off_share : 0.0;
  state.whole->budget.set_share(1.0 - apart);
  state.cut_off->budget.set_share(state.settings.cut_off_share
                                  / static_cast<double>(std::max<std::size_t>(nodes, 2) - 1));
  const bool owns = owner && owner->local;
  if (owns && !state.owner && nodes > 1) {
    state.whole->budget.assume_spent(self->runtime().clock.now());
  }
  state.owner = owns;
}

caf::result<BudgetGranted> on_forwarded(Self* self, const ForwardedBudget& forwarded) {
  auto promise = self->make_response_promise<BudgetGranted>();
  enqueue(self, *self->state.whole, true, forwarded.request, promise);
  return promise;
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

caf::result<BudgetGranted> on_acquire(Self* self, const AcquireBudget& request) {
  auto& state = self->state;
  auto promise = self->make_response_promise<BudgetGranted>();
  if (state.owner) {
    enqueue(self, *state.whole, true, request, promise);
    return promise;
  }
  // To wait for one's turn is not to be slow: only an owner that answers nothing counts as such.
  const supervision::AskOptions options{.deadline = request.wait.chrono() + forward_slack,
                                        .high_priority =
                                          request.what == messages::CallClass::CANCEL,
                                        .slow = never_slow};
  supervision::ask(self, self->runtime(), messages::market_data_service, key_of(self), request,
                   options, [self, request, promise](core::Result<BudgetGranted> granted) mutable {
                     if (granted) {
                       promise.deliver(*granted);
                     } else if (is_unreachable(granted.error().code)) {
                       enqueue(self, *self->state.cut_off, false, request, promise);
                     } else {
                       promise.deliver(core::to_caf(granted.error()));
                     }
                   });
  return promise;
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
                       const ConnectorLimits& settings) {
  auto& state = self->state;
  state.venue = venue;
  state.settings = settings;
  const BudgetSettings budget{.reserve = settings.reserve, .guard = settings.guard.chrono()};
  state.whole = std::make_unique<Desk>(limits, budget);
  state.cut_off = std::make_unique<Desk>(limits, budget);
  follow_view(self);
  self->runtime().placement.watch(caf::actor_cast<caf::actor>(self));
  self->send(self, LimiterTick{self->epoch()});
  return {
    supervision::handle<AcquireBudget>(self, on_acquire),
    supervision::handle<ForwardedBudget>(self, on_forwarded),
    [self](const ReportUsage& report) { on_report(self, report); },
    [self](const ForwardedUsage& forwarded) { take_report(self, forwarded.report); },
    [self](const LimitsLearned& learned) {
      self->state.whole->budget.learn_limits(learned.limits);
      self->state.cut_off->budget.learn_limits(learned.limits);
    },
    [self](const supervision::ViewChanged&) { follow_view(self); },
    [self](const LimiterTick& tick) {
      if (tick.epoch == self->epoch()) {
        pump(self, *self->state.whole, true);
        pump(self, *self->state.cut_off, false);
        self->delayed_send(self, tick_every, tick);
      }
    },
  };
}

} // namespace limiter

supervision::Start
limiter_actor(std::string venue, std::vector<BudgetLimit> limits, ConnectorLimits settings) {
  return [venue = std::move(venue), limits = std::move(limits),
          settings](supervision::StartContext& context) {
    return context.spawn(limiter::behavior, venue, limits, settings);
  };
}

} // namespace troupe::venues
