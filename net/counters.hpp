#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace troupe::net {

/// What a server counts; read from any thread at any time. Totals unless it says otherwise.
struct ServerCounters {
  using Counter = std::atomic<std::uint64_t>;

  /// Upper bounds of the latency buckets; the last bucket has none.
  static constexpr std::array<std::int64_t, 11> latency_bounds_ns{
    50'000,     100'000,    250'000,     500'000,       1'000'000,    2'500'000,
    10'000'000, 50'000'000, 250'000'000, 1'000'000'000, 5'000'000'000};

  std::array<Counter, 6> requests_by_class{}; ///< index: status / 100
  std::array<Counter, latency_bounds_ns.size() + 1> latency_buckets{};
  Counter latency_sum_ns{0};
  Counter rate_limited{0}; ///< answered with 429
  Counter bytes_in{0};
  Counter bytes_out{0};
  Counter connections_accepted{0};
  Counter connections_refused{0}; ///< over a limit
  Counter connections_open{0};    ///< now, WebSockets among them
  Counter websockets_opened{0};
  Counter websockets_open{0}; ///< now
  Counter websocket_messages_in{0};
  Counter websocket_frames_out{0};
  Counter websocket_frames_conflated{0}; ///< replaced by a newer one before they were sent
  Counter websocket_cut_off{0};          ///< slow consumers

  void count_request(unsigned status, std::int64_t latency_ns) noexcept {
    constexpr auto relaxed = std::memory_order_relaxed;
    requests_by_class[status / 100 < 6 ? status / 100 : 5].fetch_add(1, relaxed);
    latency_sum_ns.fetch_add(static_cast<std::uint64_t>(latency_ns), relaxed);
    std::size_t bucket = 0;
    while (bucket < latency_bounds_ns.size() && latency_ns > latency_bounds_ns[bucket]) {
      ++bucket;
    }
    latency_buckets[bucket].fetch_add(1, relaxed);
  }
};

} // namespace troupe::net
