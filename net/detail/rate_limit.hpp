#pragma once

#include "net/server_settings.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace troupe::net::detail {

/// One allowance as a virtual schedule (the generic cell rate algorithm, ITU-T I.371): a request
/// moves the schedule on by its share of the period, and is refused where that would run more than
/// a period ahead of the clock. So `requests` may come at once, and that many per period for ever.
/// Shared by all server threads, without a lock.
class RateBucket {
public:
  /// Takes one request. @pre limit.requests <= 10^9, limit.per above 0  @param now_ns
  /// core::monotonic_ns()
  /// @returns 0, or nanoseconds until the next one would be taken
  [[nodiscard]] std::int64_t take(std::int64_t now_ns, const RateLimit& limit) noexcept;
  /// Whether the whole allowance is there, as if nobody had ever asked.
  [[nodiscard]] bool is_full(std::int64_t now_ns) const noexcept {
    return scheduled_ns_.load(std::memory_order_relaxed) <= now_ns;
  }

private:
  std::atomic<std::int64_t> scheduled_ns_{0};
};

/// What one token, or one address without a token, may still ask.
struct Caller {
  RateBucket reads;
  RateBucket commands;
};

/// The callers of a server. Bounded: where too many are about, the newest share one allowance.
class RateLimiter {
public:
  explicit RateLimiter(RateLimits limits) : limits_(std::move(limits)) {}

  [[nodiscard]] bool is_on() const noexcept {
    return limits_.read.requests != 0 || limits_.command.requests != 0;
  }
  /// @param subject  whose token it is; empty: the address counts (of IPv6 its /64, for that is
  ///                 what one host has at its disposal)
  [[nodiscard]] std::shared_ptr<Caller>
  caller(std::string_view subject, const std::string& address, std::int64_t now_ns);
  /// Takes one request of the scope. @returns as RateBucket::take
  [[nodiscard]] std::int64_t
  take(Caller& caller, std::string_view scope, std::int64_t now_ns) const noexcept;
  [[nodiscard]] const RateLimit& limit_of(std::string_view scope) const noexcept;
  [[nodiscard]] std::size_t size() const;

private:
  void forget_idle(std::int64_t now_ns);

  const RateLimits limits_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<Caller>> callers_;
  const std::shared_ptr<Caller> others_ = std::make_shared<Caller>();
};

} // namespace troupe::net::detail
