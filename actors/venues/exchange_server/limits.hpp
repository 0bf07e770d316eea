#pragma once

#include "core/time.hpp"

#include <algorithm>
#include <cstdint>

namespace troupe::venues::exchange_server {

/// A count per window of the clock: a window of a minute starts at :00, one of a day at 00:00 UTC.
class AlignedCounter {
public:
  explicit AlignedCounter(std::chrono::nanoseconds window) : window_(window) {}

  /// Adds and returns the count of the window that holds `now`; n may be negative.
  std::int64_t add(core::Timestamp now, std::int64_t n) {
    roll(now);
    return count_ = std::max<std::int64_t>(0, count_ + n);
  }
  [[nodiscard]] std::int64_t count(core::Timestamp now) {
    roll(now);
    return count_;
  }
  [[nodiscard]] core::Timestamp window_end(core::Timestamp now) const {
    return core::floor(now, window_) + window_;
  }

private:
  void roll(core::Timestamp now) {
    if (const auto start = core::floor(now, window_); start != start_) {
      start_ = start;
      count_ = 0;
    }
  }
  std::chrono::nanoseconds window_;
  core::Timestamp start_{INT64_MIN};
  std::int64_t count_ = 0;
};

/// Lazily filled: `burst` tokens at the start, `rate` more each second.
class TokenBucket {
public:
  TokenBucket(double rate, double burst) : rate_(rate), burst_(burst), tokens_(burst) {}

  /// @returns whether there was a token to take
  [[nodiscard]] bool take(core::Timestamp now) {
    constexpr double ns_per_second = 1e9;
    if (filled_.ns != INT64_MIN && now > filled_) {
      tokens_ = std::min(
        burst_, tokens_ + rate_ * static_cast<double>((now - filled_).count()) / ns_per_second);
    }
    filled_ = std::max(filled_, now);
    if (tokens_ < 1.0) {
      return false;
    }
    tokens_ -= 1.0;
    return true;
  }

private:
  double rate_;
  double burst_;
  double tokens_;
  core::Timestamp filled_{INT64_MIN};
};

} // namespace troupe::venues::exchange_server
