#include "actors/market_data/freshness.hpp"

#include "core/duration.hpp"

#include <algorithm>

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

void FreshnessTracker::on_disconnected() {
  connected_ = false;
  told_down_ = true;
  book_lost_ = had_book_;
}

Freshness FreshnessTracker::at(core::Timestamp now) const {
  if (!connected_) {
    return Freshness::DOWN;
  }
  if (now - last_data_ > stale_after_) {
    return Freshness::STALE;
  }
  return book_lost_ ? Freshness::RESYNC : Freshness::LIVE;
}

std::string FreshnessTracker::reason(core::Timestamp now) const {
  switch (at(now)) {
    case Freshness::LIVE: return {};
    case Freshness::STALE: return "no data for more than " + core::Duration{stale_after_}.to_text();
    case Freshness::RESYNC: return "connected again, waiting for the book";
    case Freshness::DOWN: break;
  }
  return heard_ ? "the venue is unreachable" : "no data has come yet";
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
