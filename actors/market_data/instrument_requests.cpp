#include "actors/market_data/instrument_state.hpp"
#include "actors/market_data/older_bars.hpp"
#include "core/retry_after.hpp"

#include <utility>

namespace troupe::market_data {

namespace {

/// Each costs the store and perhaps the venue a query.
constexpr std::size_t history_asks_max = 64;
constexpr std::chrono::seconds history_retry{1};

template <class T>
caf::result<T> answer(core::Result<T> outcome) {
  if (!outcome) {
    return core::to_caf(outcome.error());
  }
  return std::move(*outcome);
}

trading::InstrumentId resolved(InstrumentSelf* self, const trading::InstrumentId& id) {
  const auto qualified = self->state.plan->catalogue.resolve(id);
  return qualified ? *qualified : id;
}

const Subscription* subscription_of(InstrumentSelf* self, const trading::InstrumentId& id) {
  for (const auto& subscription : self->state.subscriptions) {
    if (subscription.instrument == id) {
      return &subscription;
    }
  }
  return nullptr;
}

} // namespace

caf::result<messages::TickerReply> on_get_ticker(InstrumentSelf* self,
                                                 const messages::GetTicker& request) {
  return answer(
    self->state.state->ticker(resolved(self, request.symbol), self->runtime().clock.now()));
}

caf::result<messages::OrderBookReply> on_get_book(InstrumentSelf* self,
                                                  const messages::GetOrderBook& request) {
  const auto depth = read_depth(request);
  if (!depth) {
    return core::to_caf(depth.error());
  }
  return answer(self->state.state->order_book(resolved(self, request.symbol), *depth,
                                              self->runtime().clock.now()));
}

caf::result<messages::HistoricalReply> on_get_historical(InstrumentSelf* self,
                                                         const messages::GetHistorical& request) {
  auto& state = self->state;
  auto query = read_query(request, state.state->specs());
  if (!query) {
    return core::to_caf(query.error());
  }
  query->instrument = resolved(self, request.symbol);
  const auto* const track = state.state->find(query->instrument);
  const auto* const subscription = subscription_of(self, query->instrument);
  if (track == nullptr || subscription == nullptr) {
    return core::to_caf(core::Errc::UNKNOWN_SYMBOL, request.symbol.to_text());
  }
  const auto symbol = request.symbol.to_text();
  if (!query->spec.is_time()) {
    return on_get_activity(self, *query, symbol);
  }
  auto recalled = track->recall(*query);
  if (recalled.complete) {
    const auto now = self->runtime().clock.now();
    return historical_reply(*query, make_page(*query, symbol, recalled.bars),
                            {false, false, track->channels(now).bars}, now);
  }
  if (state.history_asks >= history_asks_max) {
    // They wait for a venue's limit: no fault of this service, which a breaker would count.
    return core::to_caf(core::Errc::RATE_LIMITED, std::to_string(history_asks_max)
                                                    + " queries of older bars are under way; "
                                                    + core::retry_after_text(history_retry));
  }
  ++state.history_asks;
  auto promise = self->make_response_promise<messages::HistoricalReply>();
  OlderQuery older{.instrument = query->instrument,
                   .interval = query->spec.interval(),
                   .start = query->start,
                   .end = recalled.older_end,
                   .limit = query->limit + 1,
                   .store = state.paths.store(),
                   .history = subscription->history_path,
                   .deadline = state.plan->settings.fetch_deadline.chrono()};
  load_older(
    self, older,
    [self, query = *query, symbol, recalled = std::move(recalled), older,
     promise](const OlderBars& found) mutable {
      auto& s = self->state;
      --s.history_asks;
      for (const auto& bar : found.fetched) {
        s.unstored->add(query.instrument, {older.interval, bar});
      }
      const auto from = older.start.value_or(core::Timestamp{INT64_MIN});
      const auto waiting = s.unstored->find(query.instrument, older.interval, from, older.end);
      auto bars = merge_bars(recalled.bars, merge_bars(found.bars, waiting));
      const auto now = self->runtime().clock.now();
      if (bars.empty() && found.incomplete) {
        const bool refused = found.reason.code == core::Errc::RATE_LIMITED;
        promise.deliver(
          core::to_caf(refused ? core::Errc::RATE_LIMITED : core::Errc::UNAVAILABLE,
                       "the history of " + symbol + " does not answer: " + found.reason.message));
        return;
      }
      const auto* const t = s.state->find(query.instrument);
      promise.deliver(historical_reply(query, make_page(query, symbol, bars),
                                       {true, found.incomplete, t->channels(now).bars}, now));
    });
  return promise;
}

} // namespace troupe::market_data
