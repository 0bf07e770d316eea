#include "actors/market_data/instrument_actor.hpp"

#include "actors/market_data/child_ask.hpp"
#include "actors/market_data/instrument_state.hpp"
#include "actors/market_data/older_bars.hpp"
#include "actors/storage/cache_actor.hpp"
#include "actors/storage/history_actor.hpp"
#include "core/binary.hpp"
#include "core/log.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace troupe::market_data {

namespace {

constexpr std::size_t bars_per_write_max = 20'000;
constexpr std::chrono::seconds store_deadline{10};

void publish_beats(InstrumentSelf* self, const std::vector<messages::InstrumentStatusBeat>& beats) {
  for (const auto& beat : beats) {
    self->runtime().bus.publish(messages::topics::venue_status, beat.instrument.to_text(),
                                caf::make_message(beat));
  }
}

/// What the front answers with while this actor is away.
void keep_last_good(InstrumentSelf* self) {
  auto& state = self->state;
  const auto now = self->runtime().clock.now();
  const auto path = state.paths.cache();
  const auto put = [&](std::string key, std::string bytes) {
    if (const auto cache = self->runtime().registry.find(path).actor) {
      self->send(cache, storage::CachePut{std::move(key), std::move(bytes)});
    }
  };
  for (const auto& track : state.state->tracks()) {
    const auto& id = track.instrument().instrument;
    if (track.freshness().at(now) != trading::Freshness::LIVE) {
      continue;
    }
    if (const auto ticker = state.state->ticker(id, now)) {
      put(ticker_key(id), core::binary::encode(*ticker));
    }
    if (const auto book = state.state->order_book(id, depth_max, now)) {
      put(book_key(id), core::binary::encode(*book));
    }
  }
}

void publish_measured(InstrumentSelf* self) {
  auto& state = self->state;
  auto& bus = self->runtime().bus;
  const auto measured = state.state->measure(self->runtime().node, self->runtime().clock.now());
  for (const auto& item : measured.feeds) {
    bus.publish(messages::topics::feed_sla,
                item.feed.instrument.to_text() + " " + item.feed.channel, caf::make_message(item));
  }
  for (const auto& breach : measured.breaches) {
    core::log::warn(breach.breached ? "feed misses a target" : "feed meets its target again",
                    {{"instrument", breach.instrument->to_text()},
                     {"channel", breach.channel},
                     {"target", breach.target},
                     {"value", breach.value},
                     {"limit", breach.limit}});
    bus.publish(messages::topics::sla_breaches, breach.instrument->to_text(),
                caf::make_message(breach));
  }
}

void on_beat_due(InstrumentSelf* self, const BeatDue& due) {
  if (due.epoch != self->epoch()) {
    return;
  }
  auto& state = self->state;
  subscribe_where_needed(self);
  publish_beats(self, state.state->beats(self->runtime().clock.now()));
  publish_measured(self);
  keep_last_good(self);
  self->delayed_send(self, state.plan->settings.beat_every.chrono(), due);
}

void on_store_due(InstrumentSelf* self, const StoreDue& due) {
  if (due.epoch != self->epoch()) {
    return;
  }
  store_bars(self);
  store_trades(self);
  self->delayed_send(self, self->state.plan->settings.store_every.chrono(), due);
}

void tell_ready(InstrumentSelf* self) {
  auto& state = self->state;
  if (!state.told_ready && state.state->all_answered()) {
    state.told_ready = self->runtime().registry.send(state.paths.front(),
                                                     caf::make_message(SymbolReady{state.symbol}));
  }
}

void tell_dropped(InstrumentSelf* self) {
  auto& state = self->state;
  const auto dropped = state.unstored->dropped();
  if (dropped > state.dropped_told) {
    core::log::warn("closed bars dropped, the store is away",
                    {{"symbol", state.symbol}, {"bars", dropped - state.dropped_told}});
    state.dropped_told = dropped;
  }
}

caf::behavior instrument_behavior(InstrumentSelf* self, const std::string& symbol, Plan plan) {
  auto& state = self->state;
  state.symbol = symbol;
  state.plan = std::move(plan);
  state.paths = ServicePaths::above(self->path(), 2);
  state.state = std::make_unique<SymbolState>(symbol, state.plan->catalogue, state.plan->settings);
  state.board = messages::TickerPublisher{state.plan->board};
  const auto& settings = state.plan->settings;
  state.unstored = std::make_unique<UnstoredBars>(settings.closed_bars_unstored_max);
  state.unstored_trades =
    std::make_unique<WriteQueue<trading::Trade>>(settings.trades_unstored_max);
  for (const auto& track : state.state->tracks()) {
    const auto& id = track.instrument().instrument;
    const auto& venues = state.plan->catalogue.venues();
    const auto venue = std::find_if(venues.begin(), venues.end(),
                                    [&](const VenueListing& v) { return v.name == id.venue; });
    Subscription subscription;
    subscription.instrument = id;
    subscription.feed_path = state.paths.feed(id.venue);
    subscription.history_path = venue->has_history ? state.paths.history(id.venue) : "";
    subscription.records = venue->live_trades && settings.record_trades;
    state.subscriptions.push_back(std::move(subscription));
  }
  self->send(self, BeatDue{self->epoch()});
  self->delayed_send(self, settings.store_every.chrono(), StoreDue{self->epoch()});
  self->send(self, PruneDue{self->epoch()});
  return {
    [self](const venues::FeedBatch& batch) {
      on_feed_batch(self, batch);
      publish_beats(self, self->state.state->changes(self->runtime().clock.now()));
      tell_ready(self);
    },
    [self](const BeatDue& due) {
      on_beat_due(self, due);
      self->state.told_ready = false; // a front that was restarted has forgotten
      tell_ready(self);
    },
    [self](const StoreDue& due) { on_store_due(self, due); },
    [self](const SeedDue& due) { on_seed_due(self, due); },
    [self](const RebuildDue& due) { on_rebuild_due(self, due); },
    [self](const PruneDue& due) { on_prune_due(self, due); },
    supervision::handle<messages::GetTicker>(self, on_get_ticker),
    supervision::handle<messages::GetOrderBook>(self, on_get_book),
    supervision::handle<messages::GetHistorical>(self, on_get_historical),
  };
}

} // namespace

void publish(InstrumentSelf* self, const trading::InstrumentId& id, const Publications& news) {
  auto& bus = self->runtime().bus;
  const auto key = id.to_text();
  for (const auto& bar : news.to_store) {
    self->state.unstored->add(id, bar);
  }
  tell_dropped(self);
  if (news.trades) {
    bus.publish(messages::topics::trades, key, caf::make_message(*news.trades));
  }
  if (news.book) {
    bus.publish(messages::topics::book, key, caf::make_message(*news.book));
  }
  if (news.price) {
    bus.publish(messages::topics::price_update, key, caf::make_message(*news.price));
  }
  for (const auto& bar : news.bars) {
    bus.publish(messages::topics::bars, key, caf::make_message(bar));
  }
  for (const auto& bar : news.activity) {
    bus.publish(messages::topics::activity_bars, key, caf::make_message(bar));
  }
  if (news.resync) {
    bus.publish(messages::topics::book_resync, key, caf::make_message(*news.resync));
  }
}

void store_bars(InstrumentSelf* self) {
  auto& state = self->state;
  const auto entries = state.unstored->take(bars_per_write_max);
  if (entries.empty()) {
    return;
  }
  std::map<std::pair<trading::InstrumentId, trading::Interval>, std::vector<trading::Bar>> parts;
  for (const auto& entry : entries) {
    parts[{entry.instrument, entry.bar.interval}].push_back(entry.bar.bar);
  }
  storage::StoreBars request;
  for (auto& [key, bars] : parts) {
    request.parts.push_back({key.first, key.second, std::move(bars)});
  }
  ask_child(
    self, state.paths.store(), std::move(request), store_deadline, store_breaker(self->runtime()),
    [self](const core::Result<storage::BarsStored>& stored) {
      auto& unstored = *self->state.unstored;
      if (!stored) {
        if (!unstored.store_away()) {
          core::log::warn("bars not stored, kept", {{"symbol", self->state.symbol},
                                                    {"bars", unstored.size()},
                                                    {"error", core::to_string(stored.error())}});
        }
        unstored.failed();
      } else {
        unstored.stored();
      }
      if (stored && unstored.size() >= bars_per_write_max) {
        store_bars(self);
      }
      release_withheld(self);
    });
}

supervision::ChildSpec instrument_child(const std::string& symbol, Plan plan) {
  return {.name = symbol,
          .start =
            [symbol, plan = std::move(plan)](supervision::StartContext& context) {
              return context.spawn(instrument_behavior, symbol, plan);
            },
          .restart = supervision::Restart::permanent,
          .backoff = supervision::quick_backoff};
}

} // namespace troupe::market_data
