#include "actors/venues/common/connector_feed_actor.hpp"

#include "actors/venues/common/connector_state.hpp"
#include "supervision/supervisor.hpp"

#include <utility>

namespace troupe::venues {

namespace connector {

constexpr std::chrono::milliseconds tick_every{100};

void on_tick(Self* self, const Tick& tick) {
  if (tick.epoch != self->epoch()) {
    return;
  }
  const auto now = self->runtime().clock.now();
  tell_limits(self);
  maintain_listing(self, now);
  maintain_connection(self, now);
  with_sink(self, [self, now](MarketSink& sink) { self->state.protocol->tick(now, sink); });
  poll_streams(self, now);
  drive(self);
  beat(self, now);
  self->delayed_send(self, tick_every, tick);
}

caf::behavior behavior(Self* self, const RestPort& port, const MakeProtocol& make_protocol) {
  auto& state = self->state;
  state.port = port;
  state.port.limiter = sibling(self->path(), "limiter");
  state.protocol = make_protocol();
  state.random = core::Random{core::mix(self->runtime().seed, self->epoch())};
  state.down_since = self->runtime().clock.now();
  self->send(self, Tick{self->epoch()});
  return {
    [self](const FeedSubscribe& request) { on_subscribe(self, request); },
    [self](const FeedUnsubscribe& request) { on_unsubscribe(self, request); },
    [self](const FeedAck& ack) { on_ack(self, ack); },
    [self](const SocketText& event) { on_text(self, event); },
    [self](const SocketOpened& event) { on_opened(self, event); },
    [self](const SocketClosed& event) { on_closed(self, event); },
    [self](const Flush& due) {
      if (due.epoch == self->epoch()) {
        self->state.flush_due = false;
        flush(self);
      }
    },
    [self](const Tick& tick) { on_tick(self, tick); },
  };
}

} // namespace connector

supervision::Start connector_feed_actor(RestPort port, MakeProtocol make_protocol) {
  return [port = std::move(port),
          make_protocol = std::move(make_protocol)](supervision::StartContext& context) {
    port.network->open();
    return context.spawn(connector::behavior, port, make_protocol);
  };
}

} // namespace troupe::venues
