#include "actors/venues/common/connector_state.hpp"
#include "actors/venues/common/limiter_actor.hpp"
#include "core/log.hpp"
#include "messages/market_data.hpp"
#include "messages/message_types.hpp"

#include <algorithm>
#include <utility>

namespace troupe::venues::connector {

using core::Timestamp;

namespace stream_detail {

constexpr std::chrono::milliseconds flush_after{10}; ///< of the first news
constexpr std::chrono::milliseconds book_every{50};  ///< of one instrument, at most
constexpr std::chrono::milliseconds beat_every{500};
constexpr std::chrono::milliseconds quiet_lag{
  500};                                         ///< a message may be that late to a quiet stream
constexpr std::chrono::seconds heard_within{5}; ///< of the connection, for a beat
constexpr std::size_t unacked_max = 64;         ///< batches of one instrument; then it pauses
constexpr std::size_t trades_max = 50'000;      ///< that wait for a receiver
constexpr std::size_t book_levels = 1'000;
constexpr std::chrono::hours rebuild_max{1}; ///< a receiver that was away longer starts afresh

/// Begins the stream anew: from here on its trades are complete.
void begin(Self* self, Stream& stream) {
  const auto& published = self->state.published[stream.head.instrument.symbol];
  const auto from = stream.live_from;
  const bool fresh = published.bars_until == no_time || from - published.bars_until > rebuild_max;
  stream.head.complete_from = from;
  stream.head.handled_through = published.trades_through;
  stream.head.handled_until = fresh ? from - takeover_overlap : published.bars_until;
  stream.sequence = 0;
  stream.unacked.clear();
  stream.restart = false;
  stream.live = true;
  stream.told_down = false;
  stream.book_changed = true;
  stream.watermark = from;
}

/// Fills the streams with what the protocol says.
class StreamSink final : public MarketSink {
public:
  explicit StreamSink(Self* self) : self_(self) {}

  void on_live(const std::string& symbol, Timestamp from) override {
    if (auto* const stream = find(symbol)) {
      stream->restart = true;
      stream->live_from = from;
      stream->trades.clear();
      news = true;
    }
  }
  void on_trade(const std::string& symbol, const TradePrint& trade) override {
    auto* const stream = find(symbol);
    if (stream == nullptr || (!stream->live && !stream->restart)) {
      return;
    }
    if (stream->trades.size() == trades_max) {
      core::log::warn("trades dropped, their receiver does not keep up",
                      {{"instrument", stream->head.instrument.to_text()}});
      on_live(symbol, trade.time);
    }
    const auto now = self_->runtime().clock.now();
    if (stream->trades.empty()) {
      stream->trades_received = now;
    }
    stream->trades.push_back({stream->head.instrument, trade.price, trade.quantity, trade.aggressor,
                              trade.id, trade.time, now});
    news = true;
  }
  void on_trades_lost(const std::string& symbol, std::uint64_t missed) override {
    core::log::warn(
      "trades lost, bars are made whole from history",
      {{"venue", self_->state.port.settings->name}, {"symbol", symbol}, {"trades", missed}});
  }
  void on_book(const std::string& symbol) override {
    if (auto* const stream = find(symbol)) {
      if (stream->book_updates++ == 0) {
        stream->book_received = self_->runtime().clock.now();
      }
      stream->book_changed = true;
      news = true;
    }
  }
  void on_book_asked(const std::string& symbol) override {
    if (auto* const stream = find(symbol)) {
      ++stream->resync_attempts;
    }
  }
  void on_book_lost(const std::string& symbol, const std::string& reason) override {
    core::log::warn(
      "book lost, resynchronising",
      {{"venue", self_->state.port.settings->name}, {"symbol", symbol}, {"reason", reason}});
    if (auto* const stream = find(symbol)) {
      stream->book_changed = false;
      stream->book_updates = 0;
      auto batch = stream->head;
      batch.sequence = 0; // stands outside of what is counted and acknowledged
      batch.book_lost = true;
      batch.reason = reason;
      batch.resync_attempts = stream->resync_attempts;
      self_->send(stream->receiver, std::move(batch));
    }
  }
  void on_time(Timestamp venue_time) override {
    auto& state = self_->state;
    if (venue_time > state.venue_time) {
      state.venue_time = venue_time;
      state.venue_time_at = self_->runtime().clock.now();
    }
  }
  void on_listing(std::vector<trading::Instrument> instruments) override {
    listing = std::move(instruments);
  }
  void on_limits(std::vector<BudgetLimit> limits) override {
    self_->state.limits = std::move(limits);
    self_->state.limits_told_to = 0;
    tell_limits(self_);
  }
  void on_polled(const std::string& symbol, trading::BookSnapshot book) override {
    if (auto* const stream = find(symbol); stream != nullptr && !stream->live) {
      auto batch = stream->head;
      batch.sequence = 0;
      batch.connected = false; // the prices are new, the stream is down all the same
      batch.book = std::move(book);
      self_->send(stream->receiver, std::move(batch));
    }
  }

  bool news = false;
  std::optional<std::vector<trading::Instrument>> listing;

private:
  Stream* find(const std::string& symbol) {
    const auto at = self_->state.streams.find(symbol);
    return at == self_->state.streams.end() ? nullptr : &at->second;
  }
  Self* self_;
};

/// Takes what the venue lists: tells everyone what changed, and follows what is wanted.
void take_listing(Self* self, const std::vector<trading::Instrument>& all) {
  auto& state = self->state;
  const auto& settings = *state.port.settings;
  state.listing_at = self->runtime().clock.now() + settings.refresh_every.chrono();
  for (auto instrument : configured_instruments(settings)) {
    const auto& symbol = instrument.instrument.symbol;
    const auto at = std::find_if(all.begin(), all.end(), [&](const trading::Instrument& one) {
      return one.instrument.symbol == symbol;
    });
    if (at != all.end()) {
      instrument = *at;
    } else {
      instrument.status = trading::InstrumentStatus::DELISTED;
      core::log::warn("venue does not list a configured instrument",
                      {{"venue", settings.name}, {"symbol", symbol}});
    }
    const auto known = state.listed.find(symbol);
    if (known != state.listed.end() && known->second == instrument) {
      continue;
    }
    messages::InstrumentChanged event{instrument, {}, {trading::InstrumentChange::LISTED}};
    if (known != state.listed.end()) {
      event.previous = known->second;
      event.changes = trading::changes_between(known->second, instrument);
      core::log::warn("instrument changed by its venue",
                      {{"venue", settings.name},
                       {"symbol", symbol},
                       {"changes", core::json::encode(event.changes)}});
    }
    state.listed.insert_or_assign(symbol, instrument);
    self->runtime().bus.publish(messages::topics::instruments, instrument.instrument.to_text(),
                                caf::make_message(std::move(event)));
    if (state.streams.count(symbol) > 0 && instrument.tick.sign() > 0) {
      state.protocol->follow(instrument);
    }
  }
}

Timestamp estimated_venue_time(const State& state, Timestamp now) {
  return state.venue_time + (now - state.venue_time_at);
}

void send_batch(Self* self, Stream& stream, Timestamp now) {
  auto& state = self->state;
  if (stream.restart) {
    begin(self, stream);
  }
  auto batch = stream.head;
  batch.sequence = ++stream.sequence;
  batch.trades = std::exchange(stream.trades, {});
  if (!batch.trades.empty()) {
    batch.trades_received = stream.trades_received;
  }
  const auto* const book = state.protocol->book(stream.head.instrument.symbol);
  if (stream.book_changed && book != nullptr && now - stream.book_sent >= book_every) {
    batch.book = book->depth(book_levels);
    batch.book_updates = std::exchange(stream.book_updates, 0);
    if (batch.book_updates > 0) { // else a copy for a receiver that begins anew
      batch.book_received = stream.book_received;
    }
    batch.resync_attempts = std::exchange(stream.resync_attempts, 0);
    stream.book_changed = false;
    stream.book_sent = now;
  }
  if (!batch.trades.empty()) {
    stream.watermark = std::max(stream.watermark, batch.trades.back().ts_event);
  }
  stream.watermark = std::max(stream.watermark, estimated_venue_time(state, now) - quiet_lag);
  batch.watermark = stream.watermark;
  stream.unacked.push_back(batch.sequence);
  stream.sent = now;
  self->send(stream.receiver, std::move(batch));
}

} // namespace stream_detail

void with_sink(Self* self, const std::function<void(MarketSink&)>& step) {
  stream_detail::StreamSink sink{self};
  step(sink);
  if (sink.listing) {
    stream_detail::take_listing(self, *sink.listing);
  }
  if (sink.news && !self->state.flush_due) {
    self->state.flush_due = true;
    self->delayed_send(self, stream_detail::flush_after, Flush{self->epoch()});
  }
}

void on_subscribe(Self* self, const FeedSubscribe& request) {
  auto& state = self->state;
  const auto& symbol = request.instrument.symbol;
  const auto& configured = state.port.settings->instruments;
  if (std::find(configured.begin(), configured.end(), symbol) == configured.end()) {
    core::log::error("subscription refused",
                     {{"path", self->path()}, {"instrument", request.instrument.to_text()}});
    return;
  }
  auto& published = state.published[symbol];
  published.trades_through = std::max(published.trades_through, request.trades_through);
  published.bars_until = std::max(published.bars_until, request.bars_until);
  const auto old = state.streams.find(symbol);
  const bool was_live = old != state.streams.end() && (old->second.live || old->second.restart);
  Stream stream;
  stream.head.instrument = request.instrument;
  stream.head.subscription = request.subscription;
  stream.receiver = request.receiver;
  if (was_live) { // only its receiver is new: trades are complete from here on
    stream.restart = true;
    stream.live_from = state.venue_time + std::chrono::milliseconds{1};
  }
  state.streams.insert_or_assign(symbol, std::move(stream));
  const auto listed = state.listed.find(symbol);
  if (listed != state.listed.end() && listed->second.tick.sign() > 0) {
    state.protocol->follow(listed->second);
  }
}

void on_unsubscribe(Self* self, const FeedUnsubscribe& request) {
  self->state.streams.erase(request.instrument.symbol);
  self->state.published.erase(request.instrument.symbol); // others publish it now
  self->state.protocol->unfollow(request.instrument.symbol);
}

void on_ack(Self* self, const FeedAck& ack) {
  auto& state = self->state;
  const auto at = state.streams.find(ack.instrument.symbol);
  if (at == state.streams.end() || at->second.head.subscription != ack.subscription) {
    return;
  }
  auto& unacked = at->second.unacked;
  while (!unacked.empty() && unacked.front() <= ack.sequence) {
    unacked.pop_front();
  }
  auto& published = state.published[ack.instrument.symbol];
  published.trades_through = std::max(published.trades_through, ack.trades_through);
  published.bars_until = std::max(published.bars_until, ack.bars_until);
}

void flush(Self* self) {
  auto& state = self->state;
  const auto now = self->runtime().clock.now();
  bool left = false;
  for (auto& [symbol, stream] : state.streams) {
    if (!stream.live && !stream.restart) {
      continue;
    }
    const bool book_ready = stream.book_changed && state.protocol->book(symbol) != nullptr;
    if (!stream.restart && stream.trades.empty() && !book_ready) {
      continue;
    }
    const bool only_book = !stream.restart && stream.trades.empty();
    if (stream.unacked.size() >= stream_detail::unacked_max
        || (only_book && now - stream.book_sent < stream_detail::book_every)) {
      left = true;
      continue;
    }
    stream_detail::send_batch(self, stream, now);
    left = left || stream.book_changed;
  }
  if (left && !state.flush_due) {
    state.flush_due = true;
    self->delayed_send(self, stream_detail::flush_after, Flush{self->epoch()});
  }
}

void tell_down(Self* self, Stream& stream, const std::string& reason) {
  if (stream.told_down) {
    return;
  }
  stream.told_down = true;
  auto batch = stream.head;
  batch.sequence = 0; // stands outside of what is counted and acknowledged
  batch.connected = false;
  batch.reason = reason;
  self->send(stream.receiver, std::move(batch));
}

void tell_limits(Self* self) {
  auto& state = self->state;
  const auto limiter = self->runtime().registry.find(state.port.limiter);
  if (limiter.actor && state.limits && limiter.epoch != state.limits_told_to) {
    state.limits_told_to = limiter.epoch;
    self->send(limiter.actor, LimitsLearned{*state.limits});
  }
}

/// A quiet instrument on a connection that speaks is alive.
void beat(Self* self, Timestamp now) {
  auto& state = self->state;
  for (auto& [symbol, stream] : state.streams) {
    if (state.open && stream.live && !stream.restart
        && now - state.venue_time_at < stream_detail::heard_within
        && now - stream.sent >= stream_detail::beat_every
        && stream.unacked.size() < stream_detail::unacked_max) {
      stream_detail::send_batch(self, stream, now);
    }
  }
}

} // namespace troupe::venues::connector
