#include "actors/market_data/venue_track.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace troupe::market_data {

using core::Timestamp;
using trading::Bar;

namespace {

template <class Better>
bool is_ordered(const std::vector<trading::Level>& levels, Better better) {
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (levels[i].price.sign() <= 0 || levels[i].quantity.sign() <= 0
        || (i > 0 && !better(levels[i - 1].price, levels[i].price))) {
      return false;
    }
  }
  return true;
}

bool is_sound_bar(const venues::RecordedBar& recorded) {
  const auto& bar = recorded.bar;
  return bar.ts_open == recorded.interval.open_of(bar.ts_open)
         && bar.ts_close == bar.ts_open + recorded.interval.duration() && bar.low.sign() > 0
         && bar.low <= std::min(bar.open, bar.close) && bar.high >= std::max(bar.open, bar.close)
         && bar.volume.sign() >= 0;
}

/// The prices that a PriceUpdate is about.
auto prices_of(const messages::Ticker& t) {
  return std::tie(t.bid, t.bid_quantity, t.ask, t.ask_quantity, t.last, t.last_quantity);
}

} // namespace

bool is_sound(const trading::BookSnapshot& book) {
  return is_ordered(book.bids, std::greater{}) && is_ordered(book.asks, std::less{})
         && (book.bids.empty() || book.asks.empty()
             || book.bids.front().price < book.asks.front().price);
}

VenueTrack::VenueTrack(trading::Instrument instrument, const Settings& settings)
  : instrument_(std::move(instrument)), freshness_(settings.stale_after),
    watch_(instrument_.instrument, settings.sla), measured_(settings.measured),
    bars_(settings.intervals, settings.bars_max), activity_(settings.activity) {
  ticker_.instrument = instrument_.instrument;
}

Applied VenueTrack::apply(const venues::FeedBatch& batch, Timestamp now) {
  Applied applied;
  if (batch.book_lost) {
    freshness_.on_book_lost(batch.reason);
    applied.resync = watch_.book_lost(batch, now);
    watch_.observe(freshness_, now);
    return applied;
  }
  if (!batch.connected) {
    freshness_.on_disconnected(batch.reason);
    applied.resync = watch_.disconnected(batch, now);
    watch_.observe(freshness_, now);
    // A book that was polled meanwhile is new, though its source is down.
    const auto before = ticker_;
    applied.book_changed = batch.book && take_book(*batch.book);
    applied.price_changed = applied.book_changed && prices_of(before) != prices_of(ticker_);
    return applied;
  }
  if (batch.sequence == 1) {
    bars_.begin(batch.complete_from, batch.handled_until);
    activity_.begin(batch.complete_from, batch.handled_through, batch.handled_until);
  }
  auto trades = valid_trades(batch);
  const auto recorded = valid_bars(batch);
  const auto before = ticker_;
  bool news = false;
  for (const auto& trade : trades) {
    take_trade(trade);
    if (trade.trade_id > batch.handled_through) {
      applied.printed.push_back(trade);
    }
  }
  for (const auto& item : recorded) {
    if (item.bar.ts_close >= ticker_.ts_event) {
      ticker_.last = item.bar.close;
      ticker_.last_quantity.reset();
      ticker_.ts_event = item.bar.ts_close;
    }
    news = news || item.bar.ts_close > batch.handled_until;
  }
  applied.book_changed = batch.book && take_book(*batch.book);
  ticker_.ts_recv = now;
  freshness_.on_data(std::max(now, batch.watermark), applied.book_changed);
  applied.resync = watch_.data(batch, applied.book_changed, now);
  bars_.apply(trades, recorded, batch.watermark, applied.bars);
  activity_.apply(trades, batch.watermark, applied.activity);
  observe(now);
  // What only rebuilds state is old: its prices are nobody's news.
  news = news || applied.book_changed || !applied.printed.empty();
  applied.price_changed = news && prices_of(before) != prices_of(ticker_);
  applied.trades = std::move(trades);
  return applied;
}

messages::ChannelFreshness VenueTrack::channels(Timestamp now) const {
  using trading::Freshness;
  const auto trades = freshness_.trades_at(now);
  const auto bars = bars_.waits_for_seed() ? less_fresh(trades, Freshness::RESYNC) : trades;
  return {trades, freshness_.book_at(now), bars};
}

void VenueTrack::observe(Timestamp now) {
  if (!bars_.waits_for_seed() && freshness_.trades_at(now) != trading::Freshness::DOWN) {
    bars_.gave_up() ? watch_.bars_unhealable(now) : watch_.bars_healed();
  }
  watch_.observe(freshness_, now);
}

std::vector<trading::Trade> VenueTrack::valid_trades(const venues::FeedBatch& batch) {
  std::vector<trading::Trade> valid;
  valid.reserve(batch.trades.size());
  for (const auto& trade : batch.trades) {
    if (trade.instrument == instrument_.instrument && trade.price.sign() > 0
        && trade.quantity.sign() > 0) {
      valid.push_back(trade);
    } else {
      ++refused_;
    }
  }
  return valid;
}

std::vector<venues::RecordedBar> VenueTrack::valid_bars(const venues::FeedBatch& batch) {
  std::vector<venues::RecordedBar> valid;
  valid.reserve(batch.bars.size());
  for (const auto& bar : batch.bars) {
    if (is_sound_bar(bar)) {
      valid.push_back(bar);
      valid.back().bar.final = true;
    } else {
      ++refused_;
    }
  }
  return valid;
}

bool VenueTrack::take_book(const trading::BookSnapshot& book) {
  if (book.instrument != instrument_.instrument || !is_sound(book)) {
    ++refused_;
    return false;
  }
  book_ = book;
  const auto side = [](const std::vector<trading::Level>& levels, auto& price, auto& quantity) {
    price.reset();
    quantity.reset();
    if (!levels.empty()) {
      price = levels.front().price;
      quantity = levels.front().quantity;
    }
  };
  side(book.bids, ticker_.bid, ticker_.bid_quantity);
  side(book.asks, ticker_.ask, ticker_.ask_quantity);
  ticker_.ts_event = std::max(ticker_.ts_event, book.ts_event);
  return true;
}

void VenueTrack::take_trade(const trading::Trade& trade) {
  trades_through_ = std::max(trades_through_, trade.trade_id);
  ticker_.last = trade.price;
  ticker_.last_quantity = trade.quantity;
  ticker_.ts_event = std::max(ticker_.ts_event, trade.ts_event);
}

std::optional<messages::Ticker> VenueTrack::ticker() const {
  if (!ticker_.bid && !ticker_.ask && !ticker_.last) {
    return std::nullopt;
  }
  return ticker_;
}

VenueQuote VenueTrack::quote() const {
  VenueQuote quote;
  quote.venue = instrument_.instrument.venue;
  if (ticker_.bid && ticker_.bid_quantity) {
    quote.bid = trading::Level{*ticker_.bid, *ticker_.bid_quantity};
  }
  if (ticker_.ask && ticker_.ask_quantity) {
    quote.ask = trading::Level{*ticker_.ask, *ticker_.ask_quantity};
  }
  return quote;
}

Recalled VenueTrack::recall(const HistoryQuery& query) const {
  Recalled recalled;
  const auto interval = query.spec.interval();
  const auto* const memory = bars_.memory(interval);
  if (memory == nullptr) {
    return recalled;
  }
  const auto covered = memory->covered_from();
  const std::size_t wanted = std::size_t{query.limit} + 1;
  if (query.start) {
    const auto from = std::max(*query.start, covered);
    recalled.bars = from < query.end ? memory->first(from, query.end, wanted) : std::vector<Bar>{};
    recalled.complete = covered <= *query.start;
  } else {
    recalled.bars = memory->newest(query.end, wanted);
    std::erase_if(recalled.bars, [&](const Bar& bar) { return bar.ts_open < covered; });
    recalled.complete = recalled.bars.size() >= query.limit || covered.ns == INT64_MIN;
  }
  recalled.older_end = std::min(query.end, covered);
  const auto open = bars_.open(interval);
  const bool belongs = open && open->ts_open < query.end
                       && (!query.start || open->ts_open >= *query.start)
                       && (recalled.bars.empty() || recalled.bars.back().ts_open < open->ts_open);
  if (belongs && (!query.start || recalled.bars.size() < wanted)) {
    recalled.bars.push_back(*open);
  }
  return recalled;
}

} // namespace troupe::market_data
