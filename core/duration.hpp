#pragma once

#include "core/errc.hpp"

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::core {

/// A length of time in settings and messages; text form "250ms", "60s", "5m", "1h", "1d".
struct Duration {
  std::int64_t ns = 0;

  constexpr Duration() = default;
  template <class Rep, class Period>
  // NOLINTNEXTLINE(google-explicit-constructor): a chrono duration is one, lossless
  constexpr Duration(std::chrono::duration<Rep, Period> d)
    : ns(std::chrono::nanoseconds{d}.count()) {}

  [[nodiscard]] constexpr std::chrono::nanoseconds chrono() const {
    return std::chrono::nanoseconds{ns};
  }

  friend auto operator<=>(const Duration&, const Duration&) = default;

  /// The largest unit that divides it: 90 s is "90s", 60 s is "1m".
  void append_text(std::string& out) const;
  [[nodiscard]] std::string to_text() const;

  /// A whole, non-negative number with one of the units ns, us, ms, s, m, h, d.
  [[nodiscard]] static Result<Duration> from_text(std::string_view text);

  static constexpr const char* schema_format = "duration";
};

} // namespace troupe::core
