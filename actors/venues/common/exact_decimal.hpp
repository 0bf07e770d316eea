#pragma once

#include "trading/book.hpp"

#include <array>
#include <bit>
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

inline constexpr std::uint64_t zeros = 0x3030303030303030U; ///< "00000000"

/// Eight bytes of text, the first in the lowest byte.
[[nodiscard]] inline std::uint64_t eight_at(const char* text) {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, text, sizeof bytes);
  return bytes;
}

/// How many of eight bytes are ASCII digits before the first that is none (after Mula, Langdale).
[[nodiscard]] inline unsigned leading_digits(std::uint64_t bytes) {
  const auto others = ((bytes + 0x4646464646464646U) | (bytes - zeros)) & 0x8080808080808080U;
  return others == 0 ? 8U : static_cast<unsigned>(std::countr_zero(others)) / 8U;
}

/// The number that the first `digits` of eight bytes spell, 1 .. 8 of them (Lemire, "fast float").
[[nodiscard]] inline std::uint64_t value_of(std::uint64_t bytes, unsigned digits) {
  bytes = (bytes - zeros) << (64U - 8U * digits); // what stands in front is nought now
  bytes = bytes * 10 + (bytes >> 8U);
  constexpr std::uint64_t mask = 0x000000FF000000FFU;
  constexpr std::uint64_t high = 0x000F424000000064U; // 100 + (1000000 << 32)
  constexpr std::uint64_t low = 0x0000271000000001U;  // 1 + (10000 << 32)
  return (((bytes & mask) * high) + (((bytes >> 16U) & mask) * low)) >> 32U;
}

[[nodiscard]] inline bool is_digit(char c) {
  return static_cast<unsigned char>(c - '0') < 10;
}

/// Reads a text of nothing but digits. @returns false where it is not one, or beyond 2^63
[[nodiscard]] inline bool read_whole(std::string_view text, std::int64_t& out) {
  const auto size = text.size();
  if (size == 0 || size > digits_max + 1) {
    return false;
  }
  std::uint64_t number = 0;
  std::size_t i = 0;
  for (; size - i >= 8; i += 8) {
    const auto bytes = eight_at(text.data() + i);
    if (leading_digits(bytes) != 8) {
      return false;
    }
    number = number * powers[8] + value_of(bytes, 8);
  }
  if (i != 0 && i != size) { // the rest is the end of the last eight
    const auto bytes = eight_at(text.data() + size - 8);
    const auto rest = static_cast<unsigned>(size - i);
    if (leading_digits(bytes) != 8) {
      return false;
    }
    number = number * powers[rest] + value_of(bytes >> (64U - 8U * rest), rest);
    i = size;
  }
  for (; i < size; ++i) {
    if (!is_digit(text[i])) {
      return false;
    }
    number = number * 10 + static_cast<std::uint64_t>(text[i] - '0');
  }
  // 19 digits are below 2^64
  out = static_cast<std::int64_t>(number);
  return out >= 0;
}

/// `mantissa` has at most 18 digits, and so has what is missing, for all kinds of ours.
template <class D>
[[nodiscard]] D scaled(std::uint64_t mantissa, std::ptrdiff_t fraction) {
  return D::from_raw(
    core::int128{static_cast<std::int64_t>(mantissa)}
    * static_cast<std::int64_t>(powers[static_cast<std::size_t>(D::digits - fraction)]));
}

/// Takes digits, a point and digits from `p` on, of whatever widths.
/// @returns what stands behind them; null where they are not there, or too long for this way
template <class D>
[[nodiscard, gnu::noinline, gnu::cold]] const char*
scan_any(const char* p, const char* end, D& out) {
  std::uint64_t mantissa = 0;
  std::ptrdiff_t fraction = 0;
  const auto take = [&] {
    const char* const first = p;
    for (; p != end && is_digit(*p); ++p) {
      mantissa = mantissa * 10 + static_cast<std::uint64_t>(*p - '0');
    }
    return p - first;
  };
  auto count = take();
  if (count == 0) {
    return nullptr;
  }
  if (p != end && *p == '.') {
    ++p;
    fraction = take();
    count += fraction;
  }
  if (count > digits_max || fraction > D::digits) {
    return nullptr;
  }
  out = scaled<D>(mantissa, fraction);
  return p;
}

/// The same, fast where up to seven digits, a point and up to eight digits stand well before `end`.
/// Pointers go in and out by value, so that they stay in registers.
template <class D>
[[nodiscard, gnu::always_inline]] inline const char* scan(const char* at, const char* end, D& out) {
  constexpr std::ptrdiff_t room = 8 + 1 + 8;
  static_assert(D::digits >= 8);
  if (end - at < room) [[unlikely]] {
    return scan_any(at, end, out);
  }
  const auto whole = eight_at(at);
  const auto whole_digits = leading_digits(whole);
  if (whole_digits == 0 || whole_digits == 8 || at[whole_digits] != '.') [[unlikely]] {
    return scan_any(at, end, out);
  }
  const char* const point = at + whole_digits;
  const auto part = eight_at(point + 1);
  const auto digits = leading_digits(part);
  if (digits == 0 || (digits == 8 && is_digit(point[9]))) [[unlikely]] {
    return scan_any(at, end, out);
  }
  out = scaled<D>(value_of(whole, whole_digits) * powers[digits] + value_of(part, digits), digits);
  return point + 1 + digits;
}

} // namespace exact

/// Reads a decimal text exactly. @returns false where it is none, needs more fractional digits than
/// D has, or does not fit
template <class D>
[[nodiscard]] bool read_decimal(std::string_view text, D& out) {
  const char* const end = text.data() + text.size();
  if (exact::scan(text.data(), end, out) == end && !text.empty()) [[likely]] {
    return true;
  }
  const auto slow = D::from_text(text); // a sign, an exponent, trailing zeros
  if (!slow) {
    return false;
  }
  out = *slow;
  return true;
}

/// The same for a text that ends before a character that no decimal holds, with at least 16 more
/// bytes to read behind it, as the tokens of a padded message do.
template <class D>
[[nodiscard]] bool read_decimal_token(std::string_view text, D& out) {
  const char* const end = text.data() + text.size();
  return exact::scan(text.data(), end + 16, out) == end || read_decimal(text, out);
}

/// The same as read_decimal for a text that some venues print from a floating value (candles):
/// digits beyond D's are rounded, halves away from zero.
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

/// The same for levels that other text may follow. @param at  their opening bracket; is moved
/// behind the closing one where this returns true
[[nodiscard]] bool
take_levels(const char*& at, const char* end, std::vector<trading::Level>& levels);

/// The same as scan_levels with a side before each level: [["buy","1.5","2"],["sell","1.6","0"]].
[[nodiscard]] bool scan_sided_levels(std::string_view text,
                                     std::vector<trading::Level>& bids,
                                     std::vector<trading::Level>& asks);

} // namespace troupe::venues
