#include "trading/bar_builder.hpp"

#include <algorithm>

namespace troupe::trading {

namespace {

Bar bar_of_trade(const Trade& trade, Interval interval) {
  const auto start = interval.open_of(trade.ts_event);
  return {.ts_open = start,
          .ts_close = start + interval.duration(),
          .open = trade.price,
          .high = trade.price,
          .low = trade.price,
          .close = trade.price,
          .volume = trade.quantity,
          .trades = 1,
          .final = false,
          .incomplete = {}};
}

/// Adds a later bar to an earlier one.
void extend(Bar& bar, const Bar& later) {
  bar.high = std::max(bar.high, later.high);
  bar.low = std::min(bar.low, later.low);
  bar.close = later.close;
  bar.volume += later.volume;
  bar.trades += later.trades;
  bar.incomplete = bar.incomplete ? bar.incomplete : later.incomplete;
}

} // namespace

bool BarBuilder::add(const Trade& trade, std::vector<Bar>& closed) {
  if (trade.ts_event < closed_until_ || (open_ && trade.ts_event < open_->ts_open)) {
    ++late_;
    return false;
  }
  if (open_ && trade.ts_event >= open_->ts_close) {
    close(closed);
  }
  if (!open_) {
    open_ = bar_of_trade(trade, interval_);
    first_ = last_ = trade.ts_event;
    return true;
  }
  auto& bar = *open_;
  bar.high = std::max(bar.high, trade.price);
  bar.low = std::min(bar.low, trade.price);
  if (trade.ts_event < first_) {
    bar.open = trade.price;
    first_ = trade.ts_event;
  }
  if (trade.ts_event >= last_) {
    bar.close = trade.price;
    last_ = trade.ts_event;
  }
  bar.volume += trade.quantity;
  ++bar.trades;
  return true;
}

void BarBuilder::advance(core::Timestamp watermark, std::vector<Bar>& closed) {
  if (open_ && open_->ts_close <= watermark) {
    close(closed);
  }
  // The bar that holds the watermark is still open, so trades of it that come late are taken.
  closed_until_ = std::max(closed_until_, interval_.open_of(watermark));
}

void BarBuilder::close(std::vector<Bar>& closed) {
  open_->final = true;
  closed_until_ = std::max(closed_until_, open_->ts_close);
  closed.push_back(*open_);
  open_.reset();
}

bool BarRollup::add(const Bar& bar, std::vector<Bar>& closed) {
  if (bar.ts_open < taken_until_) {
    ++late_;
    return false;
  }
  taken_until_ = bar.ts_close;
  if (open_ && bar.ts_open >= open_->ts_close) {
    close(closed);
  }
  if (open_) {
    extend(*open_, bar);
  } else {
    open_ = bar;
    open_->ts_open = interval_.open_of(bar.ts_open);
    open_->ts_close = open_->ts_open + interval_.duration();
    open_->final = false;
  }
  if (open_->ts_close <= bar.ts_close) {
    close(closed);
  }
  return true;
}

void BarRollup::advance(core::Timestamp watermark, std::vector<Bar>& closed) {
  if (open_ && open_->ts_close <= watermark) {
    close(closed);
    taken_until_ = std::max(taken_until_, closed.back().ts_close);
  }
}

void BarRollup::close(std::vector<Bar>& closed) {
  open_->final = true;
  closed.push_back(*open_);
  open_.reset();
}

BarSeries::BarSeries(std::vector<Interval> intervals) : base_(Interval{}) {
  std::sort(intervals.begin(), intervals.end());
  intervals.erase(std::unique(intervals.begin(), intervals.end()), intervals.end());
  if (intervals.empty()) {
    throw core::ErrorException(
      core::Error{core::Errc::INVALID_ARGUMENT, "expected at least one interval, found none"});
  }
  base_ = BarBuilder{intervals.front()};
  for (std::size_t i = 1; i < intervals.size(); ++i) {
    rollups_.emplace_back(intervals[i]);
  }
}

void BarSeries::spread(std::vector<IntervalBar>& closed) {
  for (const auto& bar : scratch_) {
    closed.push_back({base_.interval(), bar});
    for (auto& rollup : rollups_) {
      rolled_.clear();
      rollup.add(bar, rolled_);
      for (const auto& done : rolled_) {
        closed.push_back({rollup.interval(), done});
      }
    }
  }
}

void BarSeries::close_ended(core::Timestamp now, std::vector<IntervalBar>& closed) {
  for (auto& rollup : rollups_) {
    rolled_.clear();
    rollup.advance(now, rolled_);
    for (const auto& done : rolled_) {
      closed.push_back({rollup.interval(), done});
    }
  }
}

bool BarSeries::add(const Trade& trade, std::vector<IntervalBar>& closed) {
  scratch_.clear();
  const bool taken = base_.add(trade, scratch_);
  spread(closed);
  if (taken) {
    // Trades before the open base bar are late from now on, so longer bars that end there are done.
    close_ended(base_.open()->ts_open, closed);
  }
  return taken;
}

bool BarSeries::add(Interval interval, const Bar& bar, std::vector<IntervalBar>& closed) {
  if (bar.ts_open < bars_until_) {
    ++late_bars_;
    return false;
  }
  bars_until_ = bar.ts_close;
  if (interval == base_.interval()) {
    closed.push_back({interval, bar});
  }
  for (auto& rollup : rollups_) {
    if (rollup.interval() == interval) {
      closed.push_back({interval, bar});
    } else if (rollup.interval() > interval) {
      rolled_.clear();
      rollup.add(bar, rolled_);
      for (const auto& done : rolled_) {
        closed.push_back({rollup.interval(), done});
      }
    }
  }
  return true;
}

void BarSeries::advance(core::Timestamp watermark, std::vector<IntervalBar>& closed) {
  scratch_.clear();
  base_.advance(watermark, scratch_);
  spread(closed);
  close_ended(watermark, closed);
}

std::optional<Bar> BarSeries::open(Interval interval) const {
  if (interval == base_.interval()) {
    return base_.open();
  }
  const auto at = std::find_if(rollups_.begin(), rollups_.end(),
                               [&](const auto& rollup) { return rollup.interval() == interval; });
  if (at == rollups_.end()) {
    return std::nullopt;
  }
  auto bar = at->open();
  if (const auto& base = base_.open()) {
    if (bar) {
      extend(*bar, *base);
    } else {
      bar = *base;
      bar->ts_open = interval.open_of(base->ts_open);
      bar->ts_close = bar->ts_open + interval.duration();
    }
  }
  return bar;
}

std::vector<Bar> bars_from_trades(std::span<const Trade> trades, Interval interval) {
  std::vector<Trade> sorted(trades.begin(), trades.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Trade& a, const Trade& b) { return a.ts_event < b.ts_event; });
  std::vector<Bar> bars;
  for (const auto& trade : sorted) {
    const auto single = bar_of_trade(trade, interval);
    if (bars.empty() || bars.back().ts_open != single.ts_open) {
      bars.push_back(single);
      bars.back().final = true;
    } else {
      extend(bars.back(), single);
    }
  }
  return bars;
}

} // namespace troupe::trading
