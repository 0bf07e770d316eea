#include "actors/regime/front_actor.hpp"

#include "actors/regime/front_state.hpp"
#include "actors/regime/instrument_actor.hpp"
#include "core/log.hpp"
#include "supervision/messages.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace troupe::regime {

/// Time to tell the others which intervals are kept here.
struct TellIntervalsDue {};

} // namespace troupe::regime

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::regime::TellIntervalsDue)

namespace troupe::regime {

core::Error nobody(FrontSelf* self, const std::string& symbol) {
  using core::Errc;
  if (!self->state.listings.empty()) {
    return {Errc::UNKNOWN_SYMBOL, "no market data of " + symbol + " was heard of"};
  }
  const auto carriers = self->runtime().placement.carriers(messages::market_data_service);
  if (carriers.empty()) {
    return {Errc::UNAVAILABLE, "no live node carries market-data, which regimes are made of"};
  }
  return {Errc::NOT_READY,
          "market-data on " + carriers.front() + " has not told of any instrument yet"};
}

namespace {

constexpr std::chrono::seconds tell_intervals_every{5};

bool owned(FrontSelf* self, const std::string& symbol) {
  const auto owner = self->runtime().placement.owner(messages::regime_service, symbol);
  return owner && owner->local;
}

/// The symbol's child as it runs now; empty while it is down or starting.
caf::actor child_of(FrontSelf* self, const Listing& listing) {
  return listing.started ? self->runtime().registry.find(listing.path).actor : caf::actor{};
}

/// A drain of another node is done when all that is owned here can answer. Readiness does not wait
/// for it: a node that is warming up answers NOT_READY, or with what is kept elsewhere.
void report_loaded(FrontSelf* self) {
  const auto& state = self->state;
  std::uint64_t waiting = 0;
  std::string example;
  for (const auto& [symbol, listing] : state.listings) {
    if (listing.started && !listing.loaded) {
      ++waiting;
      example = symbol;
    }
  }
  auto& health = self->runtime().health;
  health.set_loaded(messages::regime_service, {.epoch = state.epoch, .waiting = waiting});
  if (waiting == 0) {
    health.clear_degraded(messages::regime_service);
  } else {
    health.set_degraded(messages::regime_service, std::to_string(waiting)
                                                    + " symbols have no history yet, such as "
                                                    + example);
  }
}

/// Starts or stops the symbol's child as the placement says.
void place(FrontSelf* self, const std::string& symbol, Listing& listing) {
  const bool mine = owned(self, symbol);
  if (mine == listing.started) {
    return;
  }
  auto& state = self->state;
  const auto done = mine ? supervision::start_child(
                      self->runtime(), state.parts.instruments(),
                      instrument(state.settings, state.parts, listing.beat, listing.heard_at))
                         : supervision::stop_child(self->runtime(), listing.path);
  if (!done) {
    // the supervisor of the children is down: it takes this front with it, and all begins anew
    core::log::warn("regime child not placed",
                    {{"symbol", symbol}, {"error", core::to_string(done.error())}});
    return;
  }
  listing.started = mine;
  listing.loaded = false;
}

void on_beat(FrontSelf* self, const messages::InstrumentStatusBeat& beat) {
  if (!beat.primary) {
    return;
  }
  auto& state = self->state;
  const auto& symbol = beat.instrument.symbol;
  auto found = state.listings.find(symbol);
  if (found == state.listings.end()) {
    if (state.listings.size() >= state.settings->symbols_max) {
      if (!std::exchange(state.full, true)) {
        core::log::warn("regime symbols full",
                        {{"symbols_max", state.settings->symbols_max}, {"refused", symbol}});
      }
      return;
    }
    found = state.listings.emplace(symbol, Listing{}).first;
    found->second.path = state.parts.instrument(symbol);
  }
  auto& listing = found->second;
  listing.beat = beat;
  listing.heard_at = self->clock().now().time_since_epoch();
  place(self, symbol, listing);
  report_loaded(self);
  if (const auto child = child_of(self, listing)) {
    self->send(child, beat);
  }
}

void on_bar(FrontSelf* self, const messages::BarClosed& event) {
  const auto& state = self->state;
  if (!event.primary
      || std::find(state.intervals.begin(), state.intervals.end(), event.interval)
           == state.intervals.end()) {
    return;
  }
  const auto found = state.listings.find(event.instrument.symbol);
  if (found == state.listings.end()) {
    return; // its first beat starts a child, which has this bar from history
  }
  if (const auto child = child_of(self, found->second)) {
    self->send(child, event);
  }
}

void on_gap(FrontSelf* self, const supervision::TopicGap& gap) {
  if (gap.topic != messages::topics::bars.name) {
    return;
  }
  core::log::warn("bars lost", {{"from", gap.node}, {"lost", gap.lost}});
  for (const auto& [symbol, listing] : self->state.listings) {
    if (const auto child = child_of(self, listing)) {
      self->send(child, gap);
    }
  }
}

/// Passes a request on to the child of its symbol.
template <class Request>
caf::result<typename Request::Reply> pass_on(FrontSelf* self, const Request& request) {
  const auto& symbol = request.symbol.symbol;
  const auto owner = self->runtime().placement.owner(messages::regime_service, symbol);
  if (!owner) {
    return core::to_caf(core::Errc::UNAVAILABLE, "no live node carries regime");
  }
  if (!owner->local) {
    return core::to_caf(core::Errc::MOVED,
                        "the regime of " + symbol + " is kept by node " + owner->node);
  }
  const auto found = self->state.listings.find(symbol);
  if (found == self->state.listings.end()) {
    return core::to_caf(nobody(self, request.symbol.to_text()));
  }
  const auto& primary = found->second.beat.instrument.venue;
  if (request.symbol.qualified() && request.symbol.venue != primary) {
    return core::to_caf(core::Errc::UNKNOWN_SYMBOL,
                        "regimes are kept for a symbol's primary venue: expected "
                          + found->second.beat.instrument.to_text() + " or " + symbol + ", found "
                          + request.symbol.to_text());
  }
  const auto child = child_of(self, found->second);
  if (!child) {
    return core::to_caf(core::Errc::NOT_READY, "the regime of " + symbol + " is starting");
  }
  self->delegate(child, request);
  return caf::delegated<typename Request::Reply>{};
}

/// Others learn from it what can be asked and subscribed to here.
void tell_intervals(FrontSelf* self) {
  auto& runtime = self->runtime();
  runtime.bus.publish(
    messages::topics::regime_intervals, runtime.node,
    caf::make_message(messages::RegimeIntervals{runtime.node, self->state.intervals}));
  self->delayed_send(self, tell_intervals_every, TellIntervalsDue{});
}

/// Children that an earlier front started.
void adopt(FrontSelf* self) {
  auto& state = self->state;
  for (const auto& supervisor : self->runtime().actors.tree(state.parts.instruments())) {
    for (const auto& child : supervisor.children) {
      auto& listing = state.listings[child.name];
      listing.path = child.path;
      listing.beat.instrument.symbol = child.name;
      listing.started = true;
    }
  }
}

caf::behavior
front_behavior(FrontSelf* self, std::shared_ptr<const Settings> settings, Parts parts) {
  auto& state = self->state;
  state.settings = std::move(settings);
  state.parts = std::move(parts);
  for (const auto& text : state.settings->intervals) {
    if (const auto interval = trading::Interval::from_text(text)) {
      state.intervals.push_back(*interval);
    }
  }
  adopt(self);
  report_loaded(self);
  auto& runtime = self->runtime();
  const auto me = caf::actor_cast<caf::actor>(self);
  runtime.placement.watch(me);
  runtime.bus.subscribe(messages::topics::venue_status, me);
  runtime.bus.subscribe(messages::topics::bars, me);
  tell_intervals(self);
  return {
    supervision::handle<messages::GetRegime>(self, pass_on<messages::GetRegime>),
    supervision::handle<messages::GetRegimeProbability>(self,
                                                        pass_on<messages::GetRegimeProbability>),
    supervision::handle<messages::ClassifyMany>(self, on_classify_many),
    supervision::handle<messages::GetRegimeModels>(self, pass_on<messages::GetRegimeModels>),
    supervision::handle<messages::StartShadowModel>(self, pass_on<messages::StartShadowModel>),
    supervision::handle<messages::PromoteShadowModel>(self, pass_on<messages::PromoteShadowModel>),
    supervision::handle<messages::RollbackModel>(self, pass_on<messages::RollbackModel>),
    supervision::handle<messages::DiscardShadowModel>(self, pass_on<messages::DiscardShadowModel>),
    [self](const messages::BarClosed& event) { on_bar(self, event); },
    [self](const messages::InstrumentStatusBeat& event) { on_beat(self, event); },
    [self](const supervision::TopicGap& gap) { on_gap(self, gap); },
    [self](const supervision::ViewChanged& view) {
      for (auto& [symbol, listing] : self->state.listings) {
        place(self, symbol, listing);
      }
      self->state.epoch = view.epoch;
      report_loaded(self);
    },
    [self](TellIntervalsDue) { tell_intervals(self); },
    [self](const InstrumentLoaded& news) {
      const auto found = self->state.listings.find(news.symbol);
      if (found != self->state.listings.end() && found->second.started
          && !std::exchange(found->second.loaded, true)) {
        report_loaded(self);
      }
    },
  };
}

} // namespace

supervision::ChildSpec front(std::shared_ptr<const Settings> settings, Parts parts) {
  return {
    .name = "front",
    .start =
      [settings = std::move(settings),
       parts = std::move(parts)](supervision::StartContext& context) {
        context.runtime.registry.set_front(messages::regime_service, context.path);
        return context.spawn(front_behavior, settings, parts);
      },
    .backoff = supervision::quick_backoff,
  };
}

} // namespace troupe::regime
