#include "actors/venues/binance/feed_protocol.hpp"

#include "actors/venues/binance/quiet_check.hpp"
#include "actors/venues/binance/rest.hpp"
#include "core/duration.hpp"
#include "core/log.hpp"
#include "core/retry_after.hpp"

#include <algorithm>

namespace troupe::venues::binance {

using core::Timestamp;

std::uint64_t depth_weight(std::uint32_t limit) {
  return limit <= 100 ? 5 : limit <= 500 ? 25 : limit <= 1000 ? 50 : 250;
}

namespace feed_detail {

constexpr std::chrono::milliseconds first_retry{500};
constexpr std::chrono::seconds ask_alive_after{2}; ///< of silence on the connection
constexpr std::chrono::seconds silence_max{10};
constexpr std::chrono::seconds refused_retry{30};
constexpr std::chrono::seconds acknowledged_within{10};
constexpr std::chrono::seconds first_diff_within{3}; ///< then the instrument is quiet
constexpr unsigned unheard_losses_max = 2;
constexpr std::size_t streams_per_message_max = 100;
constexpr std::uint64_t listing_weight = 20;
constexpr std::uint32_t polled_levels = 100;
constexpr std::uint32_t checked_levels = 5; ///< only the number is looked at

/// REQUEST_WEIGHT and RAW_REQUESTS, as the venue counts them.
CallCost cost_of(std::uint64_t weight) {
  return {{"REQUEST_WEIGHT", weight}, {"RAW_REQUESTS", 1}};
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

/// One instrument on this connection.
struct Track {
  trading::Instrument instrument;
  BookBuilder book;
  TradeNumbers numbers;
  QuietCheck quiet;
  std::int64_t subscribed_by = 0; ///< id of the SUBSCRIBE that named it; 0: none yet
  bool acknowledged = false;
  bool live = false;
  bool snapshot_asked = false;
  std::uint32_t tries = 0;
  Timestamp retry_at; ///< no snapshot is asked for before
  Timestamp subscribe_at;
  Timestamp subscribed_at;
};

enum class Purpose : std::uint8_t { SNAPSHOT, LISTING, POLL, CHECK };
struct Asked {
  Purpose purpose;
  std::string symbol;
};

class Protocol final : public FeedProtocol {
public:
  explicit Protocol(FeedSettings settings) : settings_(std::move(settings)) {}

  std::string socket_target() const override { return "/stream"; }

  void follow(const trading::Instrument& instrument) override {
    const auto& symbol = instrument.instrument.symbol;
    const auto at = tracks_.find(symbol);
    if (at != tracks_.end() && at->second.instrument.tick == instrument.tick) {
      at->second.instrument = instrument;
      return;
    }
    tracks_.insert_or_assign(symbol,
                             Track{.instrument = instrument,
                                   .book = BookBuilder{instrument.instrument, instrument.tick},
                                   .numbers = {},
                                   .quiet = {},
                                   .retry_at = {},
                                   .subscribe_at = {},
                                   .subscribed_at = {}});
    by_venue_symbol_[instrument.venue_symbol] = symbol;
  }

  void unfollow(const std::string& symbol) override {
    const auto at = tracks_.find(symbol);
    if (at == tracks_.end()) {
      return;
    }
    if (open_ && at->second.subscribed_by != 0) {
      messages_.push_back(control("UNSUBSCRIBE", streams_of(at->second)));
    }
    by_venue_symbol_.erase(at->second.instrument.venue_symbol);
    tracks_.erase(at);
  }

  bool follows_any() const override { return !tracks_.empty(); }

  void opened(Timestamp now) override {
    open_ = true;
    heard_ = asked_alive_ = now;
  }

  void closed() override {
    open_ = false;
    messages_.clear();
    const auto of_stream = [](const Asked& asked) {
      return asked.purpose == Purpose::SNAPSHOT || asked.purpose == Purpose::CHECK;
    };
    std::erase_if(queries_, [&](const RestQuery& query) { return of_stream(asked_.at(query.id)); });
    std::erase_if(asked_, [&](const auto& one) { return of_stream(one.second); });
    for (auto& [symbol, track] : tracks_) {
      track.book.reset();
      track.numbers.forget();
      track.quiet = {};
      track.subscribed_by = 0;
      track.acknowledged = track.live = track.snapshot_asked = false;
      track.tries = 0;
      track.retry_at = {};
      track.subscribe_at = {};
    }
  }

  void received(const std::string& text, Timestamp now, MarketSink& sink) override {
    heard_ = now;
    const auto decoded = decoder_.decode(text);
    if (!decoded) {
      core::log::warn("venue message not understood", {{"venue", settings_.venue},
                                                       {"error", decoded.error().message},
                                                       {"text", text.substr(0, 200)}});
      return;
    }
    const auto& frame = **decoded;
    switch (frame.kind) {
      case FrameKind::DEPTH_UPDATE:
      case FrameKind::TRADE: take_event(frame, now, sink); break;
      case FrameKind::REPLY: take_reply(frame); break;
      case FrameKind::ERROR: take_error(frame, now); break;
      case FrameKind::SERVER_SHUTDOWN: reconnect_ = "the server is about to shut down"; break;
      default: break;
    }
  }

  void answered(std::uint64_t query,
                const core::Result<std::string>& body,
                Timestamp now,
                MarketSink& sink) override {
    const auto at = asked_.find(query);
    if (at == asked_.end()) {
      return; // of a connection that is gone
    }
    const auto asked = at->second;
    asked_.erase(at);
    switch (asked.purpose) {
      case Purpose::SNAPSHOT: take_snapshot(asked.symbol, body, now, sink); break;
      case Purpose::LISTING: take_listing(body, sink); break;
      case Purpose::POLL: take_poll(asked.symbol, body, now, sink); break;
      case Purpose::CHECK: take_check(asked.symbol, body, now); break;
    }
  }

  void tick(Timestamp now, MarketSink& sink) override {
    if (!open_) {
      return;
    }
    subscribe_new(now);
    for (auto& [symbol, track] : tracks_) {
      if (track.acknowledged && !track.book.book().valid() && !track.snapshot_asked
          && now >= track.retry_at
          && (track.book.buffered() > 0 || now - track.subscribed_at >= first_diff_within)) {
        ask_snapshot(symbol, track, sink);
      }
      check_quiet(symbol, track, now, sink);
      if (track.subscribed_by != 0 && !track.acknowledged
          && now - track.subscribed_at > acknowledged_within) {
        reconnect_ = "the subscription of " + symbol + " was not acknowledged";
      }
    }
    // An answer to anything shows that the connection lives, though nothing trades.
    if (now - heard_ > silence_max) {
      reconnect_ = "nothing was heard for " + core::Duration{silence_max}.to_text();
    } else if (now - heard_ > ask_alive_after && now - asked_alive_ > ask_alive_after) {
      asked_alive_ = now;
      messages_.push_back(R"({"method":"LIST_SUBSCRIPTIONS","id":)" + std::to_string(++last_id_)
                          + "}");
    }
  }

  void ask_listing() override {
    ask("/api/v3/exchangeInfo", listing_weight, {Purpose::LISTING, {}});
  }

  void poll(const std::string& symbol) override {
    if (const auto at = tracks_.find(symbol); at != tracks_.end()) {
      ask_depth(at->second, polled_levels, {Purpose::POLL, symbol});
    }
  }

  const trading::L2Book* book(const std::string& symbol) const override {
    const auto at = tracks_.find(symbol);
    return at != tracks_.end() && at->second.book.book().valid() ? &at->second.book.book()
                                                                 : nullptr;
  }

private:
  static std::vector<std::string> streams_of(const Track& track) {
    const auto name = lower(track.instrument.venue_symbol);
    return {name + "@depth@100ms", name + "@trade"};
  }

  std::string control(const char* method, const std::vector<std::string>& streams) {
    std::string text = std::string{R"({"method":")"} + method + R"(","params":[)";
    for (std::size_t i = 0; i < streams.size(); ++i) {
      text += (i == 0 ? "\"" : ",\"") + streams[i] + "\"";
    }
    return text + R"(],"id":)" + std::to_string(++last_id_) + "}";
  }

  void subscribe_new(Timestamp now) {
    std::vector<std::string> streams;
    std::vector<Track*> named;
    for (auto& [symbol, track] : tracks_) {
      if (track.subscribed_by == 0 && now >= track.subscribe_at
          && streams.size() + 2 <= streams_per_message_max) {
        for (auto& stream : streams_of(track)) {
          streams.push_back(std::move(stream));
        }
        named.push_back(&track);
      }
    }
    if (streams.empty()) {
      return;
    }
    messages_.push_back(control("SUBSCRIBE", streams));
    for (auto* const track : named) {
      track->subscribed_by = last_id_;
      track->subscribed_at = now;
    }
  }

  void take_reply(const Frame& frame) {
    for (auto& [symbol, track] : tracks_) {
      if (frame.reply_id != 0 && track.subscribed_by == frame.reply_id) {
        track.acknowledged = true;
      }
    }
  }

  void take_error(const Frame& frame, Timestamp now) {
    core::log::warn(
      "venue refused a message",
      {{"venue", settings_.venue}, {"code", frame.error_code}, {"reason", frame.error_text}});
    for (auto& [symbol, track] : tracks_) {
      if (frame.reply_id != 0 && track.subscribed_by == frame.reply_id) {
        track.subscribed_by = 0;
        track.subscribe_at = now + refused_retry;
      }
    }
  }

  void take_event(const Frame& frame, Timestamp now, MarketSink& sink) {
    const auto name = by_venue_symbol_.find(frame.symbol);
    if (name == by_venue_symbol_.end()) {
      return; // of one that was unsubscribed
    }
    const auto& symbol = name->second;
    auto& track = tracks_.at(symbol);
    sink.on_time(frame.event);
    if (!track.live && track.acknowledged) {
      track.live = true;
      // Trades of the same millisecond may have been before the subscription.
      sink.on_live(symbol, frame.event + std::chrono::milliseconds{1});
    }
    if (frame.kind == FrameKind::TRADE) {
      take_trade(symbol, track, frame, sink);
      return;
    }
    track.quiet.heard(now);
    switch (track.book.apply(frame.diff)) {
      case BookStep::APPLIED: sink.on_book(symbol); break;
      case BookStep::LOST:
        track.retry_at = now; // at once: it was whole until now
        sink.on_book_lost(symbol, "the stream has a gap");
        break;
      default: break;
    }
  }

  static void
  take_trade(const std::string& symbol, Track& track, const Frame& frame, MarketSink& sink) {
    const auto step = track.numbers.take(frame.trade.id);
    if (step == TradeNumbers::Step::OLD) {
      return;
    }
    if (step == TradeNumbers::Step::GAP && track.live) {
      sink.on_trades_lost(symbol, track.numbers.missed());
      sink.on_live(symbol, frame.trade.time);
    }
    sink.on_trade(symbol, frame.trade);
  }

  void ask(std::string target, std::uint64_t weight, Asked asked) {
    const auto id = ++last_query_;
    asked_.emplace(id, std::move(asked));
    queries_.push_back({id, std::move(target), cost_of(weight)});
  }

  void ask_depth(const Track& track, std::uint32_t limit, Asked asked) {
    ask("/api/v3/depth?symbol=" + track.instrument.venue_symbol + "&limit=" + std::to_string(limit),
        depth_weight(limit), std::move(asked));
  }

  void ask_snapshot(const std::string& symbol, Track& track, MarketSink& sink) {
    if (track.tries == settings_.snapshot_tries_max) {
      sink.on_book_lost(symbol, "no snapshot fits the stream");
      reconnect_ = "no snapshot of " + symbol + " fits the stream";
      return;
    }
    ++track.tries;
    track.snapshot_asked = true;
    sink.on_book_asked(symbol);
    ask_depth(track, settings_.depth_limit, {Purpose::SNAPSHOT, symbol});
  }

  void check_quiet(const std::string& symbol, Track& track, Timestamp now, MarketSink& sink) {
    const auto& book = track.book.book();
    if (!book.valid()) {
      return;
    }
    if (track.quiet.is_behind(book.sequence(), now)) {
      track.book.reset();
      sink.on_book_lost(symbol, "the venue has changed it, and said nothing");
      if (track.quiet.lost(now) >= unheard_losses_max) {
        reconnect_ = "the stream tells nothing of the book of " + symbol;
      }
    } else if (track.quiet.is_due(now, settings_.verify_books_every)) {
      ask_depth(track, checked_levels, {Purpose::CHECK, symbol});
    }
  }

  void take_check(const std::string& symbol, const core::Result<std::string>& body, Timestamp now) {
    const auto depth = body ? read_depth(*body) : core::Result<DepthSnapshot>{body.error()};
    const auto at = tracks_.find(symbol);
    if (depth && at != tracks_.end() && at->second.book.book().valid()) {
      at->second.quiet.answered(depth->last_id, at->second.book.book().sequence(), now);
    }
  }

  void take_snapshot(const std::string& symbol,
                     const core::Result<std::string>& body,
                     Timestamp now,
                     MarketSink& sink) {
    const auto at = tracks_.find(symbol);
    if (at == tracks_.end()) {
      return;
    }
    auto& track = at->second;
    track.snapshot_asked = false;
    const auto snapshot = body ? read_depth(*body) : core::Result<DepthSnapshot>{body.error()};
    if (snapshot && track.book.apply(*snapshot, now) == BookStep::APPLIED) {
      track.tries = 0;
      sink.on_book(symbol);
      return;
    }
    track.retry_at = now + first_retry * (1LL << std::min(track.tries, 6U));
    if (const auto pause = snapshot ? std::nullopt : core::retry_after(snapshot.error())) {
      track.retry_at = std::max(track.retry_at, now + *pause); // the rate limit leaves no room
    }
    core::log::info(
      "book snapshot does not fit yet",
      {{"venue", settings_.venue},
       {"symbol", symbol},
       {"try", track.tries},
       {"reason", snapshot ? "it is older than the stream" : snapshot.error().message}});
  }

  void take_listing(const core::Result<std::string>& body, MarketSink& sink) {
    auto info =
      body ? read_exchange_info(*body, settings_.venue) : core::Result<ExchangeInfo>{body.error()};
    if (!info) {
      core::log::warn("venue's instruments not known",
                      {{"venue", settings_.venue}, {"error", core::to_string(info.error())}});
      return;
    }
    std::vector<BudgetLimit> limits;
    for (auto& limit : info->rate_limits) {
      limits.push_back({std::move(limit.type), limit.window, limit.limit, 0});
    }
    sink.on_limits(std::move(limits));
    sink.on_listing(std::move(info->instruments));
  }

  void take_poll(const std::string& symbol,
                 const core::Result<std::string>& body,
                 Timestamp now,
                 MarketSink& sink) {
    auto depth = body ? read_depth(*body) : core::Result<DepthSnapshot>{body.error()};
    const auto at = tracks_.find(symbol);
    if (depth && at != tracks_.end() && !open_) {
      sink.on_polled(symbol, {at->second.instrument.instrument, std::move(depth->bids),
                              std::move(depth->asks), depth->last_id, now});
    }
  }

  FeedSettings settings_;
  FrameDecoder decoder_;
  std::map<std::string, Track> tracks_;
  std::map<std::string, std::string, std::less<>> by_venue_symbol_;
  std::map<std::uint64_t, Asked> asked_;
  std::uint64_t last_query_ = 0;
  std::int64_t last_id_ = 0;
  Timestamp heard_;
  Timestamp asked_alive_;
  bool open_ = false;
};

} // namespace feed_detail

std::unique_ptr<FeedProtocol> make_feed_protocol(FeedSettings settings) {
  return std::make_unique<feed_detail::Protocol>(std::move(settings));
}

} // namespace troupe::venues::binance
