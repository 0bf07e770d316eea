#pragma once

#include "actors/regime/classifier.hpp"
#include "core/random.hpp"
#include "trading/bar.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

/// Bars with a known character.
namespace troupe::regime::synthetic {

inline trading::Price price(double x) {
  return trading::Price::round_from(x).value();
}

/// A bar that opens at the close before, with the range given.
inline trading::Bar bar_of(std::int64_t index,
                           trading::Interval interval,
                           double open,
                           double high,
                           double low,
                           double close) {
  trading::Bar bar;
  bar.ts_open = {index * interval.duration().count()};
  bar.ts_close = bar.ts_open + interval.duration();
  bar.open = price(open);
  bar.high = price(std::max({open, high, close}));
  bar.low = price(std::min({open, low, close}));
  bar.close = price(close);
  bar.trades = 1;
  bar.final = true;
  return bar;
}

/// Appends bars after each other, so that paths of several characters can follow.
class Path {
public:
  explicit Path(trading::Interval interval = trading::intervals::h1, std::uint64_t seed = 1)
    : interval_(interval), random_(seed),
      index_(std::chrono::hours{450'000} / interval.duration()) {}

  /// A random walk with a drift, in standard deviations and drifts per bar of the log price.
  Path& walk(int bars, double sigma, double drift = 0.0) {
    for (int i = 0; i < bars; ++i) {
      const double close = last_ * std::exp(drift + sigma * random_.normal());
      const double spread = 0.3 * sigma * last_ * random_.uniform();
      add(std::max(last_, close) + spread, std::min(last_, close) - spread, close);
    }
    return *this;
  }
  /// To and fro within a band: each bar crosses it.
  Path& chop(int bars, double width) {
    for (int i = 0; i < bars; ++i) {
      const double middle = 100.0;
      const bool up = (i % 2) == 0;
      const double jitter = 0.01 * width * random_.uniform();
      add(middle + width + jitter, middle - width - jitter, up ? middle + width : middle - width);
    }
    return *this;
  }
  Path& jump(double log_return) {
    const double close = last_ * std::exp(log_return);
    add(std::max(last_, close), std::min(last_, close), close);
    return *this;
  }
  Path& flat(int bars) {
    for (int i = 0; i < bars; ++i) {
      add(last_, last_, last_);
    }
    return *this;
  }
  /// Intervals in which nothing traded.
  Path& skip(int bars) {
    index_ += bars;
    return *this;
  }

  [[nodiscard]] const std::vector<trading::Bar>& bars() const { return bars_; }

private:
  void add(double high, double low, double close) {
    bars_.push_back(bar_of(index_++, interval_, last_, high, low, close));
    last_ = close;
  }
  trading::Interval interval_;
  core::Random random_;
  std::int64_t index_; ///< intervals since 1970; the first one in May 2021
  double last_ = 100.0;
  std::vector<trading::Bar> bars_;
};

/// What a classifier says after each bar of a path.
struct Said {
  bool ready = false;
  trading::Regime regime = trading::Regime::RANGING;
  trading::Regime candidate = trading::Regime::RANGING;
  double confidence = 0.0;
  core::Timestamp since;
  friend bool operator==(const Said&, const Said&) = default;
};

inline Said said_by(const Classifier& classifier) {
  if (!classifier.ready()) {
    return {};
  }
  return {true, classifier.regime(), classifier.candidate(), classifier.confidence(),
          classifier.since()};
}

inline std::vector<Said> run(const Settings& settings,
                             const std::vector<trading::Bar>& bars,
                             trading::Interval interval = trading::intervals::h1) {
  Classifier classifier{settings, interval};
  std::vector<Said> out;
  out.reserve(bars.size());
  for (const auto& bar : bars) {
    static_cast<void>(classifier.apply(bar));
    out.push_back(said_by(classifier));
  }
  return out;
}

} // namespace troupe::regime::synthetic
