#include "actors/market_data/symbol_state.hpp"

#include <algorithm>
#include <utility>

namespace troupe::market_data {

using core::Errc;
using core::Error;
using core::Result;
using core::Timestamp;
using trading::Freshness;

namespace {

std::int64_t age_ms(Timestamp as_of, Timestamp now) {
  return std::max<std::int64_t>(0, (now - as_of).count() / 1'000'000);
}

} // namespace

std::vector<trading::Interval> configured_intervals(const Settings& settings) {
  std::vector<trading::Interval> intervals;
  for (const auto& text : settings.intervals) {
    if (const auto interval = trading::Interval::from_text(text)) {
      intervals.push_back(*interval);
    }
  }
  std::sort(intervals.begin(), intervals.end());
  intervals.erase(std::unique(intervals.begin(), intervals.end()), intervals.end());
  return intervals;
}

std::vector<trading::BarSpec> configured_specs(const Settings& settings) {
  const auto intervals = configured_intervals(settings);
  std::vector<trading::BarSpec> specs(intervals.begin(), intervals.end());
  for (const auto& text : settings.activity_bars) {
    if (auto spec = trading::BarSpec::from_text(text)) {
      specs.push_back(std::move(*spec));
    }
  }
  return specs;
}

trading::BookSnapshot top_of(const trading::BookSnapshot& book, std::size_t depth) {
  trading::BookSnapshot top{.instrument = book.instrument,
                            .bids = {},
                            .asks = {},
                            .sequence = book.sequence,
                            .ts_event = book.ts_event};
  const auto best = [depth](const std::vector<trading::Level>& levels) {
    const auto count = static_cast<std::ptrdiff_t>(std::min(depth, levels.size()));
    return std::vector<trading::Level>(levels.begin(), levels.begin() + count);
  };
  top.bids = best(book.bids);
  top.asks = best(book.asks);
  return top;
}

SymbolState::SymbolState(const std::string& symbol,
                         const Catalogue& catalogue,
                         const Settings& settings)
  : intervals_(configured_intervals(settings)), specs_(configured_specs(settings)),
    book_levels_(settings.book_levels_published) {
  const std::vector<trading::BarSpec> activity(
    specs_.begin() + static_cast<std::ptrdiff_t>(intervals_.size()), specs_.end());
  for (const auto& venue : catalogue.venues()) {
    for (const auto& instrument : venue.instruments) {
      if (instrument.instrument.symbol == symbol) {
        tracks_.emplace_back(
          instrument,
          VenueTrack::Settings{intervals_,
                               settings.bars_in_memory_max,
                               venue.stale_after,
                               {activity, settings.bars_in_memory_max, venue.contiguous_trade_ids,
                                venue.live_trades && settings.record_trades},
                               settings.sla,
                               venue.live_trades});
      }
    }
  }
  told_.resize(tracks_.size());
}

VenueTrack* SymbolState::find(const trading::InstrumentId& id) {
  const auto at = std::find_if(tracks_.begin(), tracks_.end(), [&](const VenueTrack& track) {
    return track.instrument().instrument == id;
  });
  return at == tracks_.end() ? nullptr : &*at;
}

const VenueTrack* SymbolState::find(const trading::InstrumentId& id) const {
  return const_cast<SymbolState*>(this)->find(id);
}

Publications SymbolState::apply(const venues::FeedBatch& batch, Timestamp now) {
  auto* const track = find(batch.instrument);
  if (track == nullptr) {
    return {};
  }
  auto applied = track->apply(batch, now);
  auto out = publish_bars(batch.instrument, std::move(applied.bars), now);
  const bool primary = is_primary(*track);
  if (applied.price_changed) {
    auto ticker = *track->ticker();
    ticker.consolidated = consolidated(now);
    const auto as_of = ticker.ts_event;
    out.price = messages::PriceUpdate{meta_of(track->freshness().at(now), as_of, now),
                                      std::move(ticker), primary};
  }
  if (applied.book_changed) {
    out.book =
      messages::BookChanged{meta_of(track->freshness().book_at(now), track->book()->ts_event, now),
                            top_of(*track->book(), book_levels_), primary};
  }
  if (!applied.printed.empty()) {
    out.trades = messages::TradesPrinted{batch.instrument, std::move(applied.printed), primary,
                                         quality_of(track->freshness().trades_at(now))};
  }
  if (!applied.activity.empty()) {
    out.activity = publish_activity(batch.instrument, std::move(applied.activity), now).activity;
  }
  if (applied.resync) {
    applied.resync->primary = primary;
    out.resync = std::move(applied.resync);
  }
  out.to_record = std::move(applied.trades);
  return out;
}

Publications SymbolState::publish_activity(const trading::InstrumentId& id,
                                           std::vector<SpecBar> bars,
                                           Timestamp now) const {
  Publications out;
  const auto* const track = find(id);
  const auto quality =
    track != nullptr ? quality_of(track->freshness().trades_at(now)) : trading::Quality::degraded;
  for (auto& item : bars) {
    const auto worth = item.bar.incomplete.value_or(false)
                         ? trading::worse(quality, trading::Quality::degraded)
                         : quality;
    out.activity.push_back(
      {id, std::move(item.spec), item.bar, worth, track != nullptr && is_primary(*track)});
  }
  return out;
}

SymbolState::Measured SymbolState::measure(const std::string& node, Timestamp now) {
  Measured out;
  for (auto& track : tracks_) {
    if (!track.measured()) {
      continue;
    }
    track.observe(now);
    auto feeds = track.watch().measured(track.freshness(), node, now);
    for (auto& breach : track.watch().breaches(feeds)) {
      breach.primary = is_primary(track);
      out.breaches.push_back(std::move(breach));
    }
    std::move(feeds.begin(), feeds.end(), std::back_inserter(out.feeds));
  }
  return out;
}

Publications
SymbolState::publish_bars(const trading::InstrumentId& id, ClosedBars bars, Timestamp now) const {
  Publications out;
  const auto* const track = find(id);
  if (track == nullptr) {
    return out;
  }
  const auto quality = quality_of(track->channels(now).bars);
  for (const auto& item : bars.published) {
    out.bars.push_back({id, item.interval, item.bar, quality, is_primary(*track)});
  }
  out.to_store = std::move(bars.closed);
  return out;
}

messages::Meta SymbolState::meta_of(Freshness freshness, Timestamp as_of, Timestamp now) {
  messages::Meta meta;
  meta.as_of = as_of;
  meta.quality = quality_of(freshness);
  meta.source = "feed";
  meta.age_ms = age_ms(as_of, now);
  return meta;
}

messages::ConsolidatedQuote SymbolState::consolidated(Timestamp now) const {
  std::vector<VenueQuote> quotes;
  for (const auto& track : tracks_) {
    if (track.freshness().at(now) == Freshness::LIVE) {
      quotes.push_back(track.quote());
    }
  }
  return consolidate(quotes);
}

Result<messages::TickerReply> SymbolState::ticker(const trading::InstrumentId& id,
                                                  Timestamp now) const {
  const auto* const track = find(id);
  auto ticker = track != nullptr ? track->ticker() : std::nullopt;
  if (!ticker) {
    return Error{Errc::NOT_READY, "no price of " + id.to_text() + " has come yet"};
  }
  ticker->consolidated = consolidated(now);
  return messages::TickerReply{meta_of(track->freshness().at(now), ticker->ts_event, now),
                               std::move(*ticker)};
}

void SymbolState::publish_tickers(messages::TickerPublisher& to, Timestamp now) const {
  if (!to.is_on()) {
    return;
  }
  // Any venue that falls silent changes the consolidated quote of all.
  std::optional<Timestamp> live_until;
  for (const auto& track : tracks_) {
    if (track.freshness().at(now) == Freshness::LIVE) {
      const auto until = track.freshness().live_until();
      live_until = live_until ? std::min(*live_until, until) : until;
    }
  }
  for (const auto& track : tracks_) {
    const auto& id = track.instrument().instrument;
    auto reply = ticker(id, now);
    if (reply && reply->meta.quality == trading::Quality::live) {
      to.publish(std::move(*reply), *live_until, is_primary(track));
    } else {
      to.withdraw(id, is_primary(track));
    }
  }
}

Result<messages::OrderBookReply>
SymbolState::order_book(const trading::InstrumentId& id, std::uint32_t depth, Timestamp now) const {
  const auto* const track = find(id);
  if (track == nullptr || !track->book()) {
    return Error{Errc::NOT_READY, "no book of " + id.to_text() + " has come yet"};
  }
  return messages::OrderBookReply{
    meta_of(track->freshness().book_at(now), track->book()->ts_event, now),
    top_of(*track->book(), depth)};
}

messages::InstrumentStatusBeat SymbolState::beat_of(std::size_t i, Timestamp now) {
  const auto& track = tracks_[i];
  const auto freshness = track.freshness().at(now);
  const auto channels = track.channels(now);
  told_[i] = channels;
  return {.instrument = track.instrument().instrument,
          .freshness = freshness,
          .now = now,
          .last_data = track.freshness().last_data(),
          .reason = track.freshness().reason(now),
          .primary = i == 0,
          .channels = channels,
          .bars = specs_};
}

std::vector<messages::InstrumentStatusBeat> SymbolState::beats(Timestamp now) {
  std::vector<messages::InstrumentStatusBeat> all;
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    all.push_back(beat_of(i, now));
  }
  return all;
}

std::vector<messages::InstrumentStatusBeat> SymbolState::changes(Timestamp now) {
  std::vector<messages::InstrumentStatusBeat> changed;
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    if (told_[i] != tracks_[i].channels(now)) {
      changed.push_back(beat_of(i, now));
    }
  }
  return changed;
}

bool SymbolState::all_answered() const {
  return std::all_of(tracks_.begin(), tracks_.end(),
                     [](const VenueTrack& track) { return track.freshness().answered(); });
}

messages::HistoricalReply historical_reply(const HistoryQuery& query,
                                           HistoryPage page,
                                           const HistoryOrigin& origin,
                                           Timestamp now) {
  messages::HistoricalReply reply;
  auto& meta = reply.meta;
  // A closed bar stays what it is; only a range that reaches the present depends on the feed.
  meta.quality = query.end > now ? quality_of(origin.freshness) : trading::Quality::live;
  const bool cut = std::any_of(page.bars.begin(), page.bars.end(), [](const trading::Bar& bar) {
    return bar.incomplete.value_or(false);
  });
  if (origin.incomplete || cut) {
    meta.quality = trading::worse(meta.quality, trading::Quality::degraded);
  }
  meta.source = origin.from_store ? "history" : "feed";
  meta.has_more = page.has_more;
  meta.next_cursor = std::move(page.next_cursor);
  meta.as_of = now;
  if (!page.bars.empty()) {
    const auto& last = page.bars.back();
    meta.as_of = last.final ? last.ts_close : std::min(last.ts_close, now);
  }
  meta.age_ms = age_ms(meta.as_of, now);
  reply.data = std::move(page.bars);
  return reply;
}

} // namespace troupe::market_data
