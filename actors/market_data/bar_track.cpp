#include "actors/market_data/bar_track.hpp"

#include <algorithm>
#include <utility>

namespace troupe::market_data {

using core::Timestamp;
using trading::Bar;
using trading::Interval;

namespace {

constexpr Timestamp no_time{INT64_MIN};
constexpr std::chrono::minutes owed_max{2};

/// Where the first whole bar at or after `t` opens.
Timestamp ceil(Timestamp t, Interval interval) {
  const auto open = interval.open_of(t);
  return open == t ? t : open + interval.duration();
}

} // namespace

BarTrack::BarTrack(std::vector<Interval> intervals, std::size_t bars_max)
  : intervals_(std::move(intervals)), series_(intervals_) {
  for (const auto interval : intervals_) {
    tracks_.push_back({BarMemory{interval, bars_max}, no_time, no_time, {}});
  }
}

void BarTrack::begin(Timestamp complete_from, Timestamp handled_until) {
  late_before_ += series_.late();
  for (auto& track : tracks_) {
    auto cut = open(track.memory.interval());
    if (cut) {
      cut->incomplete = true;
    }
    track.cut = std::move(cut);
  }
  series_ = trading::BarSeries{intervals_};
  handled_until_ = handled_until;
  held_.clear();
  held_trades_ = 0;
  seed_ranges_.clear();
  waits_ = complete_from != no_time;
  gave_up_ = false;
  for (auto& track : tracks_) {
    track.valid_from = no_time;
    if (waits_) {
      track.memory.uncover();
    } else {
      track.memory.cover_from(no_time);
    }
  }
  if (!waits_) {
    complete_from_ = no_time;
    return;
  }
  complete_from_ = ceil(complete_from, intervals_.front());
  // What a predecessor did not publish is asked for bar by bar, of the finest interval, unless it
  // is long past.
  const bool owed = handled_until != no_time && handled_until < complete_from_
                    && complete_from_ - handled_until <= owed_max;
  const auto fine_from = owed ? handled_until : complete_from_;
  auto from = intervals_.back().open_of(fine_from);
  for (std::size_t i = intervals_.size() - 1; i > 0 && from < complete_from_; --i) {
    const auto interval = intervals_[i - 1];
    const auto to = i == 1 ? complete_from_ : interval.open_of(fine_from);
    if (from < to) {
      seed_ranges_.push_back({interval, from, to});
      from = to;
    }
  }
}

void BarTrack::apply(const std::vector<trading::Trade>& trades,
                     const std::vector<venues::RecordedBar>& bars,
                     Timestamp watermark,
                     ClosedBars& out) {
  Held part{trades, bars, watermark};
  if (!waits_) {
    run(part, out);
    return;
  }
  held_trades_ += trades.size();
  held_.push_back(std::move(part));
  if (held_trades_ > held_trades_max || held_.size() > held_trades_max) {
    give_up_seed(out);
  }
}

void BarTrack::run(const Held& part, ClosedBars& out) {
  auto until = std::max(bars_until_, part.watermark);
  for (const auto& trade : part.trades) {
    if (trade.ts_event >= complete_from_) {
      add(trade);
    }
    until = std::max(until, trade.ts_event);
  }
  for (const auto& bar : part.bars) {
    add(bar.interval, bar.bar);
    until = std::max(until, bar.bar.ts_close);
  }
  series_.advance(part.watermark, fresh_);
  collect(handled_until_, out);
  bars_until_ = until;
}

void BarTrack::run_held(ClosedBars& out) {
  waits_ = false;
  const auto held = std::exchange(held_, {});
  held_trades_ = 0;
  for (const auto& part : held) {
    run(part, out);
  }
}

void BarTrack::seed(const std::vector<trading::IntervalBar>& bars, ClosedBars& out) {
  if (!waits_) {
    return;
  }
  for (const auto& bar : bars) {
    add(bar.interval, bar.bar);
  }
  // They are history: of interest to others only where a predecessor left off before them.
  collect(handled_until_ == no_time ? complete_from_ : handled_until_, out);
  for (auto& track : tracks_) {
    track.memory.cover_from(track.memory.interval().open_of(complete_from_));
  }
  run_held(out);
}

void BarTrack::give_up_seed(ClosedBars& out) {
  if (!waits_) {
    return;
  }
  gave_up_ = true;
  for (auto& track : tracks_) {
    track.valid_from = ceil(complete_from_, track.memory.interval());
    track.memory.cover_from(track.valid_from);
  }
  run_held(out);
}

void BarTrack::add(const trading::Trade& trade) {
  try {
    (void)series_.add(trade, fresh_);
  } catch (const core::ErrorException&) {
    ++refused_;
  }
}

void BarTrack::add(Interval interval, const Bar& bar) {
  try {
    (void)series_.add(interval, bar, fresh_);
  } catch (const core::ErrorException&) {
    ++refused_;
  }
}

void BarTrack::collect(Timestamp publish_after, ClosedBars& out) {
  for (const auto& item : fresh_) {
    auto* const at = track(item.interval);
    if (at == nullptr || item.bar.ts_open < at->valid_from) {
      continue;
    }
    at->memory.merge({&item.bar, 1});
    out.closed.push_back(item);
    if (item.bar.ts_close > publish_after && item.bar.ts_open > at->published_open) {
      at->published_open = item.bar.ts_open;
      out.published.push_back(item);
    }
  }
  fresh_.clear();
}

void BarTrack::remember(Interval interval, std::span<const Bar> bars) {
  auto* const at = track(interval);
  if (at == nullptr || bars.empty() || waits_ || at->valid_from != no_time) {
    return; // there is a hole between them and what is kept
  }
  at->memory.merge(bars);
  at->memory.cover_from(bars.front().ts_open);
}

std::optional<Bar> BarTrack::open(Interval interval) const {
  const auto* const at = const_cast<BarTrack*>(this)->track(interval);
  if (waits_) {
    return at == nullptr ? std::nullopt : at->cut;
  }
  auto bar = series_.open(interval);
  if (bar && at != nullptr && bar->ts_open < at->valid_from) {
    bar->incomplete = true;
  }
  return bar;
}

const BarMemory* BarTrack::memory(Interval interval) const {
  const auto* const at = const_cast<BarTrack*>(this)->track(interval);
  return at == nullptr ? nullptr : &at->memory;
}

BarTrack::Track* BarTrack::track(Interval interval) {
  const auto at = std::find_if(tracks_.begin(), tracks_.end(), [&](const Track& candidate) {
    return candidate.memory.interval() == interval;
  });
  return at == tracks_.end() ? nullptr : &*at;
}

} // namespace troupe::market_data
