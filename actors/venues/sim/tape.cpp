#include "actors/venues/sim/tape.hpp"

#include "actors/venues/sim/noise.hpp"

#include <algorithm>

namespace troupe::venues::sim {

namespace {

// Places of an epoch in a stream: quotes at 0, prints from 4096 on, three for each.
constexpr std::uint64_t print_places = 4096;
constexpr std::size_t max_prints = 65'535; ///< trade ids have 16 bits for them

std::uint64_t place_of(std::int64_t epoch, std::uint64_t offset) {
  return (static_cast<std::uint64_t>(epoch) << 18U) + offset;
}

/// Sizes of prints relative to the typical one: many small and a few forty times as large.
double size_factor(double u) {
  const double u4 = u * u * u * u;
  const double u16 = u4 * u4 * u4 * u4;
  return 0.1 + 1.4 * u + 5.0 * u16 + 35.0 * u16 * u16 * u16 * u16;
}

// std::floor and std::ceil of numbers that are not negative, without a call of the library.
std::int64_t whole_below(double x) {
  return static_cast<std::int64_t>(x);
}
std::int64_t whole_above(double x) {
  const auto whole = static_cast<std::int64_t>(x);
  return whole + (static_cast<double>(whole) < x ? 1 : 0);
}

} // namespace

TapeMaker::TapeMaker(const SimMarket& market, std::size_t venue, std::size_t instrument)
  : market_(&market), venue_(venue), instrument_(instrument), path_(market, instrument),
    stream_(stream("tape")) {
  const auto& item = market.settings().instruments.at(instrument);
  price_ticks_ = item.price / item.tick.to_double();
  typical_lots_ = std::max(1.0, item.trade_notional / item.price / item.lot.to_double());
}

std::uint64_t TapeMaker::stream(std::string_view name) const {
  const auto& settings = market_->settings();
  return noise::key(settings.seed, settings.instruments.at(instrument_).symbol + '.'
                                     + settings.venues.at(venue_).name + '/' + std::string(name));
}

void TapeMaker::make(std::int64_t epoch, EpochTape& tape) {
  tape.epoch = epoch;
  const auto& logs = path_.epoch(epoch);
  tape.episode = path_.episode();
  const double offset = market_->venue_offset(venue_, instrument_, epoch);
  const double next = market_->venue_offset(venue_, instrument_, epoch + 1);
  std::array<double, epoch_steps + 1> middles{};
  for (std::size_t step = 0; step <= epoch_steps; ++step) {
    const double part = static_cast<double>(step) / static_cast<double>(epoch_steps);
    middles[step] = price_ticks_ * noise::exponential(logs[step] + offset + (next - offset) * part);
  }
  make_quotes(tape, middles);
  make_prints(tape, middles);
}

void TapeMaker::make_quotes(EpochTape& tape, std::array<double, epoch_steps + 1>& middles) {
  const double half_spread = 0.5e-4 * market_->settings().instruments[instrument_].spread_bps
                             * market_->settings().venues[venue_].spread_factor
                             * traits(tape.episode).spread_factor;
  for (std::size_t step = 0; step < epoch_steps; ++step) {
    auto& quote = tape.quotes[step];
    // The first quote stands when the epoch starts, the others at a moment of their step.
    const double moment =
      step == 0 ? 0.0 : 0.9 * noise::uniform(stream_, place_of(tape.epoch, step));
    quote.ts_ns = tape.epoch * epoch_ns + static_cast<std::int64_t>(step) * step_ns
                  + static_cast<std::int64_t>(moment * static_cast<double>(step_ns));
    const double half = half_spread * middles[step];
    quote.bid_tick = std::max(std::int64_t{1}, whole_below(middles[step] - half));
    quote.ask_tick = std::max(quote.bid_tick + 1, whole_above(middles[step] + half));
  }
}

std::size_t TapeMaker::print_count(std::int64_t epoch) const {
  return print_count(epoch, market_->block_episode(instrument_, epoch >> block_levels));
}

std::size_t TapeMaker::print_count(std::int64_t epoch, trading::Regime episode) const {
  const double expected = market_->settings().trades_per_second * 60.0 * traits(episode).activity;
  const double drawn = expected * (0.6 + 0.8 * noise::uniform(stream_, place_of(epoch, 0)));
  return std::min(max_prints, static_cast<std::size_t>(drawn + 0.5));
}

void TapeMaker::make_prints(EpochTape& tape, const std::array<double, epoch_steps + 1>& middles) {
  const auto start = tape.epoch * epoch_ns;
  const auto count = print_count(tape.epoch, tape.episode);
  tape.prints.resize(count);
  std::size_t step = 0;
  for (std::size_t i = 0; i < count; ++i) {
    auto& print = tape.prints[i];
    const auto place = place_of(tape.epoch, print_places + 3 * i);
    const double part =
      (static_cast<double>(i) + noise::uniform(stream_, place)) / static_cast<double>(count);
    print.ts_ns = start + static_cast<std::int64_t>(part * static_cast<double>(epoch_ns));
    while (step + 1 < epoch_steps && tape.quotes[step + 1].ts_ns <= print.ts_ns) {
      ++step;
    }
    // Takers tend to know where the price goes next.
    const double buys = middles[step + 1] > middles[step] ? 0.7 : 0.3;
    const bool buy = noise::uniform(stream_, place + 1) < buys;
    print.aggressor = buy ? trading::Side::BUY : trading::Side::SELL;
    print.tick = buy ? tape.quotes[step].ask_tick : tape.quotes[step].bid_tick;
    print.lots = std::max(
      std::int64_t{1},
      static_cast<std::int64_t>(typical_lots_ * size_factor(noise::uniform(stream_, place + 2))));
  }
}

namespace {

/// A bar in ticks and lots.
struct CountedBar {
  std::int64_t open_ns = 0;
  std::int64_t open = 0;
  std::int64_t high = 0;
  std::int64_t low = 0;
  std::int64_t close = 0;
  std::int64_t lots = 0;
  std::uint64_t trades = 0;
};

void take(std::vector<CountedBar>& bars, const Print& print, std::int64_t open_ns) {
  if (bars.empty() || bars.back().open_ns != open_ns) {
    bars.push_back({open_ns, print.tick, print.tick, print.tick, print.tick, print.lots, 1});
    return;
  }
  auto& bar = bars.back();
  bar.high = std::max(bar.high, print.tick);
  bar.low = std::min(bar.low, print.tick);
  bar.close = print.tick;
  bar.lots += print.lots;
  ++bar.trades;
}

/// Bars of [start, end), both at starts of bars, until there are `limit`.
std::vector<CountedBar> bars_between(TapeMaker& maker,
                                     std::int64_t duration,
                                     std::int64_t start,
                                     std::int64_t end,
                                     std::size_t limit) {
  std::vector<CountedBar> bars;
  EpochTape tape;
  std::int64_t open = start;
  for (auto epoch = epoch_of({start}); epoch * epoch_ns < end && bars.size() <= limit; ++epoch) {
    maker.make(epoch, tape);
    for (const auto& print : tape.prints) {
      if (print.ts_ns < start || print.ts_ns >= end) {
        continue;
      }
      if (print.ts_ns >= open + duration) { // a division only where a bar ends
        open = core::floor({print.ts_ns}, std::chrono::nanoseconds{duration}).ns;
      }
      take(bars, print, open);
    }
  }
  bars.resize(std::min(bars.size(), limit)); // one more than asked for said that the last is whole
  return bars;
}

} // namespace

core::Result<std::vector<trading::Bar>> history(const SimMarket& market,
                                                std::size_t venue,
                                                std::size_t instrument,
                                                trading::Interval interval,
                                                std::optional<core::Timestamp> start,
                                                core::Timestamp end,
                                                std::size_t limit) {
  if (limit == 0 || limit > max_history_bars) {
    return core::Error{core::Errc::INVALID_ARGUMENT, "expected a limit of 1 to "
                                                       + std::to_string(max_history_bars)
                                                       + ", found " + std::to_string(limit)};
  }
  constexpr std::int64_t bound_ns = 4'000'000'000'000'000'000; // 1843 to 2096
  if (end.ns > bound_ns || end.ns < -bound_ns
      || (start && (start->ns < -bound_ns || *start > end))) {
    return core::Error{core::Errc::INVALID_ARGUMENT,
                       "expected start and end in order, from 1843 to 2096"};
  }
  const auto duration = interval.duration().count();
  const auto last = interval.open_of(end).ns;
  TapeMaker maker{market, venue, instrument};
  std::vector<CountedBar> bars;
  if (start) {
    const auto first = interval.open_of({start->ns + duration - 1}).ns;
    bars = bars_between(maker, duration, first, last, limit);
  } else {
    // Seconds without a trade make no bar: further back in steps until there are enough.
    constexpr int max_steps = 64;
    auto until = last;
    for (int step = 0; step < max_steps && bars.size() < limit; ++step) {
      const auto from = until - static_cast<std::int64_t>(limit - bars.size()) * duration;
      auto older = bars_between(maker, duration, from, until, limit);
      older.insert(older.end(), bars.begin(), bars.end());
      bars = std::move(older);
      until = from;
    }
  }
  const auto& item = market.settings().instruments.at(instrument);
  std::vector<trading::Bar> out;
  out.reserve(bars.size());
  for (const auto& bar : bars) {
    out.push_back({.ts_open = {bar.open_ns},
                   .ts_close = {bar.open_ns + duration},
                   .open = item.tick * bar.open,
                   .high = item.tick * bar.high,
                   .low = item.tick * bar.low,
                   .close = item.tick * bar.close,
                   .volume = item.lot * bar.lots,
                   .trades = bar.trades,
                   .final = true,
                   .incomplete = {}});
  }
  return out;
}

} // namespace troupe::venues::sim
