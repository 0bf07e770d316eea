#pragma once

#include "actors/market_data/service_plan.hpp"
#include "actors/market_data/symbol_state.hpp"
#include "actors/market_data/unstored_bars.hpp"
#include "actors/market_data/write_queue.hpp"
#include "supervision/actor.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

/// The parts of the instrument actor, one file each. Not for users of the service.
namespace troupe::market_data {

/// What the actor knows of its feed at one venue.
struct Subscription {
  trading::InstrumentId instrument;
  std::string feed_path;
  std::string history_path;     ///< empty where the venue has none
  std::uint64_t id = 0;         ///< of the newest FeedSubscribe
  std::uint64_t feed_epoch = 0; ///< of the feed it went to; 0: to none
  bool seeding = false;
  std::size_t ranges_seeded = 0;
  std::vector<trading::IntervalBar> seed;
  unsigned seed_failures = 0;
  std::optional<venues::FeedAck> withheld; ///< until the store has caught up
  bool rebuilding = false;                 ///< bars of trades: stored trades are being read
  unsigned rebuild_failures = 0;
  bool records = false; ///< its trades go to the store
};

struct InstrumentState {
  static inline const char* name = "instrument";
  std::string symbol;
  Plan plan;
  ServicePaths paths;
  std::unique_ptr<SymbolState> state;
  std::unique_ptr<UnstoredBars> unstored;
  std::unique_ptr<WriteQueue<trading::Trade>> unstored_trades;
  std::uint64_t trades_dropped_told = 0;
  messages::TickerPublisher board; ///< ends with this state: nothing of a dead actor stays live
  std::vector<Subscription> subscriptions; ///< as state->tracks()
  std::uint64_t last_subscription = 0;
  std::uint64_t dropped_told = 0;
  std::size_t history_asks = 0;
  std::size_t activity_asks = 0;
  bool told_ready = false;
};

using InstrumentSelf = supervision::StatefulActor<InstrumentState>;

/// Timers. A queued one of a predecessor must not start a second chain, so they carry its epoch.
struct BeatDue {
  std::uint64_t epoch = 0;
};
struct StoreDue {
  std::uint64_t epoch = 0;
};
struct SeedDue {
  std::uint64_t subscription = 0;
};
struct RebuildDue {
  std::uint64_t subscription = 0;
};
struct PruneDue {
  std::uint64_t epoch = 0;
};

// ---- instrument_actor.cpp
void publish(InstrumentSelf* self, const trading::InstrumentId& id, const Publications& news);
void store_bars(InstrumentSelf* self);

// ---- instrument_feeds.cpp: subscriptions and what makes their bars whole
void subscribe_where_needed(InstrumentSelf* self);
void on_feed_batch(InstrumentSelf* self, const venues::FeedBatch& batch);
void on_seed_due(InstrumentSelf* self, const SeedDue& due);
void release_withheld(InstrumentSelf* self);
[[nodiscard]] Subscription* find_subscription(InstrumentSelf* self, std::uint64_t id);
[[nodiscard]] VenueTrack& track_of(InstrumentSelf* self, const Subscription& subscription);

// ---- instrument_trades.cpp: trades on their way to the store, and out of it
void record_trades(InstrumentSelf* self, std::vector<trading::Trade> trades);
void store_trades(InstrumentSelf* self);
void on_prune_due(InstrumentSelf* self, const PruneDue& due);

// ---- instrument_activity.cpp: tick, volume and value bars
/// Asks for the stored trades that bars of the day need, where some do.
void rebuild_where_needed(InstrumentSelf* self, Subscription& subscription);
void on_rebuild_due(InstrumentSelf* self, const RebuildDue& due);
caf::result<messages::HistoricalReply>
on_get_activity(InstrumentSelf* self, const HistoryQuery& query, const std::string& symbol);

// ---- instrument_requests.cpp
caf::result<messages::TickerReply> on_get_ticker(InstrumentSelf* self,
                                                 const messages::GetTicker& request);
caf::result<messages::OrderBookReply> on_get_book(InstrumentSelf* self,
                                                  const messages::GetOrderBook& request);
caf::result<messages::HistoricalReply> on_get_historical(InstrumentSelf* self,
                                                         const messages::GetHistorical& request);

} // namespace troupe::market_data

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::market_data::BeatDue)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::market_data::StoreDue)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::market_data::SeedDue)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::market_data::RebuildDue)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::market_data::PruneDue)
