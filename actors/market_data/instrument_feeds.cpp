#include "actors/market_data/instrument_state.hpp"
#include "actors/market_data/older_bars.hpp"
#include "core/log.hpp"

#include <algorithm>
#include <utility>

namespace troupe::market_data {

namespace {

/// Closed bars that wait for the store before feeds that can wait are made to.
constexpr std::size_t unstored_high = 20'000;
constexpr unsigned seed_failures_max = 10;
constexpr std::chrono::seconds seed_retry{1};

/// Closed bars that are asked of history at the start, so that analytics are warm at once. None
/// of those that a venue may have to compute from days of trades.
constexpr std::uint32_t warm_bars = 500;
constexpr trading::Interval warm_up_to = trading::intervals::h1;

OlderQuery query_of(InstrumentSelf* self, const Subscription& subscription) {
  return {.instrument = subscription.instrument,
          .interval = {},
          .start = {},
          .end = {},
          .limit = 0,
          .store = self->state.paths.store(),
          .history = subscription.history_path,
          .deadline = self->state.plan->settings.fetch_deadline.chrono()};
}

void keep(InstrumentSelf* self, const OlderQuery& query, const OlderBars& found) {
  for (const auto& bar : found.fetched) {
    self->state.unstored->add(query.instrument, {query.interval, bar});
  }
}

/// Asks for the newest bars of one interval after another.
void warm_up(InstrumentSelf* self, std::uint64_t id, std::size_t index) {
  const auto* const subscription = find_subscription(self, id);
  const auto& intervals = self->state.state->intervals();
  if (subscription == nullptr || index >= intervals.size() || intervals[index] > warm_up_to) {
    return;
  }
  auto query = query_of(self, *subscription);
  query.interval = intervals[index];
  query.end = track_of(self, *subscription).bars().memory(query.interval)->covered_from();
  query.limit = std::min<std::uint32_t>(warm_bars, self->state.plan->settings.bars_in_memory_max);
  load_older(self, query, [self, id, index, query](const OlderBars& found) {
    keep(self, query, found);
    const auto* const current = find_subscription(self, id);
    if (current == nullptr) {
      return;
    }
    if (!found.incomplete) {
      track_of(self, *current).bars().remember(query.interval, found.bars);
    }
    warm_up(self, id, index + 1);
  });
}

void seed_failed(InstrumentSelf* self, Subscription& subscription) {
  if (++subscription.seed_failures <= seed_failures_max) {
    self->delayed_send(self, seed_retry, SeedDue{subscription.id});
    return;
  }
  core::log::warn(
    "bars that were open at the start are dropped",
    {{"instrument", subscription.instrument.to_text()}, {"reason", "history does not answer"}});
  ClosedBars closed;
  track_of(self, subscription).bars().give_up_seed(closed);
  publish(self, subscription.instrument,
          self->state.state->publish_bars(subscription.instrument, std::move(closed),
                                          self->runtime().clock.now()));
}

void seed_next(InstrumentSelf* self, Subscription& subscription);

void take_range(InstrumentSelf* self,
                std::uint64_t id,
                const OlderQuery& query,
                const OlderBars& found) {
  keep(self, query, found);
  auto* const subscription = find_subscription(self, id);
  if (subscription == nullptr) {
    return;
  }
  if (found.incomplete) {
    seed_failed(self, *subscription);
    return;
  }
  for (const auto& bar : found.bars) {
    subscription->seed.push_back({query.interval, bar});
  }
  ++subscription->ranges_seeded;
  seed_next(self, *subscription);
}

/// Asks for the next stretch of what is missing, or hands over all of them.
void seed_next(InstrumentSelf* self, Subscription& subscription) {
  auto& bars = track_of(self, subscription).bars();
  const auto& ranges = bars.seed_ranges();
  if (!bars.waits_for_seed()) {
    return; // given up meanwhile
  }
  if (subscription.ranges_seeded < ranges.size()) {
    const auto& range = ranges[subscription.ranges_seeded];
    auto query = query_of(self, subscription);
    query.interval = range.interval;
    query.start = range.start;
    query.end = range.end;
    query.limit = static_cast<std::uint32_t>((range.end - range.start).count()
                                             / range.interval.duration().count());
    load_older(self, query, [self, id = subscription.id, query](const OlderBars& found) {
      take_range(self, id, query, found);
    });
    return;
  }
  ClosedBars closed;
  bars.seed(std::exchange(subscription.seed, {}), closed);
  publish(self, subscription.instrument,
          self->state.state->publish_bars(subscription.instrument, std::move(closed),
                                          self->runtime().clock.now()));
  warm_up(self, subscription.id, 0);
}

void acknowledge(InstrumentSelf* self,
                 const Subscription& subscription,
                 const venues::FeedAck& ack) {
  (void)self->runtime().registry.send(subscription.feed_path, caf::make_message(ack),
                                      caf::actor_cast<caf::actor>(self));
}

} // namespace

VenueTrack& track_of(InstrumentSelf* self, const Subscription& subscription) {
  auto& state = self->state;
  const auto index = static_cast<std::size_t>(&subscription - state.subscriptions.data());
  return state.state->tracks()[index];
}

Subscription* find_subscription(InstrumentSelf* self, std::uint64_t id) {
  auto& all = self->state.subscriptions;
  const auto at =
    std::find_if(all.begin(), all.end(), [id](const Subscription& s) { return s.id == id; });
  return at == all.end() ? nullptr : &*at;
}

void subscribe_where_needed(InstrumentSelf* self) {
  auto& state = self->state;
  for (auto& subscription : state.subscriptions) {
    const auto feed = self->runtime().registry.find(subscription.feed_path);
    if (!feed.actor || feed.epoch == subscription.feed_epoch) {
      continue;
    }
    const auto& track = track_of(self, subscription);
    subscription.feed_epoch = feed.epoch;
    // Unique over restarts of this actor, whose queued batches the next one inherits.
    subscription.id = (self->epoch() << 32U) + ++state.last_subscription;
    subscription.seeding = false;
    subscription.rebuilding = false;
    subscription.withheld.reset();
    self->send(feed.actor,
               venues::FeedSubscribe{subscription.instrument, subscription.id,
                                     caf::actor_cast<caf::actor>(self), track.trades_through(),
                                     track.bars().bars_until()});
  }
}

void on_feed_batch(InstrumentSelf* self, const venues::FeedBatch& batch) {
  auto& state = self->state;
  auto* const subscription = find_subscription(self, batch.subscription);
  if (subscription == nullptr) {
    return; // of a subscription that was given up: what it says comes again
  }
  auto& track = track_of(self, *subscription);
  if (batch.connected && batch.sequence == 1) {
    subscription->seeding = false; // the feed begins anew: it had lost trades
  }
  const auto now = self->runtime().clock.now();
  auto news = state.state->apply(batch, now);
  state.state->publish_tickers(state.board, now); // before anyone hears of it and asks
  publish(self, batch.instrument, news);
  track.watch().published(batch, self->runtime().clock.now());
  if (subscription->records) {
    record_trades(self, std::move(news.to_record));
  }
  rebuild_where_needed(self, *subscription);
  if (track.bars().waits_for_seed() && !subscription->seeding) {
    subscription->seeding = true;
    subscription->seed.clear();
    subscription->ranges_seeded = 0;
    subscription->seed_failures = 0;
    seed_next(self, *subscription);
  }
  const venues::FeedAck ack{batch.instrument, batch.subscription, batch.sequence,
                            track.trades_through(), track.bars().bars_until()};
  if (state.unstored->size() > unstored_high && !state.unstored->store_away()) {
    subscription->withheld = ack; // acknowledges those before it, too
    store_bars(self);
    return;
  }
  acknowledge(self, *subscription, ack);
}

void release_withheld(InstrumentSelf* self) {
  const auto& unstored = *self->state.unstored;
  if (unstored.size() > unstored_high && !unstored.store_away()) {
    return;
  }
  for (auto& subscription : self->state.subscriptions) {
    if (const auto ack = std::exchange(subscription.withheld, {})) {
      acknowledge(self, subscription, *ack);
    }
  }
}

void on_seed_due(InstrumentSelf* self, const SeedDue& due) {
  if (auto* const subscription = find_subscription(self, due.subscription)) {
    seed_next(self, *subscription);
  }
}

} // namespace troupe::market_data
