#pragma once

#include "core/fingerprint.hpp"
#include "core/random.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

/// Noise that is a function of where it is. Nothing here calls the maths library, whose last bit
/// differs between machines: two nodes must see the same market to the bit.
namespace troupe::venues::sim::noise {

/// A stream of noise of its own, by name.
[[nodiscard]] inline std::uint64_t key(std::uint64_t seed, std::string_view name) {
  return core::mix(seed, core::fnv1a(name));
}

/// 64 random bits at a place of a stream.
[[nodiscard]] constexpr std::uint64_t bits(std::uint64_t stream, std::uint64_t place) {
  return core::mix(stream + place * 0x9e3779b97f4a7c15U);
}

[[nodiscard]] constexpr double uniform(std::uint64_t stream, std::uint64_t place) {
  return core::unit_interval(bits(stream, place));
}

/// Near enough to a standard normal deviate, within 3.47: the sum of four uniform ones (Irwin and
/// Hall), out of one hash. Fat tails come from the episodes.
[[nodiscard]] constexpr double normal(std::uint64_t random_bits) {
  const auto sum = (random_bits & 0xffffU) + ((random_bits >> 16U) & 0xffffU)
                   + ((random_bits >> 32U) & 0xffffU) + (random_bits >> 48U);
  constexpr double scale = 1.7320508075688772 / 65536.0; // sqrt(3): four variances of 1/12
  return (static_cast<double>(sum) - 131070.0) * scale;
}

/// 1 / n! for n = 0 .. 13.
inline constexpr std::array<double, 14> inverse_factorials = [] {
  std::array<double, 14> out{};
  double factorial = 1.0;
  for (std::size_t n = 0; n < out.size(); ++n) {
    factorial *= n == 0 ? 1.0 : static_cast<double>(n);
    out[n] = 1.0 / factorial;
  }
  return out;
}();

/// e^x to about 1e-15, for |x| < 700.
[[nodiscard]] constexpr double exponential(double x) {
  constexpr double log2_e = 1.4426950408889634;
  constexpr double ln2_high = 0.693147180369123816490; // x - k * ln2 without loss
  constexpr double ln2_low = 1.90821492927058770002e-10;
  const double scaled = x * log2_e;
  const auto k = static_cast<std::int64_t>(scaled + (scaled < 0.0 ? -0.5 : 0.5));
  const double r = (x - static_cast<double>(k) * ln2_high) - static_cast<double>(k) * ln2_low;
  double sum = inverse_factorials.back();
  for (std::size_t n = inverse_factorials.size() - 1; n-- > 0;) {
    sum = sum * r + inverse_factorials[n];
  }
  return sum * std::bit_cast<double>(static_cast<std::uint64_t>(k + 1023) << 52U);
}

} // namespace troupe::venues::sim::noise
