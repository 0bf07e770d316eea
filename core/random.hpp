#pragma once

#include <cmath>
#include <cstdint>

namespace troupe::core {

/// A bijective mix of 64 bits (the finaliser of SplitMix64; Steele, Lea, Flood 2014): turns a
/// counter or a pair (seed, time) into noise, so that a value is a function of where it is.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  return mix(a ^ mix(b));
}

/// Uniform in [0, 1) with 53 bits.
[[nodiscard]] constexpr double unit_interval(std::uint64_t bits) {
  return static_cast<double>(bits >> 11U) * 0x1p-53;
}

/// Standard normal deviate out of 64 random bits (Box and Muller 1958).
[[nodiscard]] inline double standard_normal(std::uint64_t bits) {
  const double u = 1.0 - unit_interval(bits);
  const double v = unit_interval(mix(bits));
  return std::sqrt(-2.0 * std::log(u)) * std::cos(6.283185307179586 * v);
}

/// A small seeded generator (SplitMix64); a C++ uniform random bit generator.
class Random {
public:
  using result_type = std::uint64_t;
  explicit constexpr Random(std::uint64_t seed) : state_(seed) {}
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return ~result_type{0}; }
  constexpr result_type operator()() { return mix(state_ += 0x9e3779b97f4a7c15U); }
  /// Uniform in [0, 1).
  constexpr double uniform() { return unit_interval((*this)()); }
  /// Uniform in 0 .. n - 1; @pre n > 0
  constexpr std::uint64_t below(std::uint64_t n) {
    __extension__ using uint128 = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<uint128>((*this)()) * n) >> 64U);
  }
  double normal() { return standard_normal((*this)()); }

private:
  std::uint64_t state_;
};

} // namespace troupe::core
