#pragma once

#include "core/random.hpp"
#include "trading/bar.hpp"

#include <cmath>
#include <map>
#include <string>
#include <vector>

/// Bars of correlated instruments.
namespace troupe::correlation::synthetic {

inline constexpr std::int64_t first_index = 450'000; ///< hours since 1970: 2021

inline trading::Price price(double x) {
  return trading::Price::round_from(x).value();
}

inline trading::Bar
bar_at(std::int64_t index, double close, trading::Interval interval = trading::intervals::h1) {
  trading::Bar bar;
  bar.ts_open = {index * interval.duration().count()};
  bar.ts_close = bar.ts_open + interval.duration();
  bar.open = bar.high = bar.low = bar.close = price(close);
  bar.trades = 1;
  bar.final = true;
  return bar;
}

using Bars = std::vector<trading::Bar>;
using Market = std::map<std::string, Bars>; ///< by symbol

/// Random walks that share a common factor.
/// @param loading  weight of the common factor, 0 to 1: pairs correlate by its square
inline Market market(const std::vector<std::string>& symbols,
                     int bars,
                     double loading = 0.8,
                     std::uint64_t seed = 1,
                     trading::Interval interval = trading::intervals::h1) {
  core::Random random{seed};
  std::vector<double> prices;
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    prices.push_back(100.0 * static_cast<double>(i + 1));
  }
  Market out;
  for (int t = 0; t < bars; ++t) {
    const double common = random.normal();
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      const double own = random.normal();
      const double shock = loading * common + std::sqrt(1.0 - loading * loading) * own;
      prices[i] *= std::exp(0.01 * static_cast<double>(i + 1) / 2.0 * shock);
      out[symbols[i]].push_back(bar_at(first_index + t, prices[i], interval));
    }
  }
  return out;
}

/// Log returns of the bars' closes, oldest first.
inline std::vector<double> log_returns(const Bars& bars) {
  std::vector<double> out;
  for (std::size_t t = 1; t < bars.size(); ++t) {
    out.push_back(std::log(bars[t].close.to_double() / bars[t - 1].close.to_double()));
  }
  return out;
}

/// Pearson's correlation by its definition, two passes.
inline double pearson(const std::vector<double>& x, const std::vector<double>& y) {
  const auto mean = [](const std::vector<double>& v) {
    double sum = 0.0;
    for (const double e : v) {
      sum += e;
    }
    return sum / static_cast<double>(v.size());
  };
  const double mx = mean(x);
  const double my = mean(y);
  double xy = 0.0;
  double xx = 0.0;
  double yy = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mx) * (y[i] - my);
    xx += (x[i] - mx) * (x[i] - mx);
    yy += (y[i] - my) * (y[i] - my);
  }
  return xy / std::sqrt(xx * yy);
}

} // namespace troupe::correlation::synthetic
