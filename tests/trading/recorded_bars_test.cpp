#include "../support/recorded.hpp"
#include "trading/bar_builder.hpp"

#include <map>

namespace {

using namespace troupe::trading;
using troupe::core::Timestamp;

/// A venue's own bars as they were recorded.
std::vector<Bar> recorded_bars(const std::string& file, Interval interval) {
  std::vector<Bar> bars;
  const auto lines = test::recorded_lines(file);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto fields = test::split(lines[i], ',');
    if (fields.size() < 6) {
      continue;
    }
    auto opened = fields[0];
    if (opened.size() == 10) {
      opened += "T00:00:00Z";
    }
    Bar bar;
    bar.ts_open = *Timestamp::from_text(opened);
    bar.ts_close = bar.ts_open + interval.duration();
    bar.open = *Price::from_text(fields[1]);
    bar.high = *Price::from_text(fields[2]);
    bar.low = *Price::from_text(fields[3]);
    bar.close = *Price::from_text(fields[4]);
    bar.volume = *Quantity::round_from(std::stod(fields[5]));
    bar.final = true;
    bars.push_back(bar);
  }
  return bars;
}

/// Longer bars out of shorter ones, by ts_open.
std::map<Timestamp, Bar> longer(const std::vector<Bar>& bars, Interval from, Interval to) {
  BarSeries series{{from, to}};
  std::vector<IntervalBar> closed;
  for (const auto& bar : bars) {
    REQUIRE(series.add(from, bar, closed));
  }
  std::map<Timestamp, Bar> out;
  for (const auto& item : closed) {
    if (item.interval == to) {
      out[item.bar.ts_open] = item.bar;
    }
  }
  return out;
}

} // namespace

TEST_CASE("bars: a venue's daily bars are those that its hourly ones add up to") {
  for (const auto* const coin : {"BTCUSDT", "ETHUSDT", "ADAUSDT"}) {
    const auto hours_file = std::string{"ohlcv/binance_spot_1h/"} + coin + ".csv.gz";
    const auto days_file = std::string{"ohlcv/binance_spot_1d/"} + coin + ".csv.gz";
    if (!test::have_recorded(hours_file) || !test::have_recorded(days_file)) {
      return;
    }
    CAPTURE(coin);
    const auto hours = recorded_bars(hours_file, intervals::h1);
    std::map<Timestamp, int> hours_of;
    for (const auto& bar : hours) {
      ++hours_of[intervals::d1.open_of(bar.ts_open)];
    }
    const auto made = longer(hours, intervals::h1, intervals::d1);
    std::size_t compared = 0;
    std::size_t different = 0;
    for (const auto& day : recorded_bars(days_file, intervals::d1)) {
      const auto at = made.find(day.ts_open);
      if (at == made.end() || hours_of[day.ts_open] != 24) {
        continue;
      }
      ++compared;
      const auto& bar = at->second;
      const double volume = day.volume.to_double();
      const bool same = bar.open == day.open && bar.high == day.high && bar.low == day.low
                        && bar.close == day.close
                        && std::abs(bar.volume.to_double() - volume) <= 1e-6 * volume;
      different += same ? 0U : 1U;
    }
    CHECK(compared > 900);
    CHECK(different == 0);
  }
}

TEST_CASE("bars: hours out of a venue's minutes lie where another source's hours of it lie") {
  const std::string minutes_file = "ohlcv/coinbase_1m/BTC-USD_trades.csv.gz";
  const std::string hours_file = "ohlcv/coinbase_1h/BTC-USD.csv.gz";
  if (!test::have_recorded(minutes_file) || !test::have_recorded(hours_file)) {
    return;
  }
  const auto made =
    longer(recorded_bars(minutes_file, intervals::m1), intervals::m1, intervals::h1);
  std::size_t compared = 0;
  std::size_t highs = 0;
  std::size_t closes = 0;
  for (const auto& hour : recorded_bars(hours_file, intervals::h1)) {
    if (const auto at = made.find(hour.ts_open); at != made.end()) {
      ++compared;
      highs += at->second.high == hour.high ? 1U : 0U;
      closes += at->second.close == hour.close ? 1U : 0U;
    }
  }
  // The two were collected by different people from different endpoints: opens and volumes differ.
  CHECK(compared > 100);
  CHECK(highs * 100 >= compared * 95);
  CHECK(closes * 100 >= compared * 75);
}
