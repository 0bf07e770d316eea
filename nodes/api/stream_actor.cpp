#include "nodes/api/stream_actor.hpp"

#include "messages/message_types.hpp"
#include "nodes/api/stream_news.hpp"
#include "nodes/api/stream_repeats.hpp"
#include "supervision/actor.hpp"

#include <caf/behavior.hpp>
#include <caf/event_based_actor.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>

namespace troupe::api {

namespace {

using namespace std::chrono_literals;
using messages::ActivityBarClosed;
using messages::BarClosed;
using messages::BookChanged;
using messages::BookResync;
using messages::CorrelationUpdated;
using messages::InstrumentChanged;
using messages::InstrumentStatusBeat;
using messages::PriceUpdate;
using messages::RegimeChanged;
using messages::RegimeIntervals;
using messages::SlaBreach;
using messages::TradesPrinted;

struct StreamState {
  static inline const char* name = "streams";
  std::shared_ptr<StreamRegistry> registry;
  std::shared_ptr<CorrelationSubscriptions> correlations;
  std::map<trading::InstrumentId, bool> primary;               ///< instruments heard of
  std::map<trading::InstrumentId, trading::Instrument> listed; ///< what was told of them last
  StreamRepeats repeats;
  std::map<std::string, std::vector<trading::Interval>> regime_intervals; ///< by node
};

using Self = supervision::StatefulActor<StreamState>;

struct HeartbeatDue {};
BOOST_DESCRIBE_STRUCT(HeartbeatDue, (), ())

using core::inspect;

/// The universe as a whole, then a row for each instrument.
void publish_universe(StreamRegistry& registry, const CorrelationUpdated& event) {
  auto symbols = std::make_shared<std::vector<std::string>>();
  for (const auto& id : event.symbols) {
    symbols->push_back(id.to_text());
  }
  const std::shared_ptr<const std::vector<std::string>> sources = std::move(symbols);
  registry.publish({.channel = "correlation",
                    .instrument = {},
                    .whole = true,
                    .interval = event.interval.to_text(),
                    .as_of = event.meta.as_of,
                    .quality = event.meta.quality,
                    .data = core::json::encode(event),
                    .age_ms = event.meta.age_ms.value_or(0),
                    .retell = retelling(event),
                    .sources = sources});
  CorrelationRow row{.meta = event.meta,
                     .universe = event.universe,
                     .cause = event.cause,
                     .symbols = event.symbols,
                     .correlations = {},
                     .mean_correlation = event.mean_correlation,
                     .mean_change = event.mean_change,
                     .model = event.model,
                     .model_note = event.model_note};
  for (std::size_t i = 0; i < event.symbols.size(); ++i) {
    if (i < event.matrix.size()) {
      row.correlations = event.matrix[i];
    }
    registry.publish({.channel = "correlation",
                      .instrument = event.symbols[i],
                      .primary = true,
                      .interval = event.interval.to_text(),
                      .as_of = event.meta.as_of,
                      .quality = event.meta.quality,
                      .data = core::json::encode(row),
                      .age_ms = event.meta.age_ms.value_or(0),
                      .retell = retelling(row),
                      .sources = sources});
  }
}

/// Of one instrument, or of all that its venue lists.
void publish_breach(Self* self, const SlaBreach& event) {
  StreamNews news{.channel = "status",
                  .instrument = event.instrument.value_or(trading::InstrumentId{}),
                  .primary = event.primary,
                  .interval = {},
                  .as_of = event.as_of,
                  .quality = trading::Quality::live,
                  .data = core::json::encode(event),
                  .event = "feed_sla",
                  .once = true};
  if (event.instrument) {
    self->state.registry->publish(news);
    return;
  }
  for (const auto& [instrument, primary] : self->state.primary) {
    if (instrument.venue == event.venue) {
      news.instrument = instrument;
      news.primary = primary;
      self->state.registry->publish(news);
    }
  }
}

/// Every node that follows the venue tells of it; clients hear of it once.
void publish_change(Self* self, const InstrumentChanged& event) {
  auto& state = self->state;
  const auto& id = event.instrument.instrument;
  auto& listed = state.listed[id];
  if (listed == event.instrument) {
    return;
  }
  listed = event.instrument;
  const auto known = state.primary.find(id);
  state.registry->publish({.channel = "status",
                           .instrument = id,
                           .primary = known != state.primary.end() && known->second,
                           .interval = {},
                           .as_of = self->runtime().clock.now(),
                           .quality = trading::Quality::live,
                           .data = core::json::encode(event),
                           .event = "instrument_changed",
                           .once = true});
}

template <class Closed>
void publish_bar(Self* self, const Closed& event) {
  if (self->state.repeats.is_news(event)) {
    self->state.registry->publish(news_of(event));
  }
}

void publish_trades(Self* self, const TradesPrinted& event) {
  const auto repeated = self->state.repeats.repeated(event);
  if (repeated == 0) {
    self->state.registry->publish(news_of(event));
  } else if (repeated < event.trades.size()) {
    auto rest = event;
    rest.trades.erase(rest.trades.begin(),
                      rest.trades.begin() + static_cast<std::ptrdiff_t>(repeated));
    self->state.registry->publish(news_of(rest));
  }
}

void learn_regime_intervals(Self* self, const RegimeIntervals& event) {
  auto& known = self->state.regime_intervals;
  known[event.node] = event.intervals;
  const auto carriers = self->runtime().placement.carriers(messages::regime_service);
  std::erase_if(
    known, [&](const auto& of) { return std::ranges::find(carriers, of.first) == carriers.end(); });
  std::vector<trading::BarSpec> all;
  for (const auto& [node, intervals] : known) {
    for (const auto interval : intervals) {
      if (std::ranges::find(all, trading::BarSpec{interval}) == all.end()) {
        all.emplace_back(interval);
      }
    }
  }
  self->state.registry->learn_intervals("regime", std::move(all));
}

/// Once a second: what the streams' services and sources are worth, and that the node is there.
void beat(Self* self) {
  auto& registry = *self->state.registry;
  for (const auto& channel : registry.channels()) {
    registry.learn_carried(channel.name,
                           !self->runtime().placement.carriers(channel.service).empty());
  }
  registry.tell_qualities();
  registry.heartbeat(self->runtime().clock.now());
  self->delayed_send(self, 1s, HeartbeatDue{});
}

void subscribe_all(Self* self) {
  auto& bus = self->runtime().bus;
  const auto me = caf::actor_cast<caf::actor>(self);
  for (const auto* topic :
       {&messages::topics::venue_status, &messages::topics::price_update, &messages::topics::book,
        &messages::topics::trades, &messages::topics::bars, &messages::topics::activity_bars,
        &messages::topics::book_resync, &messages::topics::sla_breaches,
        &messages::topics::instruments, &messages::topics::regime_states,
        &messages::topics::regime_intervals, &messages::topics::correlation_updates,
        &messages::topics::universes_kept}) {
    bus.subscribe(*topic, me);
  }
}

caf::behavior streams(Self* self,
                      const std::shared_ptr<StreamRegistry>& registry,
                      const std::shared_ptr<CorrelationSubscriptions>& correlations) {
  self->state.registry = registry;
  self->state.correlations = correlations;
  subscribe_all(self);
  self->delayed_send(self, 1s, HeartbeatDue{});
  const auto publish = [self](const auto& event) { self->state.registry->publish(news_of(event)); };
  return {
    [publish](const PriceUpdate& event) { publish(event); },
    [publish](const BookChanged& event) { publish(event); },
    [self](const TradesPrinted& event) { publish_trades(self, event); },
    [self](const BarClosed& event) { publish_bar(self, event); },
    [self](const ActivityBarClosed& event) { publish_bar(self, event); },
    [publish](const BookResync& event) { publish(event); },
    [self](const SlaBreach& event) { publish_breach(self, event); },
    [self](const InstrumentChanged& event) { publish_change(self, event); },
    [publish](const RegimeChanged& event) { publish(event); },
    [self](const CorrelationUpdated& event) { publish_universe(*self->state.registry, event); },
    [self](const messages::UniverseKept& event) { self->state.correlations->learn(event); },
    [self, publish](const InstrumentStatusBeat& event) {
      self->state.registry->learn(event.instrument, event.primary, event.bars);
      self->state.registry->heard(event);
      self->state.primary[event.instrument] = event.primary;
      publish(event);
    },
    [self](const supervision::TopicGap& gap) {
      self->state.registry->publish_gap(gap.topic, gap.lost);
    },
    [self](const RegimeIntervals& event) { learn_regime_intervals(self, event); },
    [self](HeartbeatDue) { beat(self); },
  };
}

/// One WebSocket path: parses what clients say and answers.
class StreamHandler final : public net::WebSocketHandler {
public:
  StreamHandler(std::vector<Channel> channels,
                std::shared_ptr<StreamRegistry> registry,
                SubscriptionCheck check)
    : channels_(std::move(channels)), registry_(std::move(registry)), check_(std::move(check)) {}

  void on_open(const net::SessionPtr& session, const net::Request&) override {
    registry_->add(session);
  }

  void on_message(const net::SessionPtr& session, std::string_view text) override {
    const auto request = parse_stream_request(text, channels_);
    if (!request) {
      session->send(net::make_frame(stream_error(request.error(), stream_request_id(text))));
      return;
    }
    switch (request->op) {
      case StreamOp::PING: session->send(net::make_frame(stream_ack(*request))); break;
      case StreamOp::UNSUBSCRIBE: registry_->unsubscribe(session, *request); break;
      case StreamOp::SUBSCRIBE:
        if (const auto done = subscribe(session, *request); !done) {
          session->send(net::make_frame(stream_error(done.error(), request->id)));
        }
        break;
    }
  }

  void on_close(const net::SessionPtr& session, std::uint16_t) override {
    registry_->remove(session);
  }

private:
  core::Result<void> subscribe(const net::SessionPtr& session, const StreamRequest& request) {
    auto checked = check_ ? check_(request) : core::Result<void>{};
    return checked ? registry_->subscribe(session, request) : checked;
  }

  const std::vector<Channel> channels_;
  const std::shared_ptr<StreamRegistry> registry_;
  const SubscriptionCheck check_;
};

} // namespace

// clang-format off
std::vector<Channel> data_channels() {
  return {
    // name         conflated  default interval  whole  tick:N and such, too  of the service
    {"ticker",   true,      "",                  false, false,                messages::market_data_service},
    {"trades",   false,     "",                  false, false,                messages::market_data_service},
    {"book",     true,      "",                  false, false,                messages::market_data_service},
    {"bars",     false,     "1m",                false, true,                 messages::market_data_service},
    {"status",   true,      "",                  false, false,                messages::market_data_service},
  };
}

std::vector<Channel> regime_channels() {
  return {
    {"regime",   true,      "1h",                false, false,                messages::regime_service},
  };
}

std::vector<Channel> correlation_channels() {
  return {
    {"correlation", true,   "1h",                true,  false,                messages::correlation_service},
  };
}
// clang-format on

std::vector<StreamSchema> stream_schemas(core::SchemaRegistry& schemas) {
  return {
    {"ticker", "", schemas.of<messages::Ticker>()},
    {"trades", "", schemas.of<std::vector<trading::Trade>>()},
    {"book", "", schemas.of<trading::BookSnapshot>()},
    {"bars", "", schemas.of<trading::Bar>()},
    {"status", "venue_status", schemas.of<InstrumentStatusBeat>()},
    {"status", "book_resync", schemas.of<BookResync>()},
    {"status", "feed_sla", schemas.of<SlaBreach>()},
    {"status", "instrument_changed", schemas.of<InstrumentChanged>()},
    {"regime", "", schemas.of<RegimeChanged>()},
    {"correlation", "", schemas.of<CorrelationRow>()},
  };
}

supervision::ChildSpec stream_child(std::shared_ptr<StreamRegistry> registry,
                                    std::shared_ptr<CorrelationSubscriptions> correlations) {
  supervision::ChildSpec spec;
  spec.name = "streams";
  spec.start = [registry = std::move(registry),
                correlations = std::move(correlations)](supervision::StartContext& context) {
    return context.spawn(streams, registry, correlations);
  };
  spec.backoff = supervision::quick_backoff;
  return spec;
}

net::Route stream_route(std::string path,
                        std::vector<Channel> channels,
                        std::shared_ptr<StreamRegistry> registry,
                        SubscriptionCheck check) {
  net::Route route;
  route.method = net::Method::GET;
  route.path = std::move(path);
  route.handler = std::shared_ptr<net::WebSocketHandler>(
    std::make_shared<StreamHandler>(std::move(channels), std::move(registry), std::move(check)));
  route.scope = "read";
  return route;
}

} // namespace troupe::api
