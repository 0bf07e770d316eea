#include "actors/venues/common/connector_state.hpp"
#include "actors/venues/common/wire.hpp"
#include "core/log.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <utility>

namespace troupe::venues::connector {

using core::Timestamp;

namespace socket_detail {

constexpr std::size_t message_bytes_max =
  134'217'728;                               ///< a snapshot has tens of thousands of levels
constexpr std::chrono::seconds held_for{30}; ///< then earlier failures are forgotten
constexpr std::chrono::seconds listing_retry{5};
constexpr double jitter = 0.2;

void schedule_reconnect(State& state, Timestamp now) {
  const auto& settings = *state.port.settings;
  if (state.open && now - state.opened > held_for) {
    state.attempts = 0;
  }
  constexpr unsigned doublings_max = 20;
  const auto doubled =
    static_cast<double>(settings.reconnect_min.ns)
    * static_cast<double>(std::uint64_t{1} << std::min(state.attempts, doublings_max));
  const auto wait = std::min(doubled, static_cast<double>(settings.reconnect_max.ns));
  const double noise = 1.0 + jitter * (2.0 * state.random.uniform() - 1.0);
  ++state.attempts;
  state.connect_at = now + std::chrono::nanoseconds{static_cast<std::int64_t>(wait * noise)};
}

void connect(Self* self) {
  auto& state = self->state;
  const auto& settings = *state.port.settings;
  const auto number = ++state.connection;
  const auto epoch = self->epoch();
  const auto me = caf::actor_cast<caf::actor>(self);
  net::WebSocketClientSettings client{.url = settings.ws_url + state.protocol->socket_target(),
                                      .headers = {{"User-Agent", "troupe"}},
                                      .tls = state.port.network->tls(),
                                      .connect_timeout = settings.connect_timeout,
                                      .message_bytes_max = message_bytes_max};
  net::WebSocketClientEvents events{
    .on_open =
      [me, epoch, number] {
        caf::anon_send(me, SocketOpened{epoch, number});
      },
    .on_message =
      [me, epoch, number](std::string_view text) {
        caf::anon_send(me, SocketText{epoch, number, wire::padded(text)});
      },
    .on_close =
      [me, epoch, number](const core::Error& error, std::uint16_t code, std::string_view reason) {
        caf::anon_send(me, SocketClosed{epoch, number,
                                        core::to_string(error) + ", code " + std::to_string(code)
                                          + " " + std::string{reason}});
      }};
  state.socket = std::make_unique<net::WebSocketClient>(state.port.network->thread(),
                                                        std::move(client), std::move(events));
  state.socket->connect();
}

bool is_current(const Self* self, std::uint64_t epoch, std::uint64_t connection) {
  return epoch == self->epoch() && connection == self->state.connection && self->state.socket;
}

void send_query(Self* self, const RestQuery& query) {
  rest_get(self, self->state.port, {query.target, query.cost},
           [self, id = query.id](const core::Result<std::string>& body) {
             with_sink(self, [&](MarketSink& sink) {
               self->state.protocol->answered(id, body, self->runtime().clock.now(), sink);
             });
             drive(self);
           });
}

/// What the venue allows a client to send on its stream.
void send_messages(State& state, Timestamp now) {
  const auto rate = static_cast<double>(state.port.settings->messages_per_second);
  if (now > state.message_filled) {
    const double seconds = static_cast<double>((now - state.message_filled).count()) / 1e9;
    state.message_tokens = std::min(rate, state.message_tokens + seconds * rate);
    state.message_filled = now;
  }
  auto& messages = state.protocol->messages();
  while (state.open && !messages.empty() && state.message_tokens >= 1.0) {
    state.message_tokens -= 1.0;
    (void)state.socket->send(std::move(messages.front()));
    messages.pop_front();
  }
}

} // namespace socket_detail

void drive(Self* self) {
  auto& state = self->state;
  const auto now = self->runtime().clock.now();
  if (const auto reason = state.protocol->take_reconnect(); !reason.empty()) {
    drop_connection(self, reason);
  }
  socket_detail::send_messages(state, now);
  auto queries = std::exchange(state.protocol->queries(), {});
  for (const auto& query : queries) {
    socket_detail::send_query(self, query);
  }
}

void maintain_connection(Self* self, Timestamp now) {
  auto& state = self->state;
  if (!state.socket && state.protocol->follows_any() && now >= state.connect_at) {
    socket_detail::connect(self);
  }
}

void drop_connection(Self* self, const std::string& reason) {
  auto& state = self->state;
  if (!state.socket) {
    return;
  }
  const auto now = self->runtime().clock.now();
  const bool was_open = state.open;
  socket_detail::schedule_reconnect(state, now);
  core::log::warn(was_open ? "venue stream lost" : "venue stream not opened",
                  {{"venue", state.port.settings->name},
                   {"reason", reason},
                   {"attempt", state.attempts},
                   {"next_in", core::Duration{state.connect_at - now}.to_text()}});
  state.socket.reset();
  state.open = false;
  if (was_open) {
    state.down_since = now;
  }
  state.protocol->closed();
  for (auto& [symbol, stream] : state.streams) {
    stream.live = stream.restart = stream.book_changed = false;
    stream.trades.clear();
    stream.book_updates = stream.resync_attempts = 0;
    tell_down(self, stream, reason);
  }
}

void on_opened(Self* self, const SocketOpened& event) {
  auto& state = self->state;
  if (!socket_detail::is_current(self, event.epoch, event.connection)) {
    return;
  }
  state.open = true;
  state.opened = self->runtime().clock.now();
  core::log::info("venue stream opened", {{"venue", state.port.settings->name}});
  state.protocol->opened(state.opened);
  with_sink(self, [&](MarketSink& sink) { state.protocol->tick(state.opened, sink); });
  drive(self);
}

void on_text(Self* self, const SocketText& event) {
  auto& state = self->state;
  if (!socket_detail::is_current(self, event.epoch, event.connection)) {
    return;
  }
  with_sink(self, [&](MarketSink& sink) {
    state.protocol->received(event.text, self->runtime().clock.now(), sink);
  });
  drive(self);
}

void on_closed(Self* self, const SocketClosed& event) {
  if (socket_detail::is_current(self, event.epoch, event.connection)) {
    drop_connection(self, event.reason);
  }
}

void maintain_listing(Self* self, Timestamp now) {
  auto& state = self->state;
  if (now < state.listing_at) {
    return;
  }
  state.listing_at = now + socket_detail::listing_retry; // an answer moves it on
  state.protocol->ask_listing();
}

void poll_streams(Self* self, Timestamp now) {
  auto& state = self->state;
  const auto& settings = *state.port.settings;
  if (state.open || now - state.down_since < settings.poll_after.chrono()) {
    return;
  }
  for (auto& [symbol, stream] : state.streams) {
    tell_down(self, stream, "the venue's stream does not open");
    if (now - stream.polled >= settings.poll_every.chrono()) {
      stream.polled = now;
      state.protocol->poll(symbol);
    }
  }
}

} // namespace troupe::venues::connector
