#include "core/decimal.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace troupe::core::decimal {

namespace {

Error not_a_number(std::string_view text) {
  return {Errc::INVALID_ARGUMENT,
          "expected a decimal number, found \"" + std::string(text.substr(0, 64)) + "\""};
}

Error too_fine(std::string_view text, int digits) {
  return {Errc::INVALID_ARGUMENT, "expected at most " + std::to_string(digits)
                                    + " fractional digits, found \""
                                    + std::string(text.substr(0, 64)) + "\""};
}

Error too_large(std::string_view text) {
  return {Errc::INVALID_ARGUMENT,
          "number out of range: \"" + std::string(text.substr(0, 64)) + "\""};
}

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// The digits of a number without its sign: value = mantissa * 10^exponent.
struct Scan {
  int128 mantissa = 0;
  int exponent = 0;
  bool any = false;
  bool overflow = false;
};

/// Takes the mantissa; holds back trailing zeros of the fraction, so that "1.000000000000" has
/// no more digits than "1".
std::size_t scan_mantissa(std::string_view text, std::size_t at, Scan& scan) {
  bool point = false;
  int held_zeros = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (!is_digit(c)) {
      break;
    }
    scan.any = true;
    if (point && c == '0') {
      ++held_zeros;
      continue;
    }
    for (; held_zeros > 0; --held_zeros) {
      scan.overflow =
        scan.overflow || __builtin_mul_overflow(scan.mantissa, int128{10}, &scan.mantissa);
      --scan.exponent;
    }
    scan.overflow = scan.overflow
                    || __builtin_mul_overflow(scan.mantissa, int128{10}, &scan.mantissa)
                    || __builtin_add_overflow(scan.mantissa, int128{c - '0'}, &scan.mantissa);
    scan.exponent -= point ? 1 : 0;
  }
  return at;
}

bool scan_exponent(std::string_view text, std::size_t at, Scan& scan) {
  if (at == text.size()) {
    return true;
  }
  if (text[at] != 'e' && text[at] != 'E') {
    return false;
  }
  ++at;
  int sign = 1;
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
    sign = text[at++] == '-' ? -1 : 1;
  }
  if (at == text.size() || text.size() - at > 3) {
    return false;
  }
  int exponent = 0;
  for (; at < text.size(); ++at) {
    if (!is_digit(text[at])) {
      return false;
    }
    exponent = exponent * 10 + (text[at] - '0');
  }
  scan.exponent += sign * exponent;
  return true;
}

} // namespace

Result<int128> parse(std::string_view text, int digits) {
  std::size_t at = 0;
  const bool negative = !text.empty() && text[0] == '-';
  at += negative ? 1 : 0;
  Scan scan;
  at = scan_mantissa(text, at, scan);
  if (!scan.any || !scan_exponent(text, at, scan)) {
    return not_a_number(text);
  }
  if (scan.overflow) {
    return too_large(text);
  }
  int shift = scan.exponent + digits;
  if (scan.mantissa == 0) {
    return int128{0};
  }
  for (; shift < 0; ++shift) {
    if (scan.mantissa % 10 != 0) {
      return too_fine(text, digits);
    }
    scan.mantissa /= 10;
  }
  for (; shift > 0; --shift) {
    if (__builtin_mul_overflow(scan.mantissa, int128{10}, &scan.mantissa)) {
      return too_large(text);
    }
  }
  return negative ? -scan.mantissa : scan.mantissa;
}

void append(std::string& out, int128 raw, int digits) {
  __extension__ using uint128 = unsigned __int128;
  std::array<char, 48> text{};
  auto* const end = text.data() + text.size();
  auto* at = end;
  uint128 rest = raw < 0 ? -static_cast<uint128>(raw) : static_cast<uint128>(raw);
  bool significant = false;
  int place = 0;
  const auto emit = [&](unsigned digit) {
    if (place == digits) {
      if (significant) {
        *--at = '.';
      }
      significant = true;
    }
    significant = significant || digit != 0;
    if (significant) {
      *--at = static_cast<char>('0' + digit);
    }
    ++place;
  };
  while (rest > ~std::uint64_t{0}) {
    emit(static_cast<unsigned>(rest % 10));
    rest /= 10;
  }
  auto low = static_cast<std::uint64_t>(rest); // the common case: 64-bit division from here on
  while (low != 0 || place <= digits) {
    emit(static_cast<unsigned>(low % 10));
    low /= 10;
  }
  if (raw < 0) {
    *--at = '-';
  }
  out.append(at, static_cast<std::size_t>(end - at));
}

Result<int128> from_double(double value, int digits) {
  const double scaled = std::round(value * std::pow(10.0, digits));
  constexpr double limit = 1.7e38;
  if (!(std::abs(scaled) < limit)) {
    return Error{Errc::INVALID_ARGUMENT, "number out of range: " + std::to_string(value)};
  }
  return static_cast<int128>(scaled);
}

double to_double(int128 raw, int digits) noexcept {
  // Both operands exact for the values of daily life, so that the quotient is correctly rounded.
  return static_cast<double>(raw) / static_cast<double>(pow10(digits));
}

void throw_overflow(const char* operation) {
  throw ErrorException(
    Error{Errc::INVALID_ARGUMENT, std::string("decimal overflow in operator ") + operation});
}

} // namespace troupe::core::decimal
