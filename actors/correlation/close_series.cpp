#include "actors/correlation/close_series.hpp"

#include <algorithm>
#include <atomic>

namespace troupe::correlation {

CloseSeries::CloseSeries(trading::Interval interval, std::size_t closes_max)
  : interval_(interval), closes_max_(std::max<std::size_t>(closes_max, 1)) {}

bool CloseSeries::well_formed(const trading::Bar& bar) const {
  return bar.final && bar.close > trading::Price{}
         && bar.ts_close == bar.ts_open + interval_.duration()
         && interval_.open_of(bar.ts_open) == bar.ts_open;
}

std::optional<core::Timestamp> CloseSeries::oldest() const {
  return closes_->empty() ? std::nullopt : std::optional{closes_->front().at};
}

std::optional<core::Timestamp> CloseSeries::newest() const {
  return closes_->empty() ? std::nullopt : std::optional{closes_->back().at};
}

Closes& CloseSeries::writable() {
  if (closes_.use_count() > 1) {
    closes_ = std::make_shared<Closes>(*closes_);
  } else {
    // pairs with the release by which another thread let its snapshot go
    std::atomic_thread_fence(std::memory_order_acquire);
  }
  return *closes_;
}

void CloseSeries::insert(Close close) {
  auto& closes = writable();
  if (closes.empty() || closes.back().at < close.at) {
    closes.push_back(close);
    return;
  }
  const auto at = std::lower_bound(closes.begin(), closes.end(), close.at,
                                   [](const Close& c, core::Timestamp t) { return c.at < t; });
  if (at->at == close.at) {
    *at = close;
  } else {
    closes.insert(at, close);
  }
}

void CloseSeries::trim() {
  // in strides, so that not every bar moves the whole series
  const auto slack = closes_max_ / 8 + 1;
  if (closes_->size() > closes_max_ + slack) {
    auto& closes = writable();
    closes.erase(closes.begin(), closes.end() - static_cast<std::ptrdiff_t>(closes_max_));
  }
}

void CloseSeries::on_live(const trading::Bar& bar) {
  if (!well_formed(bar)) {
    return;
  }
  insert({bar.ts_close, bar.close.to_double()});
  if (gapless_until_ == bar.ts_open) {
    gapless_until_ = bar.ts_close;
  }
  trim();
}

void CloseSeries::on_history(std::span<const trading::Bar> bars) {
  Closes page;
  page.reserve(bars.size());
  for (const auto& bar : bars) {
    if (well_formed(bar) && (page.empty() || page.back().at < bar.ts_close)) {
      page.push_back({bar.ts_close, bar.close.to_double()});
    }
  }
  if (page.empty()) {
    return;
  }
  // one merge a page: inserting one by one before what is there would be quadratic
  auto merged = std::make_shared<Closes>();
  merged->reserve(page.size() + closes_->size());
  auto old = closes_->begin();
  for (const auto& close : page) {
    while (old != closes_->end() && old->at < close.at) {
      merged->push_back(*old++);
    }
    if (old != closes_->end() && old->at == close.at) {
      ++old;
    }
    merged->push_back(close);
  }
  merged->insert(merged->end(), old, closes_->end());
  closes_ = std::move(merged);
}

void CloseSeries::set_gapless(core::Timestamp until) {
  auto next = std::upper_bound(closes_->begin(), closes_->end(), until,
                               [](core::Timestamp t, const Close& c) { return t < c.at; });
  while (next != closes_->end() && next->at == until + interval_.duration()) {
    until = next->at;
    ++next;
  }
  gapless_until_ = until;
  trim();
}

} // namespace troupe::correlation
