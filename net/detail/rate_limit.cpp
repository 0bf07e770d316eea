// clang-format off
#include <utility>
#include "net/detail/rate_limit.hpp"
// clang-format on

#include <boost/asio/ip/address.hpp>

#include <algorithm>

namespace troupe::net::detail {

std::int64_t RateBucket::take(std::int64_t now_ns, const RateLimit& limit) noexcept {
  if (limit.requests == 0) {
    return 0;
  }
  const auto share_ns =
    std::max<std::int64_t>(1, limit.per.ns / static_cast<std::int64_t>(limit.requests));
  const auto ahead_max_ns = share_ns * (static_cast<std::int64_t>(limit.requests) - 1);
  auto scheduled_ns = scheduled_ns_.load(std::memory_order_relaxed);
  while (true) {
    const auto start_ns = std::max(scheduled_ns, now_ns);
    if (start_ns - now_ns > ahead_max_ns) {
      return start_ns - now_ns - ahead_max_ns;
    }
    if (scheduled_ns_.compare_exchange_weak(scheduled_ns, start_ns + share_ns,
                                            std::memory_order_relaxed)) {
      return 0;
    }
  }
}

namespace rate_keys {

std::string of(std::string_view subject, const std::string& address) {
  if (!subject.empty()) {
    return "token " + std::string(subject);
  }
  boost::system::error_code error;
  const auto parsed = boost::asio::ip::make_address(address, error);
  if (error || !parsed.is_v6()) {
    return address;
  }
  auto bytes = parsed.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  return boost::asio::ip::make_address_v6(bytes).to_string();
}

} // namespace rate_keys

std::shared_ptr<Caller>
RateLimiter::caller(std::string_view subject, const std::string& address, std::int64_t now_ns) {
  auto key = rate_keys::of(subject, address);
  const std::lock_guard lock{mutex_};
  if (const auto at = callers_.find(key); at != callers_.end()) {
    return at->second;
  }
  if (callers_.size() >= limits_.callers_max) {
    forget_idle(now_ns);
  }
  if (callers_.size() >= limits_.callers_max) {
    return others_;
  }
  return callers_.emplace(std::move(key), std::make_shared<Caller>()).first->second;
}

void RateLimiter::forget_idle(std::int64_t now_ns) {
  std::erase_if(callers_, [now_ns](const auto& entry) {
    const auto& [key, caller] = entry;
    return caller.use_count() == 1 && caller->reads.is_full(now_ns)
           && caller->commands.is_full(now_ns);
  });
}

const RateLimit& RateLimiter::limit_of(std::string_view scope) const noexcept {
  return scope == "trade" || scope == "admin" ? limits_.command : limits_.read;
}

std::int64_t
RateLimiter::take(Caller& caller, std::string_view scope, std::int64_t now_ns) const noexcept {
  const auto& limit = limit_of(scope);
  return (&limit == &limits_.command ? caller.commands : caller.reads).take(now_ns, limit);
}

std::size_t RateLimiter::size() const {
  const std::lock_guard lock{mutex_};
  return callers_.size();
}

} // namespace troupe::net::detail
