#pragma once

#include "core/errc.hpp"

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::core {

/// A point in time: nanoseconds since 1970-01-01T00:00:00 UTC, without leap seconds.
/// Reaches from 1677 to 2262. In JSON: RFC 3339 with nanoseconds and a Z.
struct Timestamp {
  std::int64_t ns = 0;

  friend auto operator<=>(const Timestamp&, const Timestamp&) = default;

  [[nodiscard]] static constexpr Timestamp from_ms(std::int64_t ms) { return {ms * 1'000'000}; }

  /// "2024-08-08T23:54:14.087891268Z", always nine fractional digits.
  [[nodiscard]] std::string to_text() const;

  /// Appends what to_text() returns; no allocation beyond the string's own growth.
  void append_text(std::string& out) const;

  /// Reads RFC 3339: any number of fractional digits up to nine, Z or a numeric offset.
  [[nodiscard]] static Result<Timestamp> from_text(std::string_view text);

  static constexpr const char* schema_format = "date-time";
};

constexpr Timestamp operator+(Timestamp t, std::chrono::nanoseconds d) {
  return {t.ns + d.count()};
}
constexpr Timestamp operator-(Timestamp t, std::chrono::nanoseconds d) {
  return {t.ns - d.count()};
}
constexpr std::chrono::nanoseconds operator-(Timestamp a, Timestamp b) {
  return std::chrono::nanoseconds{a.ns - b.ns};
}

/// Start of the interval of length `step` that holds `t`, counted from the epoch.
constexpr Timestamp floor(Timestamp t, std::chrono::nanoseconds step) {
  const auto n = step.count();
  const auto rest = t.ns % n;
  return {t.ns - (rest < 0 ? rest + n : rest)};
}

} // namespace troupe::core
