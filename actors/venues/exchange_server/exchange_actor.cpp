#include "actors/venues/exchange_server/exchange_actor.hpp"

#include "core/log.hpp"
#include "supervision/actor.hpp"

#include <caf/behavior.hpp>

#include <map>
#include <utility>

namespace troupe::venues::exchange_server {

using sim::exchange::Candle;
using sim::exchange::CandleQuery;
using sim::exchange::CandleSource;

/// Time for the exchange to go on; of one chain of timers.
struct ExchangeTick {
  std::uint64_t epoch = 0;
};
/// A reply that faults hold back.
struct DelayedReply {
  std::function<void()> send;
};
/// For the history actor.
struct FetchCandles {
  CandleQuery query;
  std::shared_ptr<const sim::SimMarket> market; ///< the tape is a function of it
  std::size_t venue = 0;
  core::Timestamp listed;
  core::Timestamp live_from;
  std::uint64_t id_factor = 1;
};
struct CandlesFetched {
  std::vector<Candle> candles;
};
/// The next part of the past to be computed in idle hours.
struct WarmOn {
  std::uint64_t epoch = 0;
  std::size_t market = 0;
  std::int64_t to_ns = 0;
};

} // namespace troupe::venues::exchange_server

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::venues::exchange_server::ExchangeTick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::venues::exchange_server::DelayedReply)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::venues::exchange_server::FetchCandles)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::venues::exchange_server::CandlesFetched)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::venues::exchange_server::WarmOn)

namespace troupe::venues::exchange_server {

struct ExchangeHome {
  explicit ExchangeHome(std::shared_ptr<FaultBox> box) : faults(std::move(box)) {}

  /// Goes to whichever actor runs the exchange now.
  struct Source final : CandleSource {
    std::function<void(const CandleQuery&, Done)> ask;
    void fetch(const CandleQuery& query, Done done) override {
      ask ? ask(query, std::move(done)) : done({});
    }
  };

  FaultPlan faults;
  Source source;
  std::unique_ptr<Endpoint> endpoint;
  std::map<std::uint64_t, net::SessionPtr> sessions; ///< open ones
  bool in_handler = false; ///< still set at a start: the predecessor crashed in the midst of it
};

namespace {

constexpr std::chrono::milliseconds exchange_tick_every{20};
constexpr std::chrono::seconds candle_deadline{60};
constexpr std::chrono::milliseconds warm_pause{200}; ///< leaves most of a core to others
constexpr std::int64_t warm_step_ns = std::int64_t{5} * 86'400 * 1'000'000'000;

struct ExchangeState {
  static inline const char* name = "exchange";
  std::shared_ptr<ExchangeHome> home;
  ExchangeActorSettings settings;
  caf::actor history;
};
using ExchangeSelf = supervision::StatefulActor<ExchangeState>;

/// Marks the time in which the exchange changes.
class InHandler {
public:
  explicit InHandler(ExchangeHome& home) : home_(home) { home_.in_handler = true; }
  InHandler(const InHandler&) = delete;
  InHandler& operator=(const InHandler&) = delete;
  ~InHandler() {
    if (std::uncaught_exceptions() == 0) {
      home_.in_handler = false;
    }
  }

private:
  ExchangeHome& home_;
};

void fetch_candles(ExchangeSelf* self, const CandleQuery& query, CandleSource::Done done) {
  auto& state = self->state;
  const auto history = self->runtime().registry.find(state.settings.history_path).actor;
  if (!history) {
    done({});
    return;
  }
  auto& exchange = state.home->endpoint->exchange();
  FetchCandles request{query,
                       exchange.sim(),
                       exchange.settings().venue,
                       exchange.history().listed(),
                       exchange.started(),
                       exchange.id_factor()};
  self->request(history, candle_deadline, std::move(request))
    .then([done](CandlesFetched& fetched) { done(std::move(fetched.candles)); },
          [self, done](const caf::error& error) {
            core::log::warn("candles of the past failed",
                            {{"path", self->path()}, {"error", core::from_caf(error).message}});
            done({});
          });
}

void on_warm(ExchangeSelf* self, const WarmOn& next) {
  auto& exchange = self->state.home->endpoint->exchange();
  const auto listed = exchange.history().listed().ns;
  if (next.epoch != self->epoch() || next.market >= exchange.markets()) {
    return;
  }
  const auto from = std::max(listed, next.to_ns - warm_step_ns);
  const auto go_on = from > listed ? WarmOn{next.epoch, next.market, from}
                                   : WarmOn{next.epoch, next.market + 1, exchange.started().ns};
  fetch_candles(
    self, {next.market, sim::exchange::find_candle_interval("1d"), from, next.to_ns},
    [self, go_on](const std::vector<Candle>&) { self->delayed_send(self, warm_pause, go_on); });
}

void on_call(ExchangeSelf* self, const HttpCall& call) {
  auto& home = *self->state.home;
  const InHandler changing{home};
  const auto delay = home.faults.now().reply_delay;
  const auto error = home.faults.next_error();
  Endpoint::Respond respond = [self, delay, answer = call.respond](net::Response response) {
    self->state.settings.traffic->count_reply(response.status);
    if (delay.ns == 0) {
      answer(std::move(response));
      return;
    }
    self->delayed_send(self, delay.chrono(), DelayedReply{[answer, response = std::move(response)] {
                         answer(response);
                       }});
  };
  home.endpoint->advance(self->runtime().clock.now());
  if (error != 0) {
    if (home.faults.now().error_after_execution) {
      home.endpoint->on_request(*call.request, [](const net::Response&) {});
    }
    respond(home.endpoint->error_reply(error));
    return;
  }
  home.endpoint->on_request(*call.request, std::move(respond));
}

void on_session(ExchangeSelf* self, const SessionOpened& opened) {
  auto& home = *self->state.home;
  const InHandler changing{home};
  if (home.faults.now().refuse_sessions) {
    opened.session->close(net::CloseCode::TRY_AGAIN_LATER, "try again later");
    return;
  }
  self->state.settings.traffic->count_session();
  home.sessions[opened.session->id()] = opened.session;
  home.endpoint->advance(self->runtime().clock.now());
  home.endpoint->on_open(opened.session, *opened.request);
}

void take_text(ExchangeSelf* self, const SessionText& message) {
  auto& home = *self->state.home;
  const InHandler changing{home};
  home.endpoint->advance(self->runtime().clock.now());
  home.endpoint->on_message(message.session, message.text);
}

void on_text(ExchangeSelf* self, const SessionText& message) {
  const auto delay = self->state.home->faults.now().reply_delay;
  if (delay.ns == 0) {
    take_text(self, message);
    return;
  }
  self->delayed_send(self, delay.chrono(),
                     DelayedReply{[self, message] { take_text(self, message); }});
}

void on_closed(ExchangeSelf* self, const SessionClosed& closed) {
  self->state.home->sessions.erase(closed.session->id());
  self->state.home->endpoint->on_close(closed.session);
}

void on_exchange_tick(ExchangeSelf* self, const ExchangeTick& tick) {
  if (tick.epoch != self->epoch()) {
    return;
  }
  self->delayed_send(self, exchange_tick_every, tick);
  const InHandler changing{*self->state.home};
  self->state.home->endpoint->advance(self->runtime().clock.now());
}

caf::behavior exchange_behavior(ExchangeSelf* self,
                                const std::shared_ptr<ExchangeHome>& home,
                                const MakeEndpoint& make,
                                const ExchangeActorSettings& settings) {
  self->state.home = home;
  self->state.settings = settings;
  home->source.ask = [self](const CandleQuery& query, CandleSource::Done done) {
    fetch_candles(self, query, std::move(done));
  };
  if (home->in_handler) {
    core::log::error("exchange starts afresh: its state is doubtful after a crash",
                     {{"path", self->path()}});
    home->endpoint.reset();
    home->in_handler = false;
    for (const auto& [id, session] : home->sessions) { // the new one would not know them
      session->close(net::CloseCode::INTERNAL, "the exchange starts afresh");
    }
    home->sessions.clear();
  }
  if (!home->endpoint) {
    home->endpoint = make({self->runtime().clock.now(), &home->source, &home->faults});
  }
  self->runtime().health.set(self->path(), true);
  self->send(self, ExchangeTick{self->epoch()});
  if (settings.warm_history) {
    self->send(self, WarmOn{self->epoch(), 0, home->endpoint->exchange().started().ns});
  }
  return {
    [self](const HttpCall& call) { on_call(self, call); },
    [self](const SessionOpened& opened) { on_session(self, opened); },
    [self](const SessionText& message) { on_text(self, message); },
    [self](const SessionClosed& closed) { on_closed(self, closed); },
    [self](const ExchangeTick& tick) { on_exchange_tick(self, tick); },
    [](const DelayedReply& reply) { reply.send(); },
    [self](const WarmOn& next) { on_warm(self, next); },
  };
}

struct CandleHistoryState {
  static inline const char* name = "exchange_history";
  std::unique_ptr<sim::exchange::TapeHistory> tape;
};
using CandleHistorySelf = supervision::StatefulActor<CandleHistoryState>;

caf::behavior history_behavior(CandleHistorySelf* self) {
  return {
    [self](const FetchCandles& request) {
      auto& tape = self->state.tape;
      if (!tape) {
        tape = std::make_unique<sim::exchange::TapeHistory>(
          request.market, request.venue, request.listed, request.live_from, request.id_factor);
      }
      return CandlesFetched{tape->candles(request.query.market, *request.query.interval,
                                          request.query.from_ns, request.query.to_ns)};
    },
  };
}

} // namespace

supervision::Start exchange_actor(MakeEndpoint make, ExchangeActorSettings settings) {
  return [make = std::move(make), home = std::make_shared<ExchangeHome>(settings.faults),
          settings](supervision::StartContext& context) {
    return context.spawn(exchange_behavior, home, make, settings);
  };
}

supervision::Start history_actor() {
  return [](supervision::StartContext& context) { return context.spawn(history_behavior); };
}

} // namespace troupe::venues::exchange_server
