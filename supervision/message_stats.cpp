#include "supervision/message_stats.hpp"

#include <algorithm>

namespace troupe::supervision {

namespace message_stats {

std::size_t first_slot(MessageType type) noexcept {
  // Most types are addresses of aligned objects: their low bits say nothing.
  return ((type >> 4U) ^ (type >> 9U)) % MessageStats::slots;
}

std::string name_of(MessageType type) {
  return type == no_message_type ? "(other types)" : message_type_name(type);
}

} // namespace message_stats

std::size_t MessageStats::slot(MessageType type) noexcept {
  auto at = message_stats::first_slot(type);
  for (std::size_t i = 0; i < slots; ++i, at = (at + 1) % slots) {
    auto& candidate = types_[at];
    auto found = candidate.load(relaxed);
    if (found == no_message_type) {
      candidate.compare_exchange_strong(found, type, relaxed);
      found = candidate.load(relaxed);
    }
    if (found == type) {
      return at;
    }
  }
  return slots;
}

void MessageStats::on_enter(MessageType type) noexcept {
  entered_[slot(type)].fetch_add(1, relaxed);
}

void MessageStats::on_leave(MessageType type) noexcept {
  auto& left = done_[slot(type)].left; // one writer: no read-modify-write needed
  left.store(left.load(relaxed) + 1, relaxed);
}

void MessageStats::on_handled(MessageType type,
                              std::int64_t now_ns,
                              std::int64_t took_ns) noexcept {
  auto& of = done_[slot(type)];
  of.busy_ns.store(of.busy_ns.load(relaxed) + took_ns, relaxed);
  if (took_ns > of.max_ns.load(relaxed)) {
    of.max_ns.store(took_ns, relaxed);
  }
  const auto number = handled_.load(relaxed);
  auto& last = recent_[number % recent_max];
  last.type.store(type, relaxed);
  last.done_ns.store(now_ns, relaxed);
  last.took_ns.store(took_ns, relaxed);
  handled_.store(number + 1, std::memory_order_release);
}

std::vector<MessageTypeInfo> MessageStats::types() const {
  std::vector<MessageTypeInfo> all;
  for (std::size_t i = 0; i <= slots; ++i) {
    const auto& of = done_[i];
    const auto left = of.left.load(relaxed);
    const auto entered = entered_[i].load(relaxed);
    if (entered == 0) {
      continue;
    }
    all.push_back({message_stats::name_of(types_[i].load(relaxed)),
                   entered > left ? entered - left : 0, entered,
                   static_cast<double>(of.busy_ns.load(relaxed)) / 1e6,
                   static_cast<double>(of.max_ns.load(relaxed)) / 1e3});
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a.waiting != b.waiting ? a.waiting > b.waiting : a.received > b.received;
  });
  return all;
}

std::vector<RecentMessage> MessageStats::recent(std::int64_t now_ns) const {
  std::vector<RecentMessage> all;
  const auto handled = handled_.load(std::memory_order_acquire);
  for (std::uint64_t i = 1; i <= std::min<std::uint64_t>(handled, recent_max); ++i) {
    const auto& one = recent_[(handled - i) % recent_max];
    const auto ago = std::max<std::int64_t>(now_ns - one.done_ns.load(relaxed), 0);
    all.push_back({message_stats::name_of(one.type.load(relaxed)), static_cast<double>(ago) / 1e6,
                   static_cast<double>(one.took_ns.load(relaxed)) / 1e3});
  }
  return all;
}

} // namespace troupe::supervision
