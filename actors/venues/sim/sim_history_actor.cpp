#include "actors/venues/sim/sim_history_actor.hpp"

#include "actors/venues/common/feed.hpp"
#include "actors/venues/sim/tape.hpp"
#include "supervision/actor.hpp"
#include "supervision/ask.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_response_promise.hpp>

#include <algorithm>
#include <chrono>
#include <deque>
#include <optional>
#include <utility>

namespace troupe::venues::sim {

/// Time to go on with the fetch that came first.
struct SimHistoryDue {};

} // namespace troupe::venues::sim

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::venues::sim::SimHistoryDue)

namespace troupe::venues::sim {

namespace {

/// Simulated time that is worked on at once (some 100 ms of computing): between, who waits no
/// longer is dropped, and new ones are heard.
constexpr std::chrono::hours slice{200};

/// One FetchBars on its way.
struct SimFetch {
  FetchBars request;
  std::optional<caf::actor_clock::time_point> deadline; ///< nobody waits beyond it
  caf::typed_response_promise<BarsFetched> promise;
  std::size_t venue = 0;
  std::size_t instrument = 0;
  std::optional<core::Timestamp> start;
  core::Timestamp end;
  std::size_t left = 0; ///< bars
  BarsFetched fetched;
};

struct SimHistoryState {
  static inline const char* name = "sim_history";
  std::shared_ptr<const SimMarket> market;
  std::deque<SimFetch> fetches; ///< the first is being worked on
};
using SimHistorySelf = supervision::StatefulActor<SimHistoryState>;

/// A page of the answer goes in front of what is there where the newest are asked for.
void join(std::vector<trading::Bar>& bars, std::vector<trading::Bar> page, bool in_front) {
  bars.insert(in_front ? bars.begin() : bars.end(), page.begin(), page.end());
}

std::size_t slice_bars(trading::Interval interval) {
  const auto bars = std::chrono::nanoseconds{slice} / interval.duration();
  return std::clamp<std::size_t>(static_cast<std::size_t>(bars), 1, max_history_bars);
}

bool is_whole(const SimFetch& fetch) {
  return fetch.left == 0 || (fetch.start && *fetch.start >= fetch.end);
}

/// Makes the next bars of a fetch.
core::Result<void> work_on(const SimMarket& market, SimFetch& fetch) {
  const auto& interval = fetch.request.interval;
  const auto asked = std::min(fetch.left, slice_bars(interval));
  auto page =
    history(market, fetch.venue, fetch.instrument, interval, fetch.start, fetch.end, asked);
  if (!page) {
    return page.error();
  }
  const auto count = page->size();
  if (count > 0) {
    fetch.start ? void(fetch.start = page->back().ts_close)
                : void(fetch.end = page->front().ts_open);
  }
  join(fetch.fetched.bars, std::move(*page), !fetch.request.start);
  fetch.left = count < asked ? 0 : fetch.left - count;
  return {};
}

void on_due(SimHistorySelf* self) {
  auto& fetches = self->state.fetches;
  auto& fetch = fetches.front();
  auto done = core::Result<void>{};
  if (fetch.deadline && self->clock().now() >= *fetch.deadline) {
    done = core::Error{core::Errc::TIMEOUT, "others were asked for before, and took too long"};
  } else if (!is_whole(fetch)) {
    done = work_on(*self->state.market, fetch);
  }
  if (!done) {
    fetch.promise.deliver(core::to_caf(done.error()));
    fetches.pop_front();
  } else if (is_whole(fetch)) {
    fetch.promise.deliver(std::move(fetch.fetched));
    fetches.pop_front();
  }
  if (!fetches.empty()) {
    self->send(self, SimHistoryDue{});
  }
}

caf::result<BarsFetched> on_fetch(SimHistorySelf* self, const FetchBars& request) {
  auto& state = self->state;
  const auto venue = state.market->venue_index(request.instrument.venue);
  const auto instrument = state.market->instrument_index(request.instrument.symbol);
  if (!venue || !instrument) {
    return core::to_caf(core::Errc::UNKNOWN_SYMBOL, request.instrument.to_text());
  }
  const auto now = self->runtime().clock.now();
  // The bar that holds the end opens before it; the market speaks of bars that closed by then.
  const auto last_close =
    request.end < now ? request.interval.close_of(request.end - std::chrono::nanoseconds{1}) : now;
  SimFetch fetch{.request = request,
                 .deadline = {},
                 .promise = self->make_response_promise<BarsFetched>(),
                 .venue = *venue,
                 .instrument = *instrument,
                 .start = request.start,
                 .end = std::min(last_close, now),
                 .left = request.limit,
                 .fetched = {}};
  if (request.within.ns > 0) {
    fetch.deadline = self->clock().now() + request.within.chrono();
  }
  auto promise = fetch.promise;
  state.fetches.push_back(std::move(fetch));
  if (state.fetches.size() == 1) {
    self->send(self, SimHistoryDue{});
  }
  return promise;
}

caf::behavior sim_history_behavior(SimHistorySelf* self, std::shared_ptr<const SimMarket> market) {
  self->state.market = std::move(market);
  return {
    supervision::handle<FetchBars>(self, on_fetch),
    [self](SimHistoryDue) { on_due(self); },
  };
}

} // namespace

supervision::Start sim_history_actor(std::shared_ptr<const SimMarket> market) {
  return [market = std::move(market)](supervision::StartContext& context) {
    return context.spawn(sim_history_behavior, market);
  };
}

} // namespace troupe::venues::sim
