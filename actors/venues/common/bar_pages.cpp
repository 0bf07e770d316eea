#include "actors/venues/common/bar_pages.hpp"

#include "trading/bar_builder.hpp"

#include <algorithm>

namespace troupe::venues {

using core::Timestamp;
using trading::Bar;

BarPages::BarPages(trading::Interval interval,
                   std::chrono::nanoseconds source,
                   std::optional<Timestamp> start,
                   Timestamp end,
                   std::size_t limit,
                   std::size_t page_max)
  : interval_(interval), source_(source), newest_first_(!start), limit_(limit),
    page_max_(page_max) {
  const auto step = interval.duration();
  // Bars open at whole steps: those from the first one at or after the start on.
  const auto first = start.value_or(Timestamp{0});
  start_ = core::floor(first + (step - std::chrono::nanoseconds{1}), step);
  end_ = core::floor(end + (step - std::chrono::nanoseconds{1}), step);
  complete_until_ = newest_first_ ? end_ : start_;
}

std::size_t BarPages::collected() const {
  return source_ == interval_.duration() ? bars_.size() : result().size();
}

std::optional<BarPage> BarPages::next() const {
  if (start_ >= end_ || collected() >= limit_ || (newest_first_ && empty_ == empty_max)) {
    return std::nullopt;
  }
  // Whole bars of the interval in each page, so that none is built from a part.
  const auto per_bar = static_cast<std::size_t>(interval_.duration() / source_);
  const auto whole = std::max<std::size_t>(1, page_max_ / per_bar);
  const auto wanted = std::min(whole, limit_);
  const auto span = interval_.duration() * static_cast<std::int64_t>(wanted);
  if (newest_first_) {
    return BarPage{std::max(start_, end_ - span), end_};
  }
  return BarPage{start_, std::min(end_, start_ + span)};
}

void BarPages::take(std::vector<Bar> bars, Timestamp now) {
  const auto page = next();
  if (!page) {
    return;
  }
  std::erase_if(bars, [&](const Bar& bar) {
    return bar.ts_open < page->start || bar.ts_open >= page->end || bar.ts_close > now
           || (bar.volume.is_zero() && bar.trades == 0); // nothing traded: no bar
  });
  empty_ = bars.empty() ? empty_ + 1 : 0;
  bars_.insert(bars_.end(), bars.begin(), bars.end());
  const auto by_time = [](const Bar& a, const Bar& b) { return a.ts_open < b.ts_open; };
  std::stable_sort(bars_.begin(), bars_.end(), by_time);
  const auto same = [](const Bar& a, const Bar& b) { return a.ts_open == b.ts_open; };
  bars_.erase(std::unique(bars_.begin(), bars_.end(), same), bars_.end());
  newest_first_ ? void(end_ = page->start) : void(complete_until_ = start_ = page->end);
  complete_until_ = std::min(complete_until_, now);
  if (!newest_first_ && start_ > now) {
    start_ = end_; // the future has none
  }
}

std::vector<Bar> BarPages::result() const {
  std::vector<Bar> out;
  if (source_ == interval_.duration()) {
    out = bars_;
  } else {
    trading::BarRollup rollup{interval_};
    for (const auto& bar : bars_) {
      (void)rollup.add(bar, out);
    }
    rollup.advance(complete_until_, out);
  }
  for (auto& bar : out) {
    bar.final = true;
  }
  if (out.size() > limit_) {
    const auto extra = static_cast<std::ptrdiff_t>(out.size() - limit_);
    newest_first_ ? out.erase(out.begin(), out.begin() + extra)
                  : out.erase(out.end() - extra, out.end());
  }
  return out;
}

} // namespace troupe::venues
