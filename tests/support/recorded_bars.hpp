#pragma once

#include "recorded.hpp"
#include "trading/bar.hpp"
#include "trading/interval.hpp"

#include <array>

/// Bars that were recorded, where they are at hand.
namespace test {

namespace core = troupe::core;
namespace trading = troupe::trading;

/// Daily since 2018 and hourly, April 2021 to December 2023, against USDT.
inline const std::string daily_bars = "ohlcv/binance_spot_1d/";
inline const std::string hourly_bars = "ohlcv/binance_spot_1h/";
inline const std::array<const char*, 12> hourly_coins{"ADA", "AVAX", "BCH", "BNB", "BTC", "DOGE",
                                                      "ETH", "LINK", "LTC", "SOL", "TRX", "XRP"};

inline core::Timestamp day_of(const std::string& text) {
  return core::Timestamp::from_text(text + "T00:00:00Z").value();
}

/// The closed bars of one coin. @param folder  daily_bars or hourly_bars
inline std::vector<trading::Bar> recorded_bars(const std::string& folder, const std::string& coin) {
  const auto interval = folder == daily_bars ? trading::intervals::d1 : trading::intervals::h1;
  auto lines = recorded_lines(folder + coin + "USDT.csv.gz");
  REQUIRE(lines.size() > 1);
  std::vector<trading::Bar> bars;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto cells = split(lines[i], ',');
    trading::Bar bar;
    bar.ts_open =
      folder == daily_bars ? day_of(cells[0]) : core::Timestamp::from_text(cells[0]).value();
    bar.ts_close = bar.ts_open + interval.duration();
    std::size_t cell = 1;
    for (auto* price : {&bar.open, &bar.high, &bar.low, &bar.close}) {
      *price = trading::Price::from_text(cells[cell++]).value();
    }
    bar.final = true;
    bars.push_back(bar);
  }
  return bars;
}

} // namespace test
