#include "actors/market_data/feed_watch.hpp"

#include <algorithm>
#include <utility>

namespace troupe::market_data {

using core::Timestamp;
using messages::BookResync;

namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr std::size_t targets_count = 3; ///< of a channel: what judge() returns

} // namespace

FeedWatch::FeedWatch(trading::InstrumentId instrument, const SlaSettings& settings)
  : instrument_(std::move(instrument)), settings_(settings), trades_(settings), book_(settings) {}

std::optional<BookResync>
FeedWatch::lose_book(const std::string& reason, std::uint32_t attempts, Timestamp now) {
  attempts_ = std::max(attempts_, attempts);
  if (lost_since_ || !had_book_) {
    return std::nullopt;
  }
  book_.on_gap(now);
  lost_since_ = now;
  lost_reason_ = reason;
  return BookResync{.instrument = instrument_,
                    .phase = messages::ResyncPhase::STARTED,
                    .reason = reason,
                    .since = now,
                    .duration_ms = {},
                    .attempts = attempts_,
                    .as_of = now};
}

std::optional<BookResync> FeedWatch::disconnected(const venues::FeedBatch& batch, Timestamp now) {
  if (had_data_) {
    trades_.on_gap(now);
  }
  return lose_book(batch.reason.empty() ? "the venue is unreachable" : batch.reason, 0, now);
}

std::optional<BookResync> FeedWatch::book_lost(const venues::FeedBatch& batch, Timestamp now) {
  return lose_book(batch.reason, batch.resync_attempts, now);
}

std::optional<BookResync>
FeedWatch::data(const venues::FeedBatch& batch, bool has_book, Timestamp now) {
  if (batch.sequence == 1 && had_data_) {
    trades_.on_gap(now); // the stream begins anew; its bars say when the hole is filled
  }
  had_data_ = true;
  trades_.on_data(now, batch.trades.size());
  book_.on_data(now, batch.book_updates);
  if (!has_book) {
    return std::nullopt;
  }
  had_book_ = true;
  if (!lost_since_) {
    return std::nullopt;
  }
  book_.on_healed();
  book_.on_resync(now);
  const auto since = *std::exchange(lost_since_, std::nullopt);
  // Where the venue sends a snapshot unasked, upon a subscription, that was the one attempt.
  const auto attempts =
    std::max<std::uint32_t>({1, batch.resync_attempts, std::exchange(attempts_, 0)});
  return BookResync{.instrument = instrument_,
                    .phase = messages::ResyncPhase::HEALED,
                    .reason = std::exchange(lost_reason_, {}),
                    .since = since,
                    .duration_ms = (now - since).count() / ns_per_ms,
                    .attempts = attempts,
                    .as_of = now};
}

void FeedWatch::published(const venues::FeedBatch& batch, Timestamp now) {
  if (batch.trades_received) {
    trades_.on_published(now, now - *batch.trades_received);
  }
  if (batch.book_received) {
    book_.on_published(now, now - *batch.book_received);
  }
}

void FeedWatch::observe(const FreshnessTracker& freshness, Timestamp now) {
  const auto live_until = freshness.live_until();
  trades_.observe(now, freshness.trades_at(now), live_until);
  if (had_book_) {
    book_.observe(now, freshness.book_at(now), live_until);
  }
}

std::vector<messages::FeedSlaMeasured>
FeedWatch::measured(const FreshnessTracker& freshness, const std::string& node, Timestamp now) {
  std::vector<messages::FeedSlaMeasured> out;
  const auto add = [&](SlaTracker& tracker, const char* channel, trading::Freshness state) {
    messages::FeedSlaMeasured item;
    item.latencies = tracker.latencies(now);
    item.feed = {.instrument = instrument_,
                 .channel = channel,
                 .freshness = state,
                 .reason = state == trading::Freshness::LIVE ? "" : freshness.reason(now),
                 .figures = tracker.figures(now),
                 .breached = {},
                 .as_of = now,
                 .node = node};
    item.feed.breached = breached_targets(item.feed.figures, settings_);
    out.push_back(std::move(item));
  };
  add(trades_, "trades", freshness.trades_at(now));
  if (had_book_) {
    add(book_, "book", freshness.book_at(now));
  }
  return out;
}

std::vector<messages::SlaBreach>
FeedWatch::breaches(const std::vector<messages::FeedSlaMeasured>& measured) {
  std::vector<messages::SlaBreach> changed;
  for (std::size_t channel = 0; channel < measured.size(); ++channel) {
    const auto& feed = measured[channel].feed;
    const auto judgements = judge(feed.figures, settings_);
    for (std::size_t i = 0; i < judgements.size(); ++i) {
      const auto& judgement = judgements[i];
      const auto bit = channel * targets_count + i;
      if (missed_[bit] == judgement.breached) {
        continue;
      }
      missed_[bit] = judgement.breached;
      changed.push_back({.venue = instrument_.venue,
                         .instrument = instrument_,
                         .channel = feed.channel,
                         .target = judgement.target,
                         .breached = judgement.breached,
                         .value = judgement.value,
                         .limit = judgement.limit,
                         .as_of = feed.as_of,
                         .node = feed.node});
    }
  }
  return changed;
}

} // namespace troupe::market_data
