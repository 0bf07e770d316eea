#include "actors/venues/common/connector_history_actor.hpp"

#include "actors/venues/common/feed.hpp"
#include "messages/market_data.hpp"
#include "messages/message_types.hpp"
#include "supervision/actor.hpp"
#include "supervision/ask.hpp"
#include "trading/bar_builder.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace troupe::venues {

namespace history {

using core::Timestamp;

/// The venue may still change a bar that ended just now, and our clock may be ahead of its.
constexpr std::chrono::seconds settle{2};
constexpr std::size_t trade_pages_max = 20; ///< of one fetch

struct State {
  static inline const char* name = "venue_history";
  RestPort port;
  std::shared_ptr<const HistoryProtocol> protocol;
  std::map<trading::InstrumentId, trading::Instrument> listed;
};
using Self = supervision::StatefulActor<State>;
using Promise = caf::typed_response_promise<BarsFetched>;

/// Until when a fetch has to be answered; nothing: there is no such time.
using Deadline = std::optional<caf::actor_clock::time_point>;

Deadline deadline_of(const Self* self, const FetchBars& request) {
  return request.within.ns > 0 ? Deadline{self->clock().now() + request.within.chrono()}
                               : std::nullopt;
}

/// One FetchBars on its way.
struct Fetch {
  FetchBars request;
  Deadline deadline;
  trading::Instrument instrument;
  std::chrono::seconds source{};
  BarPages pages;
  Promise promise;
};

/// Asks the venue for a page, in what is left of the fetch's time.
void get_page(Self* self,
              std::string target,
              messages::CallCost cost,
              const Deadline& deadline,
              const std::function<void(core::Result<std::string>)>& done) {
  RestGet get{std::move(target), std::move(cost)};
  if (deadline) {
    get.within = *deadline - self->clock().now();
    if (get.within->count() <= 0) {
      done(core::Error{core::Errc::TIMEOUT,
                       self->state.port.settings->name + " took longer than the asker waits"});
      return;
    }
  }
  rest_get(self, self->state.port, get, done);
}

void next_page(Self* self, const std::shared_ptr<Fetch>& fetch) {
  const auto page = fetch->pages.next();
  if (!page) {
    fetch->promise.deliver(BarsFetched{fetch->pages.result()});
    return;
  }
  const auto& protocol = *self->state.protocol;
  get_page(self, protocol.bars_target(fetch->instrument, fetch->source, *page), protocol.cost(),
           fetch->deadline, [self, fetch](const core::Result<std::string>& body) {
             auto bars = body ? self->state.protocol->read_bars(*body, fetch->source)
                              : core::Result<std::vector<trading::Bar>>{body.error()};
             if (!bars) {
               fetch->promise.deliver(core::to_caf(bars.error()));
               return;
             }
             fetch->pages.take(std::move(*bars), self->runtime().clock.now() - settle);
             next_page(self, fetch);
           });
}

/// A fetch of bars that only the venue's trades can make.
struct TradeFetch {
  FetchBars request;
  Deadline deadline;
  trading::Instrument instrument;
  std::size_t pages = 0;
  std::map<std::uint64_t, TradePrint> trades; ///< by id
  Promise promise;
};

/// Bars of the trades, without the parts of bars at either end.
std::vector<trading::Bar> bars_of(const TradeFetch& fetch, Timestamp now) {
  std::vector<trading::Trade> trades;
  for (const auto& [id, print] : fetch.trades) {
    trades.push_back({fetch.request.instrument, print.price, print.quantity, print.aggressor, id,
                      print.time, print.time});
  }
  auto bars = trading::bars_from_trades(trades, fetch.request.interval);
  const auto oldest = trades.empty() ? now : trades.front().ts_event;
  const bool covered = fetch.request.start && oldest < *fetch.request.start;
  std::erase_if(bars, [&](const trading::Bar& bar) {
    return bar.ts_open >= fetch.request.end || bar.ts_close > now
           || (fetch.request.start && bar.ts_open < *fetch.request.start)
           || (!covered && bar.ts_open <= oldest);
  });
  if (bars.size() > fetch.request.limit) {
    const auto extra = static_cast<std::ptrdiff_t>(bars.size() - fetch.request.limit);
    fetch.request.start ? bars.erase(bars.end() - extra, bars.end())
                        : bars.erase(bars.begin(), bars.begin() + extra);
  }
  return bars;
}

void next_trades(Self* self, const std::shared_ptr<TradeFetch>& fetch) {
  const auto now = self->runtime().clock.now() - settle;
  const auto& request = fetch->request;
  const bool reached =
    request.start && !fetch->trades.empty() && fetch->trades.begin()->second.time < *request.start;
  const bool enough = !request.start && bars_of(*fetch, now).size() >= request.limit;
  const bool at_limit = fetch->pages == trade_pages_max;
  if (reached || enough || at_limit) {
    if (at_limit && request.start && !reached) {
      fetch->promise.deliver(
        core::to_caf(core::Errc::UNAVAILABLE,
                     "the venue's trades do not reach back to " + request.start->to_text()));
      return;
    }
    fetch->promise.deliver(BarsFetched{bars_of(*fetch, now)});
    return;
  }
  ++fetch->pages;
  const auto& protocol = *self->state.protocol;
  const BarPage page{request.start.value_or(Timestamp{0}), std::min(request.end, now)};
  const auto before =
    fetch->trades.empty() ? std::nullopt : std::optional{fetch->trades.begin()->first};
  get_page(self, protocol.trades_target(fetch->instrument, page, before), protocol.trades_cost(),
           fetch->deadline, [self, fetch](const core::Result<std::string>& body) {
             auto trades = body ? self->state.protocol->read_trades(*body)
                                : core::Result<std::vector<TradePrint>>{body.error()};
             if (!trades) {
               fetch->promise.deliver(core::to_caf(trades.error()));
               return;
             }
             const auto known = fetch->trades.size();
             for (const auto& trade : *trades) {
               fetch->trades.emplace(trade.id, trade);
             }
             if (fetch->trades.size() == known) {
               fetch->pages = trade_pages_max; // there is nothing older
             }
             next_trades(self, fetch);
           });
}

caf::result<BarsFetched> on_fetch(Self* self, const FetchBars& request) {
  auto& state = self->state;
  const auto& configured = state.port.settings->instruments;
  if (std::find(configured.begin(), configured.end(), request.instrument.symbol)
      == configured.end()) {
    return core::to_caf(core::Errc::UNKNOWN_SYMBOL, request.instrument.to_text());
  }
  const auto at = state.listed.find(request.instrument);
  if (at == state.listed.end() || at->second.venue_symbol.empty()) {
    return core::to_caf(core::Errc::NOT_READY,
                        "what " + state.port.settings->name + " lists is not known yet");
  }
  auto promise = self->make_response_promise<BarsFetched>();
  const auto deadline = deadline_of(self, request);
  if (request.limit == 0) {
    promise.deliver(BarsFetched{});
    return promise;
  }
  if (const auto source = state.protocol->source_of(request.interval)) {
    const auto now = self->runtime().clock.now();
    BarPages pages{request.interval,           *source,       request.start,
                   std::min(request.end, now), request.limit, state.protocol->bars_max()};
    next_page(self, std::make_shared<Fetch>(
                      Fetch{request, deadline, at->second, *source, std::move(pages), promise}));
  } else {
    next_trades(self, std::make_shared<TradeFetch>(
                        TradeFetch{request, deadline, at->second, 0, {}, promise}));
  }
  return promise;
}

caf::behavior
behavior(Self* self, const RestPort& port, const std::shared_ptr<const HistoryProtocol>& protocol) {
  auto& state = self->state;
  state.port = port;
  state.port.limiter = sibling(self->path(), "limiter");
  state.protocol = protocol;
  self->runtime().bus.subscribe(messages::topics::instruments, caf::actor_cast<caf::actor>(self));
  return {
    supervision::handle<FetchBars>(self, on_fetch),
    [self](const messages::InstrumentChanged& event) {
      if (event.instrument.venue == self->state.port.settings->name) {
        self->state.listed[event.instrument.instrument] = event.instrument;
      }
    },
  };
}

} // namespace history

supervision::Start connector_history_actor(RestPort port,
                                           std::shared_ptr<const HistoryProtocol> protocol) {
  return
    [port = std::move(port), protocol = std::move(protocol)](supervision::StartContext& context) {
      port.network->open();
      return context.spawn(history::behavior, port, protocol);
    };
}

} // namespace troupe::venues
