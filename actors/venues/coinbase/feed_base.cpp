#include "actors/venues/coinbase/feed_base.hpp"

#include "core/duration.hpp"
#include "core/log.hpp"

namespace troupe::venues::coinbase {

using core::Timestamp;

namespace feed_base_detail {

constexpr std::chrono::seconds silence_max{10};
constexpr std::chrono::seconds good_for{30}; ///< then earlier losses are forgotten
constexpr unsigned renewals_max = 5;
constexpr std::chrono::seconds acknowledged_within{10};
constexpr std::chrono::seconds snapshot_within{10};

} // namespace feed_base_detail

std::string json_array(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const auto& text : texts) {
    out += (out.size() == 1 ? "\"" : ",\"") + text + "\"";
  }
  return out + "]";
}

void FeedBase::follow(const trading::Instrument& instrument) {
  const auto& symbol = instrument.venue_symbol;
  const auto at = tracks_.find(symbol);
  if (at != tracks_.end() && at->second.instrument.tick == instrument.tick) {
    at->second.instrument = instrument;
    return;
  }
  if (at != tracks_.end() && at->second.subscribed) {
    send_unsubscribe({symbol});
  }
  tracks_.insert_or_assign(symbol,
                           Track{.instrument = instrument,
                                 .book = BookBuilder{instrument.instrument, instrument.tick},
                                 .audit = {},
                                 .numbers = {},
                                 .subscribed_at = {},
                                 .book_since = {},
                                 .stream_time = {},
                                 .heartbeat = {}});
}

void FeedBase::unfollow(const std::string& symbol) {
  const auto at = tracks_.find(symbol);
  if (at == tracks_.end()) {
    return;
  }
  if (open_ && at->second.subscribed) {
    send_unsubscribe({symbol});
  }
  tracks_.erase(at);
}

void FeedBase::opened(Timestamp now) {
  open_ = true;
  heard_ = now;
}

void FeedBase::closed() {
  open_ = false;
  messages_.clear();
  const auto is_audit = [this](std::uint64_t id) {
    return asked_.at(id).purpose == Purpose::AUDIT;
  };
  std::erase_if(queries_, [&](const RestQuery& query) { return is_audit(query.id); });
  std::erase_if(asked_, [](const auto& one) { return one.second.purpose == Purpose::AUDIT; });
  for (auto& [symbol, track] : tracks_) {
    track.book.reset();
    track.audit = {};
    track.stream_time = {};
    track.numbers.forget();
    track.subscribed = track.acknowledged = track.live = false;
    track.lost_in_a_row = 0;
    track.told_last_trade = 0;
  }
}

FeedBase::Track* FeedBase::find(std::string_view product) {
  const auto at = tracks_.find(product);
  return at == tracks_.end() ? nullptr : &at->second;
}

const trading::L2Book* FeedBase::book(const std::string& symbol) const {
  const auto at = tracks_.find(symbol);
  return at != tracks_.end() && at->second.book.book().valid() ? &at->second.book.book() : nullptr;
}

void FeedBase::go_live(Track& track, Timestamp time, MarketSink& sink) {
  if (!track.live && track.acknowledged && time > Timestamp{}) {
    track.live = true;
    // Trades of the same microsecond may have been before the subscription.
    sink.on_live(track.instrument.instrument.symbol, time + std::chrono::microseconds{1});
  }
}

bool FeedBase::take_trade(Track& track, const TradePrint& trade, MarketSink& sink) {
  const auto step = track.numbers.take(trade.id);
  const auto& symbol = track.instrument.instrument.symbol;
  if (step == TradeNumbers::Step::OLD) {
    return false;
  }
  const bool lost = step == TradeNumbers::Step::GAP && track.live;
  if (lost) {
    sink.on_trades_lost(symbol, track.numbers.missed());
    sink.on_live(symbol, trade.time);
  }
  sink.on_trade(symbol, trade);
  return lost;
}

void FeedBase::note_book(
  Track& track, BookStep step, Timestamp now, MarketSink& sink, const std::string& reason) {
  using namespace feed_base_detail;
  const auto& symbol = track.instrument.instrument.symbol;
  if (step == BookStep::APPLIED) {
    if (track.lost_in_a_row > 0 && now - track.book_since > good_for) {
      track.lost_in_a_row = 0;
    }
    sink.on_book(symbol);
  } else if (step == BookStep::LOST) {
    track.book_since = now;
    track.audit.abandon();
    sink.on_book_lost(symbol, reason);
    if (++track.lost_in_a_row > renewals_max) {
      reconnect_ = "the book of " + symbol + " was lost again and again";
    } else {
      sink.on_book_asked(symbol);
      renew_book(track);
    }
  }
}

void FeedBase::lose_book(Track& track, Timestamp now, MarketSink& sink, const std::string& reason) {
  track.book.reset();
  note_book(track, BookStep::LOST, now, sink, reason);
}

/// What was asked for on the stream must come.
void FeedBase::check_answers(Timestamp now, MarketSink& sink) {
  using namespace feed_base_detail;
  for (auto& [symbol, track] : tracks_) {
    if (!track.acknowledged && now - track.subscribed_at > acknowledged_within) {
      reconnect_ = "the subscription of " + symbol + " was not acknowledged";
    } else if (track.acknowledged && !track.book.book().valid()
               && now - track.book_since > snapshot_within) {
      lose_book(track, now, sink, "its snapshot did not come");
    }
  }
}

void FeedBase::tick(Timestamp now, MarketSink& sink) {
  if (!open_) {
    return;
  }
  std::vector<std::string> fresh;
  for (auto& [symbol, track] : tracks_) {
    if (!track.subscribed) {
      track.subscribed = true;
      track.heartbeat = track.subscribed_at = track.book_since = now;
      fresh.push_back(symbol);
    }
  }
  if (!fresh.empty()) {
    send_subscribe(fresh);
  }
  if (now - heard_ > feed_base_detail::silence_max) {
    reconnect_ = "nothing was heard for " + core::Duration{feed_base_detail::silence_max}.to_text();
    return;
  }
  check_answers(now, sink);
  check(now, sink);
}

void FeedBase::ask(std::string target, Asked asked) {
  const auto id = ++last_query_;
  asked_.emplace(id, std::move(asked));
  queries_.push_back({id, std::move(target), {{public_requests, 1}}});
}

void FeedBase::ask_listing() {
  ask(listing_target(), {.purpose = Purpose::LISTING, .symbol = {}});
}

void FeedBase::poll(const std::string& symbol) {
  if (tracks_.count(symbol) > 0) {
    ask(book_target(symbol), {.purpose = Purpose::POLL, .symbol = symbol});
  }
}

void FeedBase::ask_audit(const Track& track, std::string target) {
  ask(std::move(target), {.purpose = Purpose::AUDIT, .symbol = track.instrument.venue_symbol});
}

void FeedBase::take_listing(const core::Result<std::string>& body, MarketSink& sink) {
  auto listing =
    body ? read_listing(*body) : core::Result<std::vector<trading::Instrument>>{body.error()};
  if (listing) {
    sink.on_listing(std::move(*listing));
  } else {
    core::log::warn("venue's instruments not known",
                    {{"venue", settings_.venue}, {"error", core::to_string(listing.error())}});
  }
}

void FeedBase::answered(std::uint64_t query,
                        const core::Result<std::string>& body,
                        Timestamp now,
                        MarketSink& sink) {
  const auto at = asked_.find(query);
  if (at == asked_.end()) {
    return;
  }
  const auto asked = at->second;
  asked_.erase(at);
  if (asked.purpose == Purpose::LISTING) {
    take_listing(body, sink);
    return;
  }
  auto book = body ? read_polled(*body) : core::Result<RestBook>{body.error()};
  auto* const track = find(asked.symbol);
  if (track != nullptr && asked.purpose == Purpose::AUDIT) {
    track->audit.answered(book ? std::optional{std::move(*book)} : std::nullopt,
                          track->stream_time);
    return;
  }
  if (book && track != nullptr && !open_) {
    sink.on_polled(track->instrument.instrument.symbol,
                   {track->instrument.instrument, std::move(book->bids), std::move(book->asks),
                    book->sequence, book->time > Timestamp{} ? book->time : now});
  }
}

void FeedBase::log_refused(std::string_view message, std::string_view reason) const {
  core::log::warn("venue refused a message",
                  {{"venue", settings_.venue}, {"message", message}, {"reason", reason}});
}

void FeedBase::log_unknown(const core::Error& error, const std::string& text) const {
  core::log::warn(
    "venue message not understood",
    {{"venue", settings_.venue}, {"error", error.message}, {"text", text.substr(0, 200)}});
}

} // namespace troupe::venues::coinbase
