#include "actors/correlation/series_track.hpp"

#include <algorithm>
#include <utility>

namespace troupe::correlation {

namespace {

/// Asked for beyond what is missing: the open bar, and one that closes meanwhile.
constexpr std::size_t page_slack = 2;

std::uint32_t page_limit(std::size_t bars) {
  return static_cast<std::uint32_t>(std::clamp<std::size_t>(bars, 1, page_bars_max));
}

} // namespace

void SeriesTrack::on_live(const trading::Bar& bar, trading::Quality quality) {
  series_.on_live(bar);
  newest_quality_ = quality;
}

bool SeriesTrack::satisfies(std::size_t closes, core::Timestamp now) const {
  return series_.gapless() && series_.size() >= closes
         && now < *series_.newest() + series_.interval().duration();
}

PageNeed SeriesTrack::begin(std::size_t closes, core::Timestamp now) {
  wanted_ = closes;
  top_.reset();
  std::size_t bars = closes;
  if (series_.gapless_until() && series_.size() >= closes) {
    const auto since = now - *series_.gapless_until();
    bars = static_cast<std::size_t>(
      std::clamp<std::int64_t>(since / series_.interval().duration(), 0, page_bars_max));
  }
  need_ = PageNeed{.end = {}, .limit = page_limit(bars + page_slack)};
  return *need_;
}

std::optional<PageNeed> SeriesTrack::on_page(std::span<const trading::Bar> bars) {
  const auto need = std::exchange(need_, std::nullopt).value_or(PageNeed{});
  problem_.clear();
  series_.on_history(bars);
  for (auto bar = bars.rbegin(); bar != bars.rend() && !top_; ++bar) {
    if (bar->final) {
      top_ = bar->ts_close;
    }
  }
  const bool last = bars.size() < need.limit;
  const bool met =
    !series_.gapless_until() || (!bars.empty() && bars.front().ts_open <= *series_.gapless_until());
  if (last || (met && series_.size() >= wanted_)) {
    if (top_) {
      series_.set_gapless(*top_);
    }
    return std::nullopt;
  }
  const auto missing = wanted_ > series_.size() ? wanted_ - series_.size() : page_bars_max;
  // further back than what is held already, once the new pages meet it
  const auto end =
    met ? std::min(bars.front().ts_open, *series_.oldest() - series_.interval().duration())
        : bars.front().ts_open;
  need_ = PageNeed{.end = end, .limit = page_limit(missing)};
  return need_;
}

void SeriesTrack::on_partial(std::span<const trading::Bar> bars, std::string why) {
  series_.on_history(bars);
  on_failure(std::move(why));
}

void SeriesTrack::on_failure(std::string why) {
  need_.reset();
  problem_ = std::move(why);
}

} // namespace troupe::correlation
