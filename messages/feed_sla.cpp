#include "messages/feed_sla.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace troupe::messages {

namespace {

constexpr unsigned sub_bits = 3; ///< eight buckets to a power of two

} // namespace

std::size_t latency_bucket(std::chrono::nanoseconds latency) {
  constexpr std::int64_t ns_per_us = 1'000;
  const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0))
                  / static_cast<std::uint64_t>(ns_per_us);
  const auto width = static_cast<unsigned>(std::bit_width(us));
  if (width <= sub_bits) {
    return static_cast<std::size_t>(us);
  }
  const unsigned shift = width - sub_bits - 1;
  const auto bucket = (std::size_t{shift} << sub_bits) + static_cast<std::size_t>(us >> shift);
  return std::min(bucket, latency_buckets - 1);
}

double latency_bucket_us(std::size_t bucket) {
  constexpr std::size_t per_power = std::size_t{1} << sub_bits;
  if (bucket < per_power) {
    return static_cast<double>(bucket + 1);
  }
  const auto shift = bucket / per_power - 1;
  return std::ldexp(static_cast<double>(bucket % per_power + per_power + 1),
                    static_cast<int>(shift));
}

std::optional<double> latency_quantile_ms(const std::vector<std::uint32_t>& counts, double q) {
  const auto total = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  if (total == 0) {
    return std::nullopt;
  }
  const auto rank = std::max<std::uint64_t>(
    1, static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(total))));
  std::uint64_t seen = 0;
  std::size_t bucket = 0;
  for (; bucket + 1 < counts.size(); ++bucket) {
    seen += counts[bucket];
    if (seen >= rank) {
      break;
    }
  }
  constexpr double us_per_ms = 1e3;
  return latency_bucket_us(bucket) / us_per_ms;
}

} // namespace troupe::messages
