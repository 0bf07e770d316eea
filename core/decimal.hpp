#pragma once

#include "core/errc.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace troupe::core {

__extension__ using int128 = __int128;

namespace decimal {

/// Reads [-]digits[.digits][e[+-]digits] as an integer scaled by 10^digits, exactly: a text that
/// needs more fractional digits than that, or is too large, is an error.
[[nodiscard]] Result<int128> parse(std::string_view text, int digits);

/// Appends the shortest plain decimal text: no exponent, no trailing zeros.
void append(std::string& out, int128 raw, int digits);

/// Nearest multiple of 10^-digits, halves away from zero; an error where it is not finite or does
/// not fit.
[[nodiscard]] Result<int128> from_double(double value, int digits);

[[nodiscard]] double to_double(int128 raw, int digits) noexcept;

constexpr int128 pow10(int n) {
  int128 value = 1;
  for (int i = 0; i < n; ++i) {
    value *= 10;
  }
  return value;
}

[[noreturn]] void throw_overflow(const char* operation);

} // namespace decimal

/// An exact decimal: a 128-bit count of 10^-Digits. Arithmetic is checked: what does not fit
/// throws ErrorException with INVALID_ARGUMENT; nothing is ever rounded unless the name says so.
/// Tag keeps prices, quantities and money from being mixed up.
template <class Tag, int Digits>
class Decimal {
public:
  static constexpr int digits = Digits;
  static constexpr int128 unit = decimal::pow10(Digits);
  static constexpr const char* schema_format = "decimal";

  constexpr Decimal() = default;
  [[nodiscard]] static constexpr Decimal from_raw(int128 raw) {
    Decimal value;
    value.raw_ = raw;
    return value;
  }
  [[nodiscard]] static constexpr Decimal from_integer(std::int64_t whole) {
    return from_raw(int128{whole} * unit);
  }
  [[nodiscard]] static Result<Decimal> from_text(std::string_view text) {
    auto raw = decimal::parse(text, Digits);
    if (!raw) {
      return raw.error();
    }
    return from_raw(*raw);
  }
  /// Nearest representable value, halves away from zero.
  [[nodiscard]] static Result<Decimal> round_from(double value) {
    auto raw = decimal::from_double(value, Digits);
    if (!raw) {
      return raw.error();
    }
    return from_raw(*raw);
  }

  [[nodiscard]] constexpr int128 raw() const { return raw_; }
  [[nodiscard]] double to_double() const noexcept { return decimal::to_double(raw_, Digits); }
  [[nodiscard]] std::string to_text() const {
    std::string out;
    append_text(out);
    return out;
  }
  void append_text(std::string& out) const { decimal::append(out, raw_, Digits); }

  friend constexpr auto operator<=>(const Decimal&, const Decimal&) = default;

  friend Decimal operator+(Decimal a, Decimal b) {
    int128 sum = 0;
    if (__builtin_add_overflow(a.raw_, b.raw_, &sum)) {
      decimal::throw_overflow("+");
    }
    return from_raw(sum);
  }
  friend Decimal operator-(Decimal a, Decimal b) {
    int128 difference = 0;
    if (__builtin_sub_overflow(a.raw_, b.raw_, &difference)) {
      decimal::throw_overflow("-");
    }
    return from_raw(difference);
  }
  friend Decimal operator-(Decimal a) { return Decimal{} - a; }
  Decimal& operator+=(Decimal b) { return *this = *this + b; }
  Decimal& operator-=(Decimal b) { return *this = *this - b; }
  /// A whole multiple.
  friend Decimal operator*(Decimal a, std::int64_t n) {
    int128 product = 0;
    if (__builtin_mul_overflow(a.raw_, int128{n}, &product)) {
      decimal::throw_overflow("*");
    }
    return from_raw(product);
  }
  /// How often `step` fits, toward zero.
  /// @pre step is not zero
  [[nodiscard]] constexpr int128 multiple_of(Decimal step) const { return raw_ / step.raw_; }
  [[nodiscard]] constexpr bool is_multiple_of(Decimal step) const {
    return step.raw_ != 0 && raw_ % step.raw_ == 0;
  }
  [[nodiscard]] constexpr bool is_zero() const { return raw_ == 0; }
  [[nodiscard]] constexpr int sign() const { return raw_ < 0 ? -1 : (raw_ > 0 ? 1 : 0); }

private:
  int128 raw_ = 0;
};

} // namespace troupe::core
