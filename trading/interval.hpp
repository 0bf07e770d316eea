#pragma once

#include "core/time.hpp"

#include <array>
#include <chrono>
#include <compare>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::core {
class SettingsCheck;
}

namespace troupe::trading {

/// Length of a bar: one of a fixed list, written "1s", "1m", "5m", "15m", "1h", "4h", "1d". Each
/// length divides every longer one, and bars are aligned to the epoch in UTC, so that a long bar
/// is always the sum of whole shorter ones. Default 1m.
class Interval {
public:
  struct Entry {
    std::string_view text;
    std::chrono::nanoseconds duration;
  };
  /// The allowed lengths, ascending.
  static constexpr std::array<Entry, 7> all{{{"1s", std::chrono::seconds{1}},
                                             {"1m", std::chrono::minutes{1}},
                                             {"5m", std::chrono::minutes{5}},
                                             {"15m", std::chrono::minutes{15}},
                                             {"1h", std::chrono::hours{1}},
                                             {"4h", std::chrono::hours{4}},
                                             {"1d", std::chrono::hours{24}}}};

  constexpr Interval() = default;
  /// The interval at a position of `all`; @pre index < all.size(), else a lookup throws
  [[nodiscard]] static constexpr Interval at(std::size_t index) {
    Interval value;
    value.index_ = static_cast<std::uint8_t>(index);
    return value;
  }
  [[nodiscard]] constexpr std::size_t index() const { return index_; }

  [[nodiscard]] constexpr std::chrono::nanoseconds duration() const {
    return all.at(index_).duration;
  }
  /// Start of the bar that holds `t`.
  [[nodiscard]] constexpr core::Timestamp open_of(core::Timestamp t) const {
    return core::floor(t, duration());
  }
  /// Exclusive end of the bar that holds `t`.
  [[nodiscard]] constexpr core::Timestamp close_of(core::Timestamp t) const {
    return open_of(t) + duration();
  }

  friend constexpr auto operator<=>(Interval, Interval) = default;

  void append_text(std::string& out) const { out += all.at(index_).text; }
  [[nodiscard]] std::string to_text() const { return std::string(all.at(index_).text); }
  /// @returns INVALID_ARGUMENT that lists the allowed ones
  [[nodiscard]] static core::Result<Interval> from_text(std::string_view text);
  /// "one of 1s, 1m, ..."
  [[nodiscard]] static std::string expected();

  static constexpr const char* schema_format = "interval";

private:
  std::uint8_t index_ = 1;
};

namespace intervals {
inline constexpr Interval s1 = Interval::at(0);
inline constexpr Interval m1 = Interval::at(1);
inline constexpr Interval m5 = Interval::at(2);
inline constexpr Interval m15 = Interval::at(3);
inline constexpr Interval h1 = Interval::at(4);
inline constexpr Interval h4 = Interval::at(5);
inline constexpr Interval d1 = Interval::at(6);
} // namespace intervals

/// Adds a problem for each text of the setting "intervals" that is no interval, or there twice.
void check_intervals(const std::vector<std::string>& intervals, core::SettingsCheck& check);

} // namespace troupe::trading
