#pragma once

#include "core/duration.hpp"

#include <chrono>
#include <cstdint>

namespace troupe::venues::binance::server {

/// Limits as the venue documents them.
struct Limits {
  std::int64_t weight_per_minute = 6'000;                 ///< per address
  core::Duration weight_window = std::chrono::minutes{1}; ///< in place of the minute; whole seconds
  std::int64_t raw_requests_per_5_minutes = 61'000;
  std::int64_t orders_per_10_seconds = 50; ///< per account, unfilled ones
  std::int64_t orders_per_day = 160'000;
  std::int64_t ban_after = 20;                  ///< requests beyond the limit before a ban
  core::Duration ban = std::chrono::minutes{2}; ///< the first; each further one is twice as long
  std::int64_t messages_per_second = 5;         ///< from a client of the market streams
  std::int64_t connections_per_5_minutes = 300; ///< per address
  std::int64_t streams_per_connection = 1'024;
  core::Duration connection_lifetime = std::chrono::hours{24};
  core::Duration listen_key_lifetime = std::chrono::minutes{60};
};

/// How the venue writes the length of a limit's window.
struct LimitInterval {
  const char* unit;
  int count;
};
[[nodiscard]] constexpr LimitInterval interval_of(core::Duration window) {
  const auto seconds = static_cast<int>(window.ns / 1'000'000'000);
  return seconds % 60 == 0 ? LimitInterval{"MINUTE", seconds / 60}
                           : LimitInterval{"SECOND", seconds};
}

} // namespace troupe::venues::binance::server
