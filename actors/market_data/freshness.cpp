#include "actors/market_data/freshness.hpp"

#include "core/duration.hpp"

#include <algorithm>
#include <utility>

namespace troupe::market_data {

using trading::Freshness;

void FreshnessTracker::on_data(core::Timestamp now, bool has_book) {
  last_data_ = std::max(last_data_, now);
  heard_ = true;
  connected_ = true;
  if (has_book) {
    had_book_ = true;
    book_lost_ = false;
  }
}

void FreshnessTracker::on_disconnected(std::string reason) {
  connected_ = false;
  told_down_ = true;
  book_lost_ = had_book_;
  told_ = std::move(reason);
}

void FreshnessTracker::on_book_lost(std::string reason) {
  book_lost_ = had_book_;
  if (connected_) {
    told_ = std::move(reason);
  }
}

Freshness FreshnessTracker::trades_at(core::Timestamp now) const {
  if (!connected_) {
    return Freshness::DOWN;
  }
  return now - last_data_ > stale_after_ ? Freshness::STALE : Freshness::LIVE;
}

Freshness FreshnessTracker::book_at(core::Timestamp now) const {
  return had_book_ ? at(now) : Freshness::DOWN;
}

Freshness FreshnessTracker::at(core::Timestamp now) const {
  const auto trades = trades_at(now);
  return trades == Freshness::LIVE && book_lost_ ? Freshness::RESYNC : trades;
}

std::string FreshnessTracker::reason(core::Timestamp now) const {
  switch (at(now)) {
    case Freshness::LIVE: return {};
    case Freshness::STALE: return "no data for more than " + core::Duration{stale_after_}.to_text();
    case Freshness::RESYNC: return told_.empty() ? "waiting for the book" : told_;
    case Freshness::DOWN: break;
  }
  if (!heard_) {
    return "no data has come yet";
  }
  return told_.empty() ? "the venue is unreachable" : told_;
}

trading::Quality quality_of(Freshness freshness) {
  switch (freshness) {
    case Freshness::LIVE: return trading::Quality::live;
    case Freshness::STALE:
    case Freshness::RESYNC: return trading::Quality::stale;
    case Freshness::DOWN: break;
  }
  return trading::Quality::degraded;
}

} // namespace troupe::market_data
