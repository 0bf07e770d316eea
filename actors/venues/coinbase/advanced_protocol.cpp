#include "actors/venues/coinbase/advanced_frames.hpp"
#include "actors/venues/coinbase/feed_base.hpp"

#include <algorithm>
#include <array>

namespace troupe::venues::coinbase {

namespace advanced_feed {

using core::Timestamp;

constexpr std::array<const char*, 2> product_channels{"level2", "market_trades"};
constexpr const char* base_path = "/api/v3/brokerage/market";
constexpr const char* polled_levels = "50";

class AdvancedProtocol final : public FeedBase {
public:
  using FeedBase::FeedBase;

  void opened(Timestamp now) override {
    FeedBase::opened(now);
    numbers_.restart();
    // Without heartbeats the venue closes quiet channels after a minute.
    messages_.push_back(R"({"type":"subscribe","channel":"heartbeats"})");
  }

  void received(const std::string& text, Timestamp now, MarketSink& sink) override {
    heard_ = now;
    const auto decoded = decoder_.decode(text);
    if (!decoded) {
      log_unknown(decoded.error(), text);
      reconnect_ = "a message could not be read, and with it what it changed";
      return;
    }
    const auto& frame = **decoded;
    if (frame.kind == AdvancedKind::ERROR) {
      log_refused(frame.error, "");
      return;
    }
    if (frame.sequence) {
      switch (numbers_.take(*frame.sequence)) {
        case ConnectionSequence::Step::OLD: return;
        case ConnectionSequence::Step::GAP: lose_all(sink); return;
        case ConnectionSequence::Step::NEXT: break;
      }
    }
    sink.on_time(frame.time);
    take(frame, now, sink);
  }

protected:
  void send_subscribe(const std::vector<std::string>& products) override {
    send("subscribe", products);
  }
  void send_unsubscribe(const std::vector<std::string>& products) override {
    send("unsubscribe", products);
  }
  void renew_book(Track& track) override {
    for (const auto* const verb : {"unsubscribe", "subscribe"}) {
      send_one(verb, product_channels[0], {track.instrument.venue_symbol});
    }
  }
  std::string listing_target() const override {
    return std::string{base_path} + "/products?product_type=SPOT";
  }
  std::string book_target(const std::string& product) const override {
    return std::string{base_path} + "/product_book?product_id=" + product
           + "&limit=" + polled_levels;
  }
  core::Result<std::vector<trading::Instrument>>
  read_listing(const std::string& body) const override {
    return read_advanced_products(body, settings_.venue);
  }
  core::Result<RestBook> read_polled(const std::string& body) const override {
    return read_advanced_book(body);
  }

private:
  void send_one(const char* verb, const char* channel, const std::vector<std::string>& products) {
    messages_.push_back(std::string{R"({"type":")"} + verb + R"(","product_ids":)"
                        + json_array(products) + R"(,"channel":")" + channel + R"("})");
  }
  void send(const char* verb, const std::vector<std::string>& products) {
    for (const auto* const channel : product_channels) {
      send_one(verb, channel, products);
    }
  }

  void lose_all(MarketSink& sink) {
    reconnect_ = "a message of the connection is missing";
    for (auto& [symbol, track] : tracks_) {
      track.book.reset();
      sink.on_book_lost(track.instrument.instrument.symbol, reconnect_);
    }
  }

  void take(const AdvancedFrame& frame, Timestamp now, MarketSink& sink) {
    if (frame.kind == AdvancedKind::SUBSCRIPTIONS) {
      const bool trades =
        std::find(frame.channels.begin(), frame.channels.end(), product_channels[1])
        != frame.channels.end();
      for (auto& [symbol, track] : tracks_) {
        track.acknowledged = track.acknowledged || (track.subscribed && trades);
      }
    }
    for (const auto& news : frame.books()) {
      if (auto* const track = find(news.product)) {
        const auto step = news.is_snapshot
                            ? track->book.apply_snapshot(news.bids, news.asks, frame.time)
                            : track->book.apply_update(news.bids, news.asks, frame.time);
        note_book(*track, step, now, sink);
      }
    }
    for (const auto& trade : frame.trades) {
      auto* const track = find(trade.product);
      if (track != nullptr && trade.is_history) {
        track->numbers.start_after(std::max(track->numbers.last(), trade.print.id));
        // What the history holds was before; the channel is complete from it on.
        track->acknowledged = true;
      } else if (track != nullptr) {
        take_trade(*track, trade.print, sink);
      }
    }
    for (auto& [symbol, track] : tracks_) {
      go_live(track, frame.time, sink);
    }
  }

  AdvancedDecoder decoder_;
  ConnectionSequence numbers_;
};

} // namespace advanced_feed

std::unique_ptr<FeedProtocol> make_advanced_protocol(FeedSettings settings) {
  return std::make_unique<advanced_feed::AdvancedProtocol>(std::move(settings));
}

} // namespace troupe::venues::coinbase
