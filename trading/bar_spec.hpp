#pragma once

#include "core/decimal.hpp"
#include "trading/interval.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::trading {

/// What makes a bar complete: a stretch of time ("1m"), or a number of trades ("tick:100"), a
/// volume in the base currency ("volume:10"), a value in the quote currency ("value:100000").
/// Default 1m.
class BarSpec {
public:
  enum class Kind : std::uint8_t { TIME, TICK, VOLUME, VALUE };

  static constexpr std::int64_t threshold_max = 1'000'000'000'000; ///< trades, units

  BarSpec() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): every interval is one
  BarSpec(Interval interval) : interval_(interval) {}

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] bool is_time() const { return kind_ == Kind::TIME; }
  /// @pre is_time()
  [[nodiscard]] Interval interval() const { return interval_; }
  /// Trades for TICK, raw quantity for VOLUME, raw money for VALUE: what a bar adds up to at least.
  [[nodiscard]] core::int128 threshold() const { return threshold_; }

  friend auto operator<=>(const BarSpec&, const BarSpec&) = default;

  void append_text(std::string& out) const;
  [[nodiscard]] std::string to_text() const;
  /// The shortest form only, so that one spec has one name: "volume:10", not "volume:10.0".
  /// @returns INVALID_ARGUMENT that lists what is allowed
  [[nodiscard]] static core::Result<BarSpec> from_text(std::string_view text);
  /// "one of 1s, 1m, ..., tick:N, volume:N, value:N"
  [[nodiscard]] static std::string expected();

  static constexpr const char* schema_format = "bar-spec";

private:
  Kind kind_ = Kind::TIME;
  Interval interval_;
  core::int128 threshold_ = 0;
  std::string text_; ///< of kinds other than TIME
};

} // namespace troupe::trading
