#pragma once

#include "actors/venues/common/connector_venue.hpp"
#include "actors/venues/common/level_book.hpp"
#include "actors/venues/common/wire.hpp"

#include <map>

/// The smallest venue there is, of an exchange that does not exist: what docs/adding-a-venue.md
/// says, step by step, so that it keeps being true. In one file here, in one per step there.
///
/// Its stream: {"op":"subscribe","symbols":["BTC-USD"]} is acknowledged by {"op":"subscribed"},
/// then
///   {"op":"book","symbol":"BTC-USD","seq":1,"whole":true,"bids":[["9","1"]],"asks":[],"time":1}
///   {"op":"trade","symbol":"BTC-USD","id":7,"price":"9","quantity":"1","side":"buy","time":1}
/// `seq` counts a symbol's books without a gap, absolute quantities follow the first, whole one;
/// subscribing again begins anew. `side` is the aggressor's. Over REST: /symbols, /book, /candles
/// (newest first, the open one among them, at most 100), /trades; ten calls a second.
namespace example {

using namespace troupe;
using namespace troupe::venues;
using core::Timestamp;

inline constexpr const char* calls_limit = "CALLS";

// ---- 2. the codec
enum class Op : std::uint8_t { UNKNOWN, SUBSCRIBED, BOOK, TRADE };
struct Frame {
  Op op = Op::UNKNOWN;
  std::string symbol;
  std::uint64_t seq = 0;
  bool whole = false;
  std::vector<trading::Level> bids;
  std::vector<trading::Level> asks;
  TradePrint trade;
  Timestamp time;
};

inline core::Result<void>
decode(simdjson::ondemand::parser& parser, const std::string& text, Frame& frame) {
  return wire::guarded([&] {
    auto document = parser.iterate(text).value();
    wire::Object object = document.get_object();
    const auto op = wire::text_at(object, "op");
    frame.op = op == "subscribed" ? Op::SUBSCRIBED
               : op == "book"     ? Op::BOOK
               : op == "trade"    ? Op::TRADE
                                  : Op::UNKNOWN;
    if (frame.op != Op::BOOK && frame.op != Op::TRADE) {
      return;
    }
    frame.symbol = wire::text_at(object, "symbol");
    if (frame.op == Op::BOOK) {
      frame.bids.clear();
      frame.asks.clear();
      frame.seq = wire::count_at(object, "seq");
      frame.whole = wire::optional_text(object, "whole") == "true";
      wire::read_levels(object, "bids", frame.bids);
      wire::read_levels(object, "asks", frame.asks);
    } else {
      frame.trade.id = wire::count_at(object, "id");
      frame.trade.price = wire::decimal_at<trading::Price>(object, "price");
      frame.trade.quantity = wire::decimal_at<trading::Quantity>(object, "quantity");
      frame.trade.aggressor =
        wire::text_at(object, "side") == "buy" ? trading::Side::BUY : trading::Side::SELL;
    }
    frame.trade.time = frame.time = wire::milliseconds_at(object, "time");
  });
}

// ---- 3. the book
class BookBuilder {
public:
  BookBuilder(trading::InstrumentId instrument, trading::Price tick)
    : book_(std::move(instrument), tick) {}

  BookStep apply(const Frame& frame) {
    if (frame.whole) {
      return book_.load(frame.bids, frame.asks, frame.seq, frame.time) ? BookStep::APPLIED : lose();
    }
    if (!book_.valid() || frame.seq <= book().sequence()) {
      return BookStep::IGNORED;
    }
    const bool next = frame.seq == book().sequence() + 1;
    return next && book_.update(frame.bids, frame.asks, frame.seq, frame.time) ? BookStep::APPLIED
                                                                               : lose();
  }
  void reset() { book_.invalidate(); }
  [[nodiscard]] const trading::L2Book& book() const { return book_.book(); }

private:
  BookStep lose() {
    reset();
    return BookStep::LOST;
  }
  LevelBook book_;
};

// ---- 4. the stream
class Feed final : public FeedProtocol {
public:
  std::string socket_target() const override { return "/stream"; }
  void follow(const trading::Instrument& instrument) override {
    const auto& symbol = instrument.instrument.symbol;
    tracks_.insert_or_assign(
      symbol, Track{instrument, BookBuilder{instrument.instrument, instrument.tick}, {}, {}});
  }
  void unfollow(const std::string& symbol) override { tracks_.erase(symbol); }
  bool follows_any() const override { return !tracks_.empty(); }
  void opened(Timestamp now) override {
    open_ = true;
    heard_ = now;
  }
  void closed() override {
    open_ = false;
    messages_.clear();
    for (auto& [symbol, track] : tracks_) {
      track = Track{
        track.instrument, BookBuilder{track.instrument.instrument, track.instrument.tick}, {}, {}};
    }
  }
  void received(const std::string& text, Timestamp now, MarketSink& sink) override {
    heard_ = now;
    if (!decode(parser_, text, frame_)) {
      return;
    }
    for (auto& [symbol, track] : tracks_) {
      track.acknowledged = track.acknowledged || (frame_.op == Op::SUBSCRIBED && track.subscribed);
    }
    const auto at = tracks_.find(frame_.symbol);
    if (at == tracks_.end() || frame_.op == Op::UNKNOWN || frame_.op == Op::SUBSCRIBED) {
      return;
    }
    sink.on_time(frame_.time);
    frame_.op == Op::BOOK ? take_book(at->second, now, sink) : take_trade(at->second, sink);
  }
  void tick(Timestamp now, MarketSink&) override {
    constexpr std::chrono::seconds silence_max{10};
    if (open_ && now - heard_ > silence_max) {
      reconnect_ = "nothing was heard for 10s";
    }
    for (auto& [symbol, track] : tracks_) {
      const bool late = !track.book.book().valid() && now - track.asked > silence_max;
      if (open_ && (!track.subscribed || late)) {
        subscribe(track, now);
      }
    }
  }
  void answered(std::uint64_t query,
                const core::Result<std::string>& body,
                Timestamp now,
                MarketSink& sink) override {
    const auto asked = asked_.extract(query);
    Frame frame;
    if (!asked || !body || !decode(parser_, *body, frame)) {
      return;
    }
    if (const auto at = tracks_.find(asked.mapped()); at != tracks_.end()) {
      sink.on_polled(at->first,
                     {at->second.instrument.instrument, frame.bids, frame.asks, frame.seq, now});
    }
  }
  void ask_listing() override { ask("/symbols", {}); }
  void poll(const std::string& symbol) override { ask("/book?symbol=" + symbol, symbol); }
  const trading::L2Book* book(const std::string& symbol) const override {
    const auto at = tracks_.find(symbol);
    return at != tracks_.end() && at->second.book.book().valid() ? &at->second.book.book()
                                                                 : nullptr;
  }

private:
  struct Track {
    trading::Instrument instrument;
    BookBuilder book;
    TradeNumbers numbers;
    Timestamp asked;
    bool subscribed = false;
    bool acknowledged = false;
    bool live = false;
  };
  void subscribe(Track& track, Timestamp now) {
    track.subscribed = true;
    track.asked = now;
    messages_.push_back(R"({"op":"subscribe","symbols":[")" + track.instrument.instrument.symbol
                        + "\"]}");
  }
  void go_live(Track& track, MarketSink& sink) const {
    if (track.acknowledged && !track.live) {
      track.live = true;
      sink.on_live(track.instrument.instrument.symbol, frame_.time + std::chrono::milliseconds{1});
    }
  }
  void take_book(Track& track, Timestamp now, MarketSink& sink) {
    const auto& symbol = track.instrument.instrument.symbol;
    const auto step = track.book.apply(frame_);
    go_live(track, sink);
    if (step == BookStep::APPLIED) {
      sink.on_book(symbol);
    } else if (step == BookStep::LOST) {
      sink.on_book_lost(symbol, "the stream has a gap");
      subscribe(track, now);
    }
  }
  void take_trade(Track& track, MarketSink& sink) const {
    const auto& symbol = track.instrument.instrument.symbol;
    const auto step = track.numbers.take(frame_.trade.id);
    if (step == TradeNumbers::Step::GAP && track.live) {
      sink.on_trades_lost(symbol, track.numbers.missed());
      sink.on_live(symbol, frame_.trade.time);
    }
    go_live(track, sink);
    if (step != TradeNumbers::Step::OLD) {
      sink.on_trade(symbol, frame_.trade);
    }
  }
  void ask(std::string target, std::string symbol) {
    asked_.emplace(++last_query_, std::move(symbol));
    queries_.push_back({last_query_, std::move(target), {{calls_limit, 1}}});
  }

  simdjson::ondemand::parser parser_;
  Frame frame_;
  std::map<std::string, Track> tracks_;
  std::map<std::uint64_t, std::string> asked_;
  std::uint64_t last_query_ = 0;
  Timestamp heard_;
  bool open_ = false;
};

// ---- 5. the past
class History final : public HistoryProtocol {
public:
  std::optional<std::chrono::seconds> source_of(trading::Interval interval) const override {
    const auto length = std::chrono::duration_cast<std::chrono::seconds>(interval.duration());
    constexpr std::chrono::seconds minute{60};
    return length % minute == std::chrono::seconds{} ? std::optional{minute} : std::nullopt;
  }
  std::size_t bars_max() const override { return 100; }
  std::string bars_target(const trading::Instrument& instrument,
                          std::chrono::seconds,
                          const BarPage& page) const override {
    return "/candles?symbol=" + instrument.venue_symbol + "&from=" + page.start.to_text()
           + "&to=" + page.end.to_text();
  }
  core::Result<std::vector<trading::Bar>> read_bars(const std::string& body,
                                                    std::chrono::seconds source) const override {
    return wire::read_body<std::vector<trading::Bar>>(body, [&](auto& document, auto& out) {
      for (wire::Value row : document.get_array()) {
        wire::Object object = row.get_object();
        trading::Bar bar;
        bar.ts_open = wire::milliseconds_at(object, "open_time");
        bar.ts_close = bar.ts_open + source;
        bar.open = bar.high = bar.low = bar.close =
          wire::decimal_at<trading::Price>(object, "price");
        out.push_back(bar);
      }
      std::reverse(out.begin(), out.end());
    });
  }
  std::string trades_target(const trading::Instrument& instrument,
                            const BarPage&,
                            std::optional<std::uint64_t> before_id) const override {
    return "/trades?symbol=" + instrument.venue_symbol
           + (before_id ? "&before=" + std::to_string(*before_id) : std::string{});
  }
  core::Result<std::vector<TradePrint>> read_trades(const std::string& body) const override {
    return wire::read_body<std::vector<TradePrint>>(body, [](auto& document, auto& out) {
      for (wire::Value row : document.get_array()) {
        wire::Object object = row.get_object();
        TradePrint trade;
        trade.id = wire::count_at(object, "id");
        trade.price = wire::decimal_at<trading::Price>(object, "price");
        trade.quantity = wire::decimal_at<trading::Quantity>(object, "quantity");
        trade.time = wire::milliseconds_at(object, "time");
        out.push_back(trade);
      }
    });
  }
  messages::CallCost cost() const override { return {{calls_limit, 1}}; }
};

// ---- 6. settings; what stands in the table is this function
inline Venue make_example_venue(core::json::View settings,
                                const std::string& path,
                                std::vector<core::json::Problem>& problems) {
  ConnectorSettings defaults;
  defaults.rest_url = "https://example.test";
  defaults.ws_url = "wss://example.test";
  const auto before = problems.size();
  const auto read = read_connector(settings, path, defaults, problems);
  if (problems.size() > before) {
    return {};
  }
  return make_connector_venue(read, {.make_protocol = [] { return std::make_unique<Feed>(); },
                                     .history = std::make_shared<const History>(),
                                     .limits = {{calls_limit, std::chrono::seconds{1}, 10, 10}},
                                     .ratelimit_name = {}});
}

} // namespace example
