#include "trading/activity_bars.hpp"

#include <algorithm>

namespace troupe::trading {

namespace {

constexpr std::chrono::nanoseconds one_ns{1};
constexpr std::chrono::hours activity_day{24};

core::int128 activity_measure(const BarSpec& spec, const Trade& trade) {
  switch (spec.kind()) {
    case BarSpec::Kind::VOLUME: return trade.quantity.raw();
    case BarSpec::Kind::VALUE: return (trade.price * trade.quantity).raw();
    default: return 1;
  }
}

core::int128 checked_sum(core::int128 a, core::int128 b) {
  core::int128 sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) {
    core::decimal::throw_overflow("+");
  }
  return sum;
}

} // namespace

ActivityBarBuilder::ActivityBarBuilder(BarSpec spec, bool contiguous_ids)
  : spec_(std::move(spec)), contiguous_(contiguous_ids) {}

void ActivityBarBuilder::resume(core::Timestamp ts_open, std::uint64_t first_trade_id) {
  closed_until_ = ts_open;
  day_ = core::floor(ts_open, activity_day);
  any_ = first_trade_id > 0;
  last_id_ = any_ ? first_trade_id - 1 : 0;
}

bool ActivityBarBuilder::add(const Trade& trade, std::vector<ActivityBar>& closed) {
  if (any_ && trade.trade_id <= last_id_) {
    ++late_;
    return false;
  }
  const auto amount = activity_measure(spec_, trade);
  const auto day = core::floor(trade.ts_event, activity_day);
  const bool new_day = day > day_;
  // What may throw comes first.
  const auto sum = open_ && !new_day ? checked_sum(sum_, amount) : amount;
  if (open_ && !new_day) {
    (void)(open_->bar.volume + trade.quantity);
  }
  const bool missing = missing_ || (contiguous_ && any_ && trade.trade_id > last_id_ + 1);
  if (missing && open_) {
    open_->bar.incomplete = true;
  }
  if (new_day) {
    if (open_) {
      close(closed);
    }
    day_ = day;
  }
  open_ ? extend(trade) : begin(trade);
  if (missing) {
    open_->bar.incomplete = true;
  }
  missing_ = false;
  any_ = true;
  last_id_ = trade.trade_id;
  sum_ = sum;
  if (sum_ >= spec_.threshold()) {
    close(closed);
  }
  return true;
}

void ActivityBarBuilder::begin(const Trade& trade) {
  ActivityBar fresh;
  fresh.first_trade_id = fresh.last_trade_id = trade.trade_id;
  auto& bar = fresh.bar;
  bar.ts_open = std::max(trade.ts_event, closed_until_);
  bar.ts_close = bar.ts_open + one_ns;
  bar.open = bar.high = bar.low = bar.close = trade.price;
  bar.volume = trade.quantity;
  bar.trades = 1;
  open_ = fresh;
}

void ActivityBarBuilder::extend(const Trade& trade) {
  auto& bar = open_->bar;
  bar.volume += trade.quantity;
  bar.high = std::max(bar.high, trade.price);
  bar.low = std::min(bar.low, trade.price);
  bar.close = trade.price;
  bar.ts_close = std::max(bar.ts_close, trade.ts_event + one_ns);
  ++bar.trades;
  open_->last_trade_id = trade.trade_id;
}

void ActivityBarBuilder::advance(core::Timestamp watermark, std::vector<ActivityBar>& closed) {
  const auto day = core::floor(watermark, activity_day);
  if (day > day_) {
    if (open_) {
      close(closed);
    }
    day_ = day;
  }
}

void ActivityBarBuilder::mark_missing() {
  missing_ = true;
  if (open_) {
    open_->bar.incomplete = true;
  }
}

void ActivityBarBuilder::close(std::vector<ActivityBar>& closed) {
  open_->bar.final = true;
  closed_until_ = open_->bar.ts_close;
  closed.push_back(*open_);
  open_.reset();
  sum_ = 0;
}

std::vector<ActivityBar> activity_bars_from_trades(std::span<const Trade> trades,
                                                   const BarSpec& spec) {
  std::vector<Trade> sorted(trades.begin(), trades.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Trade& a, const Trade& b) { return a.trade_id < b.trade_id; });
  sorted.erase(std::unique(sorted.begin(), sorted.end(),
                           [](const Trade& a, const Trade& b) { return a.trade_id == b.trade_id; }),
               sorted.end());
  std::vector<ActivityBar> bars;
  core::Timestamp end_before{INT64_MIN};
  core::Timestamp day{INT64_MIN};
  for (std::size_t first = 0; first < sorted.size();) {
    day = std::max(day, core::floor(sorted[first].ts_event, activity_day));
    core::int128 sum = 0;
    std::size_t last = first;
    bool whole = false;
    for (; last < sorted.size() && sorted[last].ts_event < day + activity_day && !whole; ++last) {
      sum += activity_measure(spec, sorted[last]);
      whole = sum >= spec.threshold();
    }
    const std::span<const Trade> part{sorted.data() + first, last - first};
    const auto by_price = [](const Trade& a, const Trade& b) { return a.price < b.price; };
    const auto by_time = [](const Trade& a, const Trade& b) { return a.ts_event < b.ts_event; };
    ActivityBar item;
    item.first_trade_id = part.front().trade_id;
    item.last_trade_id = part.back().trade_id;
    item.bar.open = part.front().price;
    item.bar.close = part.back().price;
    item.bar.high = std::max_element(part.begin(), part.end(), by_price)->price;
    item.bar.low = std::min_element(part.begin(), part.end(), by_price)->price;
    for (const auto& trade : part) {
      item.bar.volume += trade.quantity;
    }
    item.bar.trades = part.size();
    item.bar.ts_open = std::max(part.front().ts_event, end_before);
    const auto latest = std::max_element(part.begin(), part.end(), by_time)->ts_event;
    item.bar.ts_close = std::max(item.bar.ts_open, latest) + one_ns;
    item.bar.final = whole || last < sorted.size();
    end_before = item.bar.ts_close;
    bars.push_back(item);
    first = last;
  }
  return bars;
}

} // namespace troupe::trading
