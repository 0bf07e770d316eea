#include "actors/market_data/activity_history.hpp"
#include "actors/market_data/instrument_state.hpp"
#include "core/log.hpp"

#include <algorithm>
#include <utility>

namespace troupe::market_data {

namespace {

constexpr unsigned rebuild_failures_max = 10;
constexpr std::chrono::seconds rebuild_retry{1};
constexpr std::uint32_t rebuild_trades_max = 20'000'000; ///< of a day
constexpr std::size_t activity_asks_max = 16;            ///< each reads many trades

void publish_activity(InstrumentSelf* self,
                      const trading::InstrumentId& id,
                      std::vector<SpecBar> bars) {
  publish(self, id,
          self->state.state->publish_activity(id, std::move(bars), self->runtime().clock.now()));
}

TradeRange trades_of(InstrumentSelf* self, const trading::InstrumentId& id) {
  return {.instrument = id,
          .start = {},
          .end = core::Timestamp{INT64_MAX},
          .trades_max = 0,
          .store = self->state.paths.store(),
          .deadline = self->state.plan->settings.fetch_deadline.chrono()};
}

void rebuild_ended(InstrumentSelf* self, std::uint64_t id, const core::Result<TradesRead>& read) {
  auto* const subscription = find_subscription(self, id);
  if (subscription == nullptr) {
    return; // another reading is under way, or will be
  }
  auto& activity = track_of(self, *subscription).activity();
  std::vector<SpecBar> closed;
  if (read) {
    activity.rebuilt(closed);
  } else if (++subscription->rebuild_failures <= rebuild_failures_max) {
    self->delayed_send(self, rebuild_retry, RebuildDue{id});
    return;
  } else {
    core::log::warn("bars of trades begin incomplete",
                    {{"instrument", subscription->instrument.to_text()},
                     {"error", core::to_string(read.error())}});
    activity.give_up(closed);
  }
  publish_activity(self, subscription->instrument, std::move(closed));
}

void rebuild(InstrumentSelf* self, const Subscription& subscription) {
  auto range = trades_of(self, subscription.instrument);
  range.start = track_of(self, subscription).activity().rebuild_from();
  range.trades_max = rebuild_trades_max;
  read_trades(
    self, range,
    [self, id = subscription.id](std::span<const trading::Trade> trades) {
      auto* const current = find_subscription(self, id);
      if (current == nullptr) {
        return false;
      }
      track_of(self, *current).activity().rebuild(trades);
      return true;
    },
    [self, id = subscription.id](const core::Result<TradesRead>& read) {
      rebuild_ended(self, id, read);
    });
}

/// What memory and the store say together.
std::vector<trading::ActivityBar> joined(const HistoryQuery& query,
                                         std::vector<trading::ActivityBar> older,
                                         const ActivityTrack::Recalled& recalled) {
  for (const auto& item : recalled.bars) {
    if (older.empty() || older.back().bar.ts_open < item.bar.ts_open) {
      older.push_back(item);
    }
  }
  const std::size_t wanted = std::size_t{query.limit} + 1;
  if (older.size() > wanted && query.start) {
    older.resize(wanted);
  }
  return older;
}

} // namespace

void rebuild_where_needed(InstrumentSelf* self, Subscription& subscription) {
  if (track_of(self, subscription).activity().waits() && !subscription.rebuilding) {
    subscription.rebuilding = true;
    subscription.rebuild_failures = 0;
    rebuild(self, subscription);
  }
}

void on_rebuild_due(InstrumentSelf* self, const RebuildDue& due) {
  if (const auto* const subscription = find_subscription(self, due.subscription)) {
    rebuild(self, *subscription);
  }
}

caf::result<messages::HistoricalReply>
on_get_activity(InstrumentSelf* self, const HistoryQuery& query, const std::string& symbol) {
  auto& state = self->state;
  const auto* const track = state.state->find(query.instrument);
  auto recalled = track->activity().recall(query);
  const auto reply = [self, query, symbol](const std::vector<trading::ActivityBar>& bars,
                                           bool from_store) {
    const auto now = self->runtime().clock.now();
    const auto* const t = self->state.state->find(query.instrument);
    return historical_reply(query, make_page(query, symbol, bars),
                            {from_store, false, t->freshness().trades_at(now)}, now);
  };
  if (recalled.complete) {
    return reply(recalled.bars, false);
  }
  if (state.activity_asks >= activity_asks_max) {
    return core::to_caf(core::Errc::OVERLOADED, std::to_string(activity_asks_max)
                                                  + " queries of bars of trades are under way");
  }
  ++state.activity_asks;
  OlderActivity wanted{.query = query,
                       .older_end = std::min(query.end, recalled.covered_from),
                       .contiguous_ids = track->activity().contiguous_ids(),
                       .trades = trades_of(self, query.instrument)};
  wanted.trades.end = recalled.covered_from;
  wanted.trades.trades_max = state.plan->settings.activity_trades_max;
  auto promise = self->make_response_promise<messages::HistoricalReply>();
  load_activity(self, wanted,
                [self, promise, query, reply, recalled = std::move(recalled)](
                  core::Result<std::vector<trading::ActivityBar>> older) mutable {
                  --self->state.activity_asks;
                  if (older) {
                    promise.deliver(reply(joined(query, std::move(*older), recalled), true));
                  } else {
                    promise.deliver(core::to_caf(older.error()));
                  }
                });
  return promise;
}

} // namespace troupe::market_data
