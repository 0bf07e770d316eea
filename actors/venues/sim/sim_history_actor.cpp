#include "actors/venues/sim/sim_history_actor.hpp"

#include "actors/venues/common/feed.hpp"
#include "actors/venues/sim/tape.hpp"
#include "supervision/actor.hpp"
#include "supervision/ask.hpp"

#include <algorithm>
#include <utility>

namespace troupe::venues::sim {

namespace {

struct SimHistoryState {
  static inline const char* name = "sim_history";
  std::shared_ptr<const SimMarket> market;
};
using SimHistorySelf = supervision::StatefulActor<SimHistoryState>;

/// A page of the answer goes in front of what is there where the newest are asked for.
void join(std::vector<trading::Bar>& bars, std::vector<trading::Bar> page, bool in_front) {
  bars.insert(in_front ? bars.begin() : bars.end(), page.begin(), page.end());
}

caf::result<BarsFetched> on_fetch(SimHistorySelf* self, const FetchBars& request) {
  const auto& market = *self->state.market;
  const auto venue = market.venue_index(request.instrument.venue);
  const auto instrument = market.instrument_index(request.instrument.symbol);
  if (!venue || !instrument) {
    return core::to_caf(core::Errc::UNKNOWN_SYMBOL, request.instrument.to_text());
  }
  auto start = request.start;
  const auto now = self->runtime().clock.now();
  // The bar that holds the end opens before it; the market speaks of bars that closed by then.
  const auto last_close =
    request.end < now ? request.interval.close_of(request.end - std::chrono::nanoseconds{1}) : now;
  auto end = std::min(last_close, now);
  BarsFetched fetched;
  std::size_t left = request.limit;
  while (left > 0 && (!start || *start < end)) {
    const auto asked = std::min(left, max_history_bars);
    auto page = history(market, *venue, *instrument, request.interval, start, end, asked);
    if (!page) {
      return core::to_caf(page.error());
    }
    const auto count = page->size();
    if (count > 0) {
      start ? void(start = page->back().ts_close) : void(end = page->front().ts_open);
    }
    join(fetched.bars, std::move(*page), !request.start);
    left = count < asked ? 0 : left - count;
  }
  return fetched;
}

caf::behavior sim_history_behavior(SimHistorySelf* self, std::shared_ptr<const SimMarket> market) {
  self->state.market = std::move(market);
  return {supervision::handle<FetchBars>(self, on_fetch)};
}

} // namespace

supervision::Start sim_history_actor(std::shared_ptr<const SimMarket> market) {
  return [market = std::move(market)](supervision::StartContext& context) {
    return context.spawn(sim_history_behavior, market);
  };
}

} // namespace troupe::venues::sim
