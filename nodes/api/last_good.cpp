#include "nodes/api/last_good.hpp"

#include <algorithm>

namespace troupe::api {

LastGood::LastGood(core::Duration ttl, std::size_t entries_max)
  : ttl_(ttl), entries_max_(std::max<std::size_t>(entries_max, 1)) {}

void LastGood::store(const std::string& request, const EncodedReply& reply, std::int64_t now_ns) {
  const std::lock_guard lock{mutex_};
  if (const auto at = entries_.find(request); at != entries_.end()) {
    order_.splice(order_.end(), order_, at->second.order);
    at->second.reply = reply;
    at->second.stored_ns = now_ns;
    return;
  }
  if (entries_.size() >= entries_max_) {
    entries_.erase(order_.front());
    order_.pop_front();
  }
  order_.push_back(request);
  entries_.emplace(request, Entry{reply, now_ns, std::prev(order_.end())});
}

std::optional<EncodedReply> LastGood::find(const std::string& request, std::int64_t now_ns) {
  const std::lock_guard lock{mutex_};
  const auto at = entries_.find(request);
  if (at == entries_.end() || now_ns - at->second.stored_ns > ttl_.ns) {
    return std::nullopt;
  }
  auto reply = at->second.reply;
  reply.meta.quality = trading::worse(reply.meta.quality, trading::Quality::degraded);
  reply.meta.source = "cache";
  constexpr std::int64_t ns_per_ms = 1'000'000;
  reply.meta.age_ms = reply.meta.age_ms.value_or(0) + (now_ns - at->second.stored_ns) / ns_per_ms;
  return reply;
}

std::size_t LastGood::size() const {
  const std::lock_guard lock{mutex_};
  return entries_.size();
}

} // namespace troupe::api
