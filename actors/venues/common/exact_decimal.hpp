#pragma once

#include "trading/book.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

/// Decimal texts of venues' messages, straight into exact values: never through a double, and
/// without an allocation.
namespace troupe::venues {

namespace exact {

/// More digits than this go the slow way: 10^18 < 2^63.
inline constexpr int digits_max = 18;

inline constexpr std::array<std::uint64_t, digits_max + 1> powers = [] {
  std::array<std::uint64_t, digits_max + 1> all{};
  std::uint64_t power = 1;
  for (auto& one : all) {
    one = power;
    power *= 10;
  }
  return all;
}();

/// Whether all eight bytes are ASCII digits (Mula, Langdale).
[[nodiscard]] inline bool are_eight_digits(std::uint64_t bytes) {
  return (((bytes + 0x4646464646464646U) | (bytes - 0x3030303030303030U)) & 0x8080808080808080U)
         == 0;
}

/// The number that eight ASCII digits spell, the first in the lowest byte (Lemire, "fast float").
[[nodiscard]] inline std::uint64_t value_of_eight(std::uint64_t bytes) {
  bytes -= 0x3030303030303030U;
  bytes = bytes * 10 + (bytes >> 8U);
  constexpr std::uint64_t mask = 0x000000FF000000FFU;
  constexpr std::uint64_t high = 0x000F424000000064U; // 100 + (1000000 << 32)
  constexpr std::uint64_t low = 0x0000271000000001U;  // 1 + (10000 << 32)
  return (((bytes & mask) * high) + (((bytes >> 16U) & mask) * low)) >> 32U;
}

/// Takes digits, a point and digits from `at` on.
/// @returns false where that is not what is there, or where it is too long for the fast way
template <class D>
[[nodiscard]] inline bool scan(const char*& at, const char* end, D& out) {
  const char* p = at;
  std::uint64_t mantissa = 0;
  const char* const first = p;
  for (; p != end && static_cast<unsigned char>(*p - '0') < 10; ++p) {
    mantissa = mantissa * 10 + static_cast<std::uint64_t>(*p - '0');
  }
  auto count = p - first;
  std::ptrdiff_t fraction = 0;
  if (count == 0) {
    return false;
  }
  if (p != end && *p == '.') {
    const char* const point = ++p;
    if (end - p >= 8) {
      std::uint64_t eight = 0;
      std::memcpy(&eight, p, sizeof eight);
      if (are_eight_digits(eight)) {
        mantissa = mantissa * powers[8] + value_of_eight(eight);
        p += 8;
      }
    }
    for (; p != end && static_cast<unsigned char>(*p - '0') < 10; ++p) {
      mantissa = mantissa * 10 + static_cast<std::uint64_t>(*p - '0');
    }
    fraction = p - point;
    count += fraction;
  }
  if (count > digits_max || fraction > D::digits) {
    return false;
  }
  // Digits are at most 18 for all kinds of ours, and so is what is missing.
  out = D::from_raw(
    core::int128{static_cast<std::int64_t>(mantissa)}
    * static_cast<std::int64_t>(powers[static_cast<std::size_t>(D::digits - fraction)]));
  at = p;
  return true;
}

} // namespace exact

/// Reads a decimal text exactly. @returns false where it is none, needs more fractional digits than
/// D has, or does not fit
template <class D>
[[nodiscard]] bool read_decimal(std::string_view text, D& out) {
  const char* at = text.data();
  const char* const end = at + text.size();
  if (exact::scan(at, end, out) && at == end) [[likely]] {
    return true;
  }
  const auto slow = D::from_text(text); // a sign, an exponent, trailing zeros
  if (!slow) {
    return false;
  }
  out = *slow;
  return true;
}

/// The same for a text that some venues print from a floating value (candles): digits beyond D's
/// are rounded, halves away from zero.
template <class D>
[[nodiscard]] bool read_decimal_rounded(std::string_view text, D& out) {
  if (read_decimal(text, out)) {
    return true;
  }
  const auto point = text.find('.');
  const auto keep = point + 1 + static_cast<std::size_t>(D::digits);
  if (point == std::string_view::npos || text.size() <= keep
      || text.find_first_not_of("0123456789", point + 1) != std::string_view::npos
      || !read_decimal(text.substr(0, keep), out)) {
    return false;
  }
  if (text[keep] >= '5') {
    out += D::from_raw(text.front() == '-' ? -1 : 1);
  }
  return true;
}

/// Reads levels off the text of a JSON array of arrays of strings as venues print it, compact:
/// [["1.5","2"],["1.4","0.1",...]]; what stands behind the quantity is skipped.
/// @param levels  are appended to
/// @returns false where the text is not of that form; `levels` may then hold a part of it
[[nodiscard]] bool scan_levels(std::string_view text, std::vector<trading::Level>& levels);

/// The same with a side before each level: [["buy","1.5","2"],["sell","1.6","0"]].
[[nodiscard]] bool scan_sided_levels(std::string_view text,
                                     std::vector<trading::Level>& bids,
                                     std::vector<trading::Level>& asks);

} // namespace troupe::venues
