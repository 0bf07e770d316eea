#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace troupe::quant {

/// A small seeded generator with the same numbers on every platform (std's distributions differ
/// between libraries). Not for cryptography.
/// @source  SplitMix64: Steele, Lea & Flood, OOPSLA 2014
class Random {
public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
  }
  /// In (0, 1).
  double uniform() { return (static_cast<double>(next() >> 11U) + 0.5) * 0x1.0p-53; }
  /// 0 .. n-1; n is far below 2^53
  std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(uniform() * static_cast<double>(n));
  }
  /// Standard normal, by Box and Muller.
  double normal() {
    return std::sqrt(-2.0 * std::log(uniform())) * std::cos(2.0 * std::numbers::pi * uniform());
  }

private:
  std::uint64_t state_;
};

} // namespace troupe::quant
