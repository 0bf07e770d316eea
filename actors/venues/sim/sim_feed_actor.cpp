#include "actors/venues/sim/sim_feed_actor.hpp"

#include "actors/venues/common/feed.hpp"
#include "actors/venues/sim/feed.hpp"
#include "core/log.hpp"
#include "supervision/actor.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

namespace troupe::venues::sim {

/// Time for the market to go on; of one chain of timers.
struct SimTick {
  std::uint64_t epoch = 0;
};

} // namespace troupe::venues::sim

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::venues::sim::SimTick)

namespace troupe::venues::sim {

namespace {

using core::Timestamp;

constexpr std::chrono::milliseconds tick_every{50};
constexpr std::size_t unacked_max = 64; ///< batches of one instrument; then it pauses
constexpr std::chrono::nanoseconds batch_span{epoch_ns}; ///< most market time in one batch
constexpr std::chrono::hours rebuild_max{1}; ///< a receiver that was away longer starts afresh
constexpr std::size_t book_levels = 1000;
constexpr Timestamp no_time{INT64_MIN};

/// What the receivers of an instrument, one after another, have published.
struct Published {
  std::uint64_t trades_through = 0;
  Timestamp bars_until = no_time;
};

/// One instrument on its way to its receiver.
struct Stream {
  SimFeed feed;
  FeedBatch head; ///< what every batch of the subscription carries
  caf::actor receiver;
  Timestamp told_until; ///< trades up to here are old where nobody published any
  bool fresh = false;   ///< nobody did
  bool book_told = false;
  std::uint64_t sequence = 0;
  std::deque<std::uint64_t> unacked;
  Timestamp sent;
};

struct SimFeedState {
  static inline const char* name = "sim_feed";
  std::shared_ptr<const SimMarket> market;
  std::map<trading::InstrumentId, Stream> streams;
  std::map<trading::InstrumentId, Published> published;
};
using SimFeedSelf = supervision::StatefulActor<SimFeedState>;

/// Collects what happens in one step.
class Collector final : public FeedSink {
public:
  void on_trade(const trading::Trade& trade) override { trades.push_back(trade); }
  void on_snapshot(const trading::BookSnapshot&) override { ++book_updates; }
  void on_delta(const trading::BookDelta&) override { ++book_updates; }

  std::vector<trading::Trade> trades;
  std::uint32_t book_updates = 0;
};

/// The end of the epoch before the one that holds `t`: a feed from there tells the whole epoch.
Timestamp before_epoch_of(Timestamp t) {
  return Timestamp{epoch_of(t) * epoch_ns - 1};
}

void on_subscribe(SimFeedSelf* self, const FeedSubscribe& request) {
  auto& state = self->state;
  const auto index = state.market->instrument_index(request.instrument.symbol);
  const auto venue = state.market->venue_index(request.instrument.venue);
  if (!index || !venue) {
    core::log::error("subscription refused",
                     {{"path", self->path()}, {"instrument", request.instrument.to_text()}});
    return;
  }
  auto& published = state.published[request.instrument];
  published.trades_through = std::max(published.trades_through, request.trades_through);
  published.bars_until = std::max(published.bars_until, request.bars_until);
  const auto now = self->runtime().clock.now();
  const bool fresh = published.bars_until == no_time || now - published.bars_until > rebuild_max;
  const auto told_until = fresh ? now - takeover_overlap : published.bars_until;
  const auto from = before_epoch_of(std::min(now, told_until));
  Stream stream{.feed = SimFeed{*state.market, *venue, *index, from},
                .head = {},
                .receiver = request.receiver,
                .told_until = told_until,
                .fresh = fresh,
                .unacked = {},
                .sent = {}};
  stream.head.instrument = request.instrument;
  stream.head.subscription = request.subscription;
  stream.head.complete_from = from + std::chrono::nanoseconds{1};
  stream.head.handled_through = fresh ? 0 : published.trades_through;
  stream.head.handled_until = told_until;
  state.streams.insert_or_assign(request.instrument, std::move(stream));
}

void on_ack(SimFeedSelf* self, const FeedAck& ack) {
  auto& state = self->state;
  const auto at = state.streams.find(ack.instrument);
  if (at == state.streams.end() || at->second.head.subscription != ack.subscription) {
    return;
  }
  auto& unacked = at->second.unacked;
  while (!unacked.empty() && unacked.front() <= ack.sequence) {
    unacked.pop_front();
  }
  auto& published = state.published[ack.instrument];
  published.trades_through = std::max(published.trades_through, ack.trades_through);
  published.bars_until = std::max(published.bars_until, ack.bars_until);
}

/// Lets one instrument go on by at most batch_span; tells its receiver where there is something to
/// tell. @returns whether it has reached `now`
bool step(SimFeedSelf* self, Stream& stream, Timestamp now) {
  const auto to = std::min(now, stream.feed.now() + batch_span);
  Collector news;
  stream.feed.advance(to, news);
  if (stream.fresh) {
    for (const auto& trade : news.trades) {
      if (trade.ts_event <= stream.told_until) {
        stream.head.handled_through = std::max(stream.head.handled_through, trade.trade_id);
      }
    }
  }
  const bool beat = now - stream.sent >= heartbeat_every;
  if (!news.trades.empty() || news.book_updates > 0 || beat) {
    auto batch = stream.head;
    batch.sequence = ++stream.sequence;
    batch.trades = std::move(news.trades);
    if (!batch.trades.empty()) {
      batch.trades_received = now; // its own latency is the simulated venue's, not ours
    }
    // A restarted receiver must not show a book of the past.
    if (to == now && (news.book_updates > 0 || !stream.book_told)) {
      batch.book = stream.feed.snapshot(book_levels);
      batch.book_updates = news.book_updates;
      batch.book_received = now;
      stream.book_told = true;
    }
    batch.watermark = to;
    stream.unacked.push_back(batch.sequence);
    stream.sent = now;
    self->send(stream.receiver, std::move(batch));
  }
  return to == now;
}

void on_tick(SimFeedSelf* self, const SimTick& tick) {
  if (tick.epoch != self->epoch()) {
    return;
  }
  const auto now = self->runtime().clock.now();
  for (auto& [id, stream] : self->state.streams) {
    while (stream.unacked.size() < unacked_max && !step(self, stream, now)) {
    }
  }
  self->delayed_send(self, tick_every, tick);
}

caf::behavior sim_feed_behavior(SimFeedSelf* self, std::shared_ptr<const SimMarket> market) {
  self->state.market = std::move(market);
  self->send(self, SimTick{self->epoch()});
  return {
    [self](const FeedSubscribe& request) { on_subscribe(self, request); },
    [self](const FeedUnsubscribe& request) { // whoever publishes it next, we do not hear of it
      self->state.streams.erase(request.instrument);
      self->state.published.erase(request.instrument);
    },
    [self](const FeedAck& ack) { on_ack(self, ack); },
    [self](const SimTick& tick) { on_tick(self, tick); },
  };
}

} // namespace

supervision::Start sim_feed_actor(std::shared_ptr<const SimMarket> market) {
  return [market = std::move(market)](supervision::StartContext& context) {
    return context.spawn(sim_feed_behavior, market);
  };
}

} // namespace troupe::venues::sim
