#include "actors/venues/coinbase/exchange_frames.hpp"
#include "actors/venues/coinbase/feed_base.hpp"

#include <algorithm>

namespace troupe::venues::coinbase {

namespace exchange_feed {

using core::Timestamp;

constexpr std::chrono::seconds heartbeat_max{5}; ///< the venue sends one a second
constexpr const char* book_channel = "level2_batch";

class ExchangeProtocol final : public FeedBase {
public:
  using FeedBase::FeedBase;

  void received(const std::string& text, Timestamp now, MarketSink& sink) override {
    heard_ = now;
    const auto decoded = decoder_.decode(text);
    if (!decoded) {
      log_unknown(decoded.error(), text);
      return;
    }
    const auto& frame = **decoded;
    if (frame.kind == ExchangeKind::SUBSCRIPTIONS) {
      for (auto& [symbol, track] : tracks_) {
        track.acknowledged = track.acknowledged || track.subscribed;
      }
      return;
    }
    if (frame.kind == ExchangeKind::ERROR) {
      log_refused(frame.error, frame.error_reason);
      return;
    }
    auto* const track = find(frame.product);
    if (track == nullptr) {
      return;
    }
    if (frame.kind != ExchangeKind::LAST_MATCH) { // which may be hours old
      if (frame.time > Timestamp{}) {
        sink.on_time(frame.time);
        track->stream_time = std::max(track->stream_time, frame.time);
      }
      go_live(*track, frame.time, sink);
    }
    take(*track, frame, now, sink);
  }

protected:
  void send_subscribe(const std::vector<std::string>& products) override {
    messages_.push_back(R"({"type":"subscribe","product_ids":)" + json_array(products)
                        + R"(,"channels":["heartbeat","matches","ticker",")" + book_channel
                        + R"("]})");
  }
  void send_unsubscribe(const std::vector<std::string>& products) override {
    messages_.push_back(R"({"type":"unsubscribe","product_ids":)" + json_array(products)
                        + R"(,"channels":["heartbeat","matches","ticker",")" + book_channel
                        + R"("]})");
  }
  void renew_book(Track& track) override {
    for (const auto* const verb : {"unsubscribe", "subscribe"}) {
      messages_.push_back(std::string{R"({"type":")"} + verb + R"(","product_ids":)"
                          + json_array({track.instrument.venue_symbol}) + R"(,"channels":[")"
                          + book_channel + R"("]})");
    }
  }
  void check(Timestamp now, MarketSink& sink) override {
    for (auto& [symbol, track] : tracks_) {
      if (track.acknowledged && now - track.heartbeat > heartbeat_max) {
        track.heartbeat = now;
        lose_book(track, now, sink, "its heartbeats stay away");
      } else if (track.acknowledged && track.book.book().valid()) {
        audit(track, now, sink);
      }
    }
  }
  std::string listing_target() const override { return "/products"; }
  std::string book_target(const std::string& product) const override {
    return "/products/" + product + "/book?level=1";
  }
  core::Result<std::vector<trading::Instrument>>
  read_listing(const std::string& body) const override {
    return read_products(body, settings_.venue);
  }
  core::Result<RestBook> read_polled(const std::string& body) const override {
    return read_book(body);
  }

private:
  void audit(Track& track, Timestamp now, MarketSink& sink) {
    if (const auto difference = track.audit.conclude(track.book.book(), track.stream_time)) {
      lose_book(track, now, sink, *difference);
    } else if (track.audit.is_due(now, track.stream_time, settings_.verify_books_every)) {
      ask_audit(track, "/products/" + track.instrument.venue_symbol + "/book?level=2");
    }
  }

  void take(Track& track, const ExchangeFrame& frame, Timestamp now, MarketSink& sink) {
    switch (frame.kind) {
      case ExchangeKind::SNAPSHOT:
        note_book(track, track.book.apply_snapshot(frame.bids, frame.asks, frame.time), now, sink);
        break;
      case ExchangeKind::L2UPDATE:
        track.audit.touch(frame.bids, frame.asks);
        note_book(track, track.book.apply_update(frame.bids, frame.asks, frame.time), now, sink);
        break;
      case ExchangeKind::LAST_MATCH:
        if (track.numbers.last() == 0) {
          track.numbers.start_after(frame.trade.id);
        }
        break;
      case ExchangeKind::MATCH:
        if (take_trade(track, frame.trade, sink)) {
          distrust_book(track, now, sink);
        }
        break;
      case ExchangeKind::TICKER: {
        const auto step = track.book.check_inside(frame.ticker.best_bid, frame.ticker.best_ask);
        if (step == BookStep::LOST) {
          note_book(track, step, now, sink);
        }
        break;
      }
      case ExchangeKind::HEARTBEAT: take_heartbeat(track, frame, now, sink); break;
      default: break;
    }
  }

  /// Where trades were lost, updates of the book may have been, and those carry no number.
  void distrust_book(Track& track, Timestamp now, MarketSink& sink) {
    if (track.book.book().valid()) {
      lose_book(track, now, sink, "messages of its stream were lost");
    }
  }

  /// A trade that a heartbeat tells of may still be on its way; not for a second, though.
  void take_heartbeat(Track& track, const ExchangeFrame& frame, Timestamp now, MarketSink& sink) {
    track.heartbeat = now;
    const auto& symbol = track.instrument.instrument.symbol;
    if (!track.live) {
      return; // trades are not complete yet, and nobody says so
    }
    if (track.told_last_trade != 0 && track.numbers.is_behind(track.told_last_trade)) {
      sink.on_trades_lost(symbol, track.told_last_trade - track.numbers.last());
      track.numbers.start_after(track.told_last_trade);
      sink.on_live(symbol, frame.time);
      distrust_book(track, now, sink);
    }
    track.told_last_trade = track.numbers.is_behind(frame.last_trade_id) ? frame.last_trade_id : 0;
  }

  ExchangeDecoder decoder_;
};

} // namespace exchange_feed

std::unique_ptr<FeedProtocol> make_exchange_protocol(FeedSettings settings) {
  return std::make_unique<exchange_feed::ExchangeProtocol>(std::move(settings));
}

} // namespace troupe::venues::coinbase
