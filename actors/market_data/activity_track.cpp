#include "actors/market_data/activity_track.hpp"

#include <algorithm>
#include <utility>

namespace troupe::market_data {

using core::Timestamp;
using trading::ActivityBar;

namespace {

constexpr Timestamp before_all{INT64_MIN};
constexpr std::chrono::hours utc_day{24};

} // namespace

ActivityTrack::ActivityTrack(Settings settings) : settings_(std::move(settings)) {
  for (const auto& spec : settings_.specs) {
    tracks_.push_back({trading::ActivityBarBuilder{spec, settings_.contiguous_ids}, {}});
  }
}

const ActivityTrack::Track* ActivityTrack::find(const trading::BarSpec& spec) const {
  const auto at = std::find_if(tracks_.begin(), tracks_.end(),
                               [&](const Track& track) { return track.builder.spec() == spec; });
  return at == tracks_.end() ? nullptr : &*at;
}

void ActivityTrack::cover_from(Timestamp from) {
  for (auto& track : tracks_) {
    const bool full = track.bars.size() == settings_.bars_max;
    track.covered_from = full ? std::max(from, track.bars.front().bar.ts_open) : from;
  }
}

void ActivityTrack::begin(Timestamp complete_from,
                          std::uint64_t handled_through,
                          Timestamp handled_until) {
  if (tracks_.empty()) {
    return;
  }
  handled_through_ = handled_through;
  handled_until_ = handled_until;
  complete_from_ = complete_from;
  if (!std::exchange(begun_, true)) {
    if (complete_from == before_all) {
      cover_from(before_all);
      return;
    }
    rebuild_from_ = known_until_ = core::floor(complete_from, utc_day);
    waits_ = settings_.stored;
    if (!waits_) {
      std::vector<SpecBar> none;
      give_up(none);
    }
    return;
  }
  // A venue that counts its trades shows itself what is missing, and that nothing is.
  if (complete_from > known_until_ && !settings_.contiguous_ids) {
    for (auto& track : tracks_) {
      track.builder.mark_missing();
    }
  }
}

void ActivityTrack::apply(const std::vector<trading::Trade>& trades,
                          Timestamp watermark,
                          std::vector<SpecBar>& out) {
  if (tracks_.empty()) {
    return;
  }
  if (!waits_) {
    run(trades, watermark, &out);
    return;
  }
  held_trades_ += trades.size();
  held_.push_back({trades, watermark});
  if (held_trades_ > held_trades_max || held_.size() > held_trades_max) {
    give_up(out);
  }
}

void ActivityTrack::run(std::span<const trading::Trade> trades,
                        Timestamp watermark,
                        std::vector<SpecBar>* out) {
  for (auto& track : tracks_) {
    for (const auto& trade : trades) {
      try {
        (void)track.builder.add(trade, fresh_);
      } catch (const core::ErrorException&) {
        ++refused_;
      }
    }
    if (watermark != before_all) { // else it says nothing
      track.builder.advance(watermark, fresh_);
    }
    keep(track, watermark, out);
  }
  known_until_ = std::max(known_until_, watermark);
  if (!trades.empty()) {
    known_until_ = std::max(known_until_, trades.back().ts_event);
  }
}

void ActivityTrack::keep(Track& track, Timestamp watermark, std::vector<SpecBar>* out) {
  for (auto& item : fresh_) {
    const bool news = item.last_trade_id > handled_through_ || watermark > handled_until_;
    if (out != nullptr && news) {
      out->push_back({track.builder.spec(), item.bar});
    }
    track.bars.push_back(std::move(item));
    if (track.bars.size() > settings_.bars_max) {
      track.bars.pop_front();
      track.covered_from = std::max(track.covered_from, track.bars.front().bar.ts_open);
    }
  }
  fresh_.clear();
}

void ActivityTrack::rebuild(std::span<const trading::Trade> trades) {
  if (waits_ && !trades.empty()) {
    // The store sorts by time, the venue counts; builders go by the count.
    std::vector<trading::Trade> sorted(trades.begin(), trades.end());
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.trade_id < b.trade_id; });
    any_stored_ = true;
    run(sorted, before_all, nullptr);
  }
}

void ActivityTrack::rebuilt(std::vector<SpecBar>& out) {
  if (!waits_) {
    return;
  }
  const bool counted = any_stored_ && settings_.contiguous_ids;
  if (complete_from_ > known_until_ && !counted) {
    for (auto& track : tracks_) {
      track.builder.mark_missing();
    }
  }
  cover_from(rebuild_from_);
  run_held(out);
}

void ActivityTrack::give_up(std::vector<SpecBar>& out) {
  waits_ = false;
  for (auto& track : tracks_) {
    track.builder.mark_missing();
  }
  cover_from(complete_from_);
  run_held(out);
}

void ActivityTrack::run_held(std::vector<SpecBar>& out) {
  waits_ = false;
  held_trades_ = 0;
  for (const auto& part : std::exchange(held_, {})) {
    run(part.trades, part.watermark, &out);
  }
}

ActivityTrack::Recalled ActivityTrack::recall(const HistoryQuery& query) const {
  const auto* const track = find(query.spec);
  Recalled recalled;
  recalled.covered_from = track->covered_from;
  const auto& bars = track->bars;
  const auto by_open = [](const ActivityBar& bar, Timestamp t) { return bar.bar.ts_open < t; };
  const auto at_or_after = [&](Timestamp t) {
    return std::lower_bound(bars.begin(), bars.end(), t, by_open);
  };
  const auto end = at_or_after(query.end);
  const std::size_t wanted = std::size_t{query.limit} + 1;
  const auto& open = track->builder.open();
  const bool belongs = open && !waits_ && open->bar.ts_open < query.end
                       && (!query.start || open->bar.ts_open >= *query.start);
  if (query.start) {
    const auto from = std::min(at_or_after(std::max(*query.start, track->covered_from)), end);
    const auto count = std::min<std::size_t>(wanted, static_cast<std::size_t>(end - from));
    recalled.bars.assign(from, from + static_cast<std::ptrdiff_t>(count));
    recalled.complete = track->covered_from <= *query.start;
  } else {
    const auto from = std::min(at_or_after(track->covered_from), end);
    const auto count = std::min<std::size_t>(wanted, static_cast<std::size_t>(end - from));
    recalled.bars.assign(end - static_cast<std::ptrdiff_t>(count), end);
    recalled.complete = count >= query.limit || track->covered_from == before_all;
  }
  if (belongs && recalled.bars.size() < wanted) {
    recalled.bars.push_back(*open);
  } else if (belongs && !query.start) {
    recalled.bars.erase(recalled.bars.begin());
    recalled.bars.push_back(*open);
  }
  return recalled;
}

std::uint64_t ActivityTrack::late() const {
  return tracks_.empty() ? 0 : tracks_.front().builder.late();
}

} // namespace troupe::market_data
