#include "actors/venues/sim/exchange/candles.hpp"

#include <algorithm>
#include <chrono>

namespace troupe::venues::sim::exchange {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t minute_ns = 60 * second_ns;
constexpr std::int64_t hour_ns = 60 * minute_ns;
constexpr std::int64_t day_ns = 24 * hour_ns;

std::int64_t floor_to(std::int64_t t, std::int64_t step) {
  return core::floor({t}, std::chrono::nanoseconds{step}).ns;
}

std::chrono::year_month month_of(std::int64_t t) {
  const auto days = std::chrono::floor<std::chrono::days>(std::chrono::nanoseconds{t});
  const std::chrono::year_month_day date{std::chrono::sys_days{days}};
  return date.year() / date.month();
}

std::int64_t start_of(std::chrono::year_month month) {
  const std::chrono::sys_days day{month / std::chrono::day{1}};
  return std::chrono::nanoseconds{day.time_since_epoch()}.count();
}

/// Ids are counted from here on, so that they do not depend on when an exchange was started.
constexpr std::int64_t first_count_ns = 1'704'067'200 * second_ns; // 2024-01-01

constexpr std::array<CandleInterval, 16> intervals{{
  {"1s", second_ns},
  {"1m", minute_ns},
  {"3m", 3 * minute_ns},
  {"5m", 5 * minute_ns},
  {"15m", 15 * minute_ns},
  {"30m", 30 * minute_ns},
  {"1h", hour_ns},
  {"2h", 2 * hour_ns},
  {"4h", 4 * hour_ns},
  {"6h", 6 * hour_ns},
  {"8h", 8 * hour_ns},
  {"12h", 12 * hour_ns},
  {"1d", day_ns},
  {"3d", 3 * day_ns},
  {"1w", 7 * day_ns, 4 * day_ns},
  {"1M", 0},
}};

} // namespace

std::int64_t CandleInterval::open_of(std::int64_t t) const {
  const auto local = t + zone_ns;
  return (step_ns == 0 ? start_of(month_of(local))
                       : floor_to(local - offset_ns, step_ns) + offset_ns)
         - zone_ns;
}

std::int64_t CandleInterval::shift(std::int64_t open, std::int64_t n) const {
  return step_ns == 0 ? start_of(month_of(open + zone_ns) + std::chrono::months{n}) - zone_ns
                      : open + n * step_ns;
}

const std::array<CandleInterval, 16>& candle_intervals() {
  return intervals;
}

const CandleInterval* find_candle_interval(std::string_view text) {
  const auto* const at = std::find_if(intervals.begin(), intervals.end(),
                                      [&](const auto& one) { return one.text == text; });
  return at == intervals.end() ? nullptr : at;
}

void Candle::add(const PublicTrade& trade) {
  if (trades++ == 0) {
    open = high = low = trade.tick;
    first_id = trade.id;
  }
  high = std::max(high, trade.tick);
  low = std::min(low, trade.tick);
  close = trade.tick;
  lots += trade.lots;
  tick_lots += core::int128{trade.tick} * trade.lots;
  if (trade.aggressor == Side::BUY) {
    lots_bought += trade.lots;
    tick_lots_bought += core::int128{trade.tick} * trade.lots;
  }
  last_id = trade.id;
}

void Candle::add(const Candle& later) {
  high = std::max(high, later.high);
  low = std::min(low, later.low);
  close = later.close;
  lots += later.lots;
  lots_bought += later.lots_bought;
  tick_lots += later.tick_lots;
  tick_lots_bought += later.tick_lots_bought;
  trades += later.trades;
  last_id = later.last_id;
}

void add_to(std::deque<Candle>& series, const PublicTrade& trade, std::int64_t step_ns) {
  const auto open = floor_to(trade.time.ns, step_ns);
  if (series.empty() || series.back().open_ns < open) {
    series.emplace_back().open_ns = open;
  }
  series.back().add(trade);
}

TapeHistory::TapeHistory(std::shared_ptr<const SimMarket> market,
                         std::size_t venue,
                         Timestamp listed,
                         Timestamp live_from,
                         std::uint64_t id_factor)
  : market_(std::move(market)), listed_(core::floor(listed, std::chrono::hours{24})) {
  const auto origin = epoch_of({std::min(first_count_ns, listed_.ns)}) >> block_levels;
  for (std::size_t i = 0; i < market_->settings().instruments.size(); ++i) {
    tracks_.push_back({TapeMaker{*market_, venue, i}, origin, {0}, 0, {}});
    if (id_factor > 1) {
      tracks_.back().id_offset = prints_before(i, epoch_of(live_from)) * (id_factor - 1);
    }
  }
}

std::uint64_t TapeHistory::prints_before(std::size_t instrument, std::int64_t epoch) {
  auto& track = tracks_[instrument];
  const auto block = epoch >> block_levels;
  if (block < track.first_block) {
    return 0;
  }
  const auto index = static_cast<std::size_t>(block - track.first_block);
  while (track.before.size() <= index) {
    const auto at = track.first_block + static_cast<std::int64_t>(track.before.size()) - 1;
    auto sum = track.before.back();
    for (std::int64_t i = 0; i < block_epochs; ++i) {
      sum += track.maker.print_count((at << block_levels) + i);
    }
    track.before.push_back(sum);
  }
  auto sum = track.before[index];
  for (auto at = block << block_levels; at < epoch; ++at) {
    sum += track.maker.print_count(at);
  }
  return sum;
}

std::uint64_t TapeHistory::last_id_before(std::size_t instrument, std::int64_t epoch) {
  return prints_before(instrument, epoch) + tracks_[instrument].id_offset;
}

void TapeHistory::scan(std::size_t instrument,
                       std::int64_t from_ns,
                       std::int64_t to_ns,
                       const std::function<bool(const PublicTrade&)>& take) {
  from_ns = std::max(from_ns, listed_.ns);
  for (auto epoch = epoch_of({from_ns}); epoch * epoch_ns < to_ns; ++epoch) {
    tracks_[instrument].maker.make(epoch, tape_);
    auto id = last_id_before(instrument, epoch);
    for (const auto& print : tape_.prints) {
      ++id;
      if (print.ts_ns >= from_ns && print.ts_ns < to_ns
          && !take({id, print.tick, print.lots, print.aggressor, {print.ts_ns}})) {
        return;
      }
    }
  }
}

const std::optional<Candle>& TapeHistory::hour(std::size_t instrument, std::int64_t open_ns) {
  auto& hours = tracks_[instrument].hours;
  const auto at = hours.find(open_ns);
  if (at != hours.end()) {
    return at->second;
  }
  Candle candle;
  candle.open_ns = open_ns;
  scan(instrument, open_ns, open_ns + hour_ns, [&](const PublicTrade& trade) {
    candle.add(trade);
    return true;
  });
  return hours.emplace(open_ns, candle.trades == 0 ? std::nullopt : std::optional{candle})
    .first->second;
}

std::vector<Candle> TapeHistory::candles(std::size_t instrument,
                                         const CandleInterval& interval,
                                         std::int64_t from_ns,
                                         std::int64_t to_ns) {
  from_ns = std::max(from_ns, listed_.ns);
  std::vector<Candle> out;
  const auto direct = [&](std::int64_t from, std::int64_t to) {
    scan(instrument, from, to, [&](const PublicTrade& trade) {
      const auto open = out.empty() || trade.time.ns >= interval.shift(out.back().open_ns, 1)
                          ? interval.open_of(trade.time.ns)
                          : out.back().open_ns;
      if (out.empty() || out.back().open_ns != open) {
        out.emplace_back().open_ns = open;
      }
      out.back().add(trade);
      return true;
    });
  };
  const bool by_hours = interval.step_ns == 0 || interval.step_ns >= hour_ns;
  const auto first_hour = floor_to(from_ns + hour_ns - 1, hour_ns);
  const auto last_hour = floor_to(to_ns, hour_ns);
  if (!by_hours || last_hour <= first_hour) {
    direct(from_ns, to_ns);
    return out;
  }
  direct(from_ns, first_hour);
  for (auto at = first_hour; at < last_hour; at += hour_ns) {
    if (const auto& candle = hour(instrument, at)) {
      roll_up(out, std::array{*candle}, interval);
    }
  }
  direct(last_hour, to_ns);
  return out;
}

std::vector<PublicTrade> TapeHistory::trades(std::size_t instrument,
                                             std::int64_t from_ns,
                                             std::int64_t to_ns,
                                             std::size_t limit) {
  std::vector<PublicTrade> out;
  if (limit > 0) {
    scan(instrument, from_ns, to_ns, [&](const PublicTrade& trade) {
      out.push_back(trade);
      return out.size() < limit;
    });
  }
  return out;
}

std::vector<PublicTrade> TapeHistory::trades_from(std::size_t instrument,
                                                  std::uint64_t id,
                                                  std::int64_t to_ns,
                                                  std::size_t limit) {
  auto low = epoch_of(listed_);
  auto high = epoch_of({to_ns}) + 1;
  while (low < high) { // the first epoch whose last id reaches it
    const auto middle = low + (high - low) / 2;
    last_id_before(instrument, middle + 1) < id ? void(low = middle + 1) : void(high = middle);
  }
  std::vector<PublicTrade> out;
  if (limit > 0) {
    scan(instrument, low * epoch_ns, to_ns, [&](const PublicTrade& trade) {
      if (trade.id >= id) {
        out.push_back(trade);
      }
      return out.size() < limit;
    });
  }
  return out;
}

} // namespace troupe::venues::sim::exchange
