#include "actors/market_data/front_actor.hpp"

#include "actors/market_data/child_ask.hpp"
#include "actors/market_data/instrument_actor.hpp"
#include "actors/market_data/sla_table.hpp"
#include "actors/market_data/symbol_state.hpp"
#include "actors/storage/cache_actor.hpp"
#include "actors/venues/common/budget_messages.hpp"
#include "core/binary.hpp"
#include "core/log.hpp"
#include "supervision/messages.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace troupe::market_data {

/// Looks at placement again: a start or stop may have failed.
struct CheckDue {
  std::uint64_t epoch = 0;
};

} // namespace troupe::market_data

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::market_data::CheckDue)

namespace troupe::market_data {

namespace {

using core::Errc;
using supervision::StartChild;
using supervision::StopChild;

constexpr const char* condition = "market_data";
/// Less than an asker's usual deadline of 2 s, so that the last good value still reaches it.
constexpr std::chrono::milliseconds instrument_deadline{800};
constexpr std::chrono::milliseconds cache_deadline{500};
constexpr std::chrono::seconds child_deadline{10};
constexpr std::chrono::seconds check_every{1};

struct FrontState {
  static inline const char* name = "market_data_front";
  Plan plan;
  ServicePaths paths;
  std::set<std::string> owned; ///< symbols whose instrument actor runs here, or is on its way
  std::set<std::string> ready;
  std::uint64_t epoch = 0; ///< of the newest view that was followed
  /// What venues say of their instruments, over what is configured.
  std::map<trading::InstrumentId, trading::Instrument> refreshed;
  std::unique_ptr<SlaTable> sla;
};
using FrontSelf = supervision::StatefulActor<FrontState>;

void report_health(FrontSelf* self) {
  auto& state = self->state;
  std::size_t waiting = 0;
  std::string example;
  for (const auto& symbol : state.owned) {
    if (state.ready.count(symbol) == 0) {
      ++waiting;
      example = symbol;
    }
  }
  const auto reason = waiting == 0
                        ? std::string{}
                        : std::to_string(waiting) + " symbols had no data yet, such as " + example;
  auto& health = self->runtime().health;
  health.set_loaded(messages::market_data_service, {.epoch = state.epoch, .waiting = waiting});
  health.set(condition, waiting == 0, reason);
}

bool is_owned_here(FrontSelf* self, const std::string& symbol) {
  const auto owner = self->runtime().placement.owner(messages::market_data_service, symbol);
  return owner && owner->local;
}

void start_symbol(FrontSelf* self, const std::string& symbol) {
  auto& state = self->state;
  const auto supervisor = self->runtime().registry.find(state.paths.instruments()).actor;
  if (!supervisor) {
    return;
  }
  state.owned.insert(symbol);
  auto spec = std::make_shared<const supervision::ChildSpec>(instrument_child(symbol, state.plan));
  self->request(supervisor, child_deadline, StartChild{std::move(spec)})
    .then([](const caf::actor&) {},
          [self, symbol](const caf::error& error) {
            const auto reason = core::from_caf(error);
            if (reason.code != Errc::CONFLICT) { // else it runs: this front was restarted
              core::log::error("instrument not started",
                               {{"symbol", symbol}, {"error", core::to_string(reason)}});
              self->state.owned.erase(symbol);
            }
          });
}

/// Nobody here reads the symbol's feeds any more.
void leave_feeds(FrontSelf* self, const std::string& symbol) {
  const auto& state = self->state;
  if (state.owned.count(symbol) > 0) {
    return; // it came back meanwhile
  }
  for (const auto& venue : state.plan->catalogue.venues()) {
    for (const auto& listed : venue.instruments) {
      if (listed.instrument.symbol == symbol) {
        (void)self->runtime().registry.send(
          state.paths.feed(venue.name),
          caf::make_message(venues::FeedUnsubscribe{listed.instrument}));
      }
    }
  }
}

void stop_symbol(FrontSelf* self, const std::string& symbol) {
  auto& state = self->state;
  state.owned.erase(symbol);
  state.ready.erase(symbol);
  if (const auto supervisor = self->runtime().registry.find(state.paths.instruments()).actor) {
    self->request(supervisor, child_deadline, StopChild{symbol})
      .then([self, symbol](const supervision::StoppedChild&) { leave_feeds(self, symbol); },
            [symbol](const caf::error& error) {
              core::log::warn(
                "instrument not stopped",
                {{"symbol", symbol}, {"error", core::to_string(core::from_caf(error))}});
            });
  }
}

/// Runs the instrument actors of exactly those symbols that placement gives to this node.
void follow_placement(FrontSelf* self) {
  for (const auto& symbol : self->state.plan->catalogue.symbols()) {
    const bool here = is_owned_here(self, symbol);
    const bool runs = self->state.owned.count(symbol) > 0;
    if (here && !runs) {
      start_symbol(self, symbol);
    } else if (!here && runs) {
      stop_symbol(self, symbol);
    }
  }
  report_health(self);
}

/// @returns why this front does not answer for the instrument
core::Result<trading::InstrumentId> admitted(FrontSelf* self, const trading::InstrumentId& id) {
  auto resolved = self->state.plan->catalogue.resolve(id);
  if (!resolved) {
    return resolved.error();
  }
  const auto owner = self->runtime().placement.owner(messages::market_data_service, id.symbol);
  if (!owner) {
    return core::Error{Errc::UNAVAILABLE, "no live node carries market data"};
  }
  if (!owner->local) {
    return core::Error{Errc::MOVED, id.symbol + " is answered by node " + owner->node};
  }
  return resolved;
}

/// Whether the instrument's actor is away rather than of another opinion.
bool is_away(Errc code) {
  switch (code) {
    case Errc::ACTOR_DOWN:
    case Errc::TIMEOUT:
    case Errc::OVERLOADED:
    case Errc::INTERNAL:
    case Errc::NOT_READY: return true;
    default: return false;
  }
}

/// Answers with the last good value, or with why there is none.
template <class Reply, class Finish>
void answer_from_cache(FrontSelf* self,
                       const std::string& key,
                       const core::Error& why,
                       caf::typed_response_promise<Reply> promise,
                       Finish finish) {
  ask_child(self, self->state.paths.cache(), storage::CacheGet{key}, cache_deadline, nullptr,
            [self, why, promise, finish](const core::Result<storage::CacheAnswer>& answer) mutable {
              if (answer && answer->value) {
                if (auto reply = core::binary::decode<Reply>(*answer->value)) {
                  auto& meta = reply->meta;
                  const auto age = self->runtime().clock.now() - meta.as_of;
                  meta.quality = trading::Quality::degraded;
                  meta.source = "cache";
                  meta.age_ms = std::max<std::int64_t>(0, age.count() / 1'000'000);
                  finish(*reply);
                  promise.deliver(std::move(*reply));
                  return;
                }
              }
              const auto code = why.code == Errc::NOT_READY ? why.code : Errc::UNAVAILABLE;
              promise.deliver(core::to_caf(code, why.message));
            });
}

template <supervision::Request R, class Finish>
caf::result<typename R::Reply>
ask_instrument(FrontSelf* self, const R& request, const std::string& key, Finish finish) {
  using Reply = typename R::Reply;
  auto promise = self->make_response_promise<Reply>();
  ask_child(self, self->state.paths.instrument(request.symbol.symbol), request, instrument_deadline,
            nullptr, [self, key, promise, finish](core::Result<Reply> reply) mutable {
              if (reply) {
                promise.deliver(std::move(*reply));
              } else if (is_away(reply.error().code)) {
                answer_from_cache<Reply>(self, key, reply.error(), promise, finish);
              } else {
                promise.deliver(core::to_caf(reply.error()));
              }
            });
  return promise;
}

caf::result<messages::TickerReply> on_get_ticker_front(FrontSelf* self,
                                                       const messages::GetTicker& request) {
  const auto id = admitted(self, request.symbol);
  if (!id) {
    return core::to_caf(id.error());
  }
  return ask_instrument(self, request, ticker_key(*id), [](messages::TickerReply&) {});
}

caf::result<messages::OrderBookReply> on_get_book_front(FrontSelf* self,
                                                        const messages::GetOrderBook& request) {
  const auto id = admitted(self, request.symbol);
  if (!id) {
    return core::to_caf(id.error());
  }
  const auto depth = read_depth(request);
  if (!depth) {
    return core::to_caf(depth.error());
  }
  return ask_instrument(
    self, request, book_key(*id),
    [depth = *depth](messages::OrderBookReply& reply) { reply.data = top_of(reply.data, depth); });
}

caf::result<messages::HistoricalReply>
on_get_historical_front(FrontSelf* self, const messages::GetHistorical& request) {
  const auto id = admitted(self, request.symbol);
  if (!id) {
    return core::to_caf(id.error());
  }
  const auto& settings = self->state.plan->settings;
  if (const auto query = read_query(request, configured_specs(settings)); !query) {
    return core::to_caf(query.error());
  }
  auto promise = self->make_response_promise<messages::HistoricalReply>();
  ask_child(self, self->state.paths.instrument(request.symbol.symbol), request,
            messages::historical_within, nullptr,
            [promise](core::Result<messages::HistoricalReply> reply) mutable {
              if (reply) {
                promise.deliver(std::move(*reply));
                return;
              }
              const auto& error = reply.error();
              const auto code = is_away(error.code) ? Errc::UNAVAILABLE : error.code;
              promise.deliver(core::to_caf(code, error.message));
            });
  return promise;
}

caf::result<messages::InstrumentsReply> on_list(FrontSelf* self, const messages::ListInstruments&) {
  messages::InstrumentsReply reply;
  reply.data = self->state.plan->catalogue.instruments();
  for (auto& instrument : reply.data) {
    const auto at = self->state.refreshed.find(instrument.instrument);
    instrument = at == self->state.refreshed.end() ? instrument : at->second;
  }
  reply.meta.as_of = self->runtime().clock.now();
  reply.meta.source = self->state.refreshed.empty() ? "configuration" : "venue";
  reply.meta.has_more = false;
  return reply;
}

caf::result<messages::SlaReply> on_get_sla(FrontSelf* self, const messages::GetSla& request) {
  const auto& state = self->state;
  auto reply = answer_sla(*state.sla, state.plan->catalogue, request, self->runtime().clock.now());
  if (!reply) {
    return core::to_caf(reply.error());
  }
  return std::move(*reply);
}

/// What this node measures goes to its metrics; what a venue as a whole misses is told by the node
/// that owns the first of its symbols.
void report_sla(FrontSelf* self) {
  auto& state = self->state;
  const auto& runtime = self->runtime();
  if (state.plan->feeds) {
    state.plan->feeds->publish(
      {targets_of(state.plan->settings.sla), state.sla->venues(runtime.node)});
  }
  for (const auto& venue : state.plan->catalogue.venues()) {
    if (venue.instruments.empty()
        || !is_owned_here(self, venue.instruments.front().instrument.symbol)) {
      continue;
    }
    for (const auto& breach : state.sla->breaches(venue.name, runtime.node, runtime.clock.now())) {
      core::log::warn(breach.breached ? "venue misses a target" : "venue meets its target again",
                      {{"venue", venue.name},
                       {"target", breach.target},
                       {"value", breach.value},
                       {"limit", breach.limit}});
      self->runtime().bus.publish(messages::topics::sla_breaches, venue.name,
                                  caf::make_message(breach));
    }
  }
}

/// Other nodes' calls to a venue whose budget is kept here.
caf::result<messages::BudgetGranted> on_acquire_budget(FrontSelf* self,
                                                       const messages::AcquireBudget& request) {
  auto promise = self->make_response_promise<messages::BudgetGranted>();
  ask_child(self, self->state.paths.limiter(request.venue), venues::ForwardedBudget{request},
            request.wait.chrono() + child_deadline, nullptr,
            [promise](core::Result<messages::BudgetGranted> granted) mutable {
              granted ? promise.deliver(*granted) : promise.deliver(core::to_caf(granted.error()));
            });
  return promise;
}

void on_report_usage(FrontSelf* self, const messages::ReportUsage& report) {
  const auto path = self->state.paths.limiter(report.venue);
  if (const auto limiter = self->runtime().registry.find(path).actor) {
    self->send(limiter, venues::ForwardedUsage{report});
  }
}

caf::behavior front_behavior(FrontSelf* self, Plan plan) {
  auto& state = self->state;
  state.plan = std::move(plan);
  state.paths = ServicePaths::above(self->path(), 1);
  self->runtime().health.set(condition, false, "starting");
  self->runtime().placement.watch(caf::actor_cast<caf::actor>(self));
  state.sla = std::make_unique<SlaTable>(state.plan->settings.sla);
  self->runtime().bus.subscribe(messages::topics::instruments, caf::actor_cast<caf::actor>(self));
  self->runtime().bus.subscribe(messages::topics::feed_sla, caf::actor_cast<caf::actor>(self));
  self->send(self, CheckDue{self->epoch()});
  return {
    supervision::handle<messages::GetTicker>(self, on_get_ticker_front),
    supervision::handle<messages::GetOrderBook>(self, on_get_book_front),
    supervision::handle<messages::GetHistorical>(self, on_get_historical_front),
    supervision::handle<messages::ListInstruments>(self, on_list),
    supervision::handle<messages::GetSla>(self, on_get_sla),
    [self](const messages::FeedSlaMeasured& event) { self->state.sla->take(event); },
    supervision::handle<messages::AcquireBudget>(self, on_acquire_budget),
    [self](const messages::ReportUsage& report) { on_report_usage(self, report); },
    [self](const messages::InstrumentChanged& event) {
      self->state.refreshed[event.instrument.instrument] = event.instrument;
    },
    [self](const supervision::ViewChanged& view) {
      self->state.epoch = view.epoch;
      follow_placement(self);
    },
    [self](const SymbolReady& news) {
      if (self->state.owned.count(news.symbol) > 0
          && self->state.ready.insert(news.symbol).second) {
        report_health(self);
      }
    },
    [self](const CheckDue& due) {
      if (due.epoch == self->epoch()) {
        follow_placement(self);
        report_sla(self);
        self->delayed_send(self, check_every, due);
      }
    },
  };
}

} // namespace

supervision::ChildSpec front_child(Plan plan) {
  return {.name = "front",
          .start =
            [plan = std::move(plan)](supervision::StartContext& context) {
              context.runtime.registry.set_front(messages::market_data_service, context.path);
              return context.spawn(front_behavior, plan);
            },
          .restart = supervision::Restart::permanent,
          .backoff = supervision::quick_backoff};
}

} // namespace troupe::market_data
