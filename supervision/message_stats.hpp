#pragma once

#include "core/describe.hpp"
#include "supervision/message_type.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace troupe::supervision {

/// Messages of one type at one actor.
struct MessageTypeInfo {
  std::string type;
  std::uint64_t waiting = 0;  ///< in the mailbox now
  std::uint64_t received = 0; ///< since the actor's start
  double busy_ms = 0.0;       ///< total time in its handler
  double max_us = 0.0;
};
BOOST_DESCRIBE_STRUCT(MessageTypeInfo, (), (type, waiting, received, busy_ms, max_us))

/// A message that was handled a moment ago.
struct RecentMessage {
  std::string type;
  double ago_ms = 0.0; ///< since it was done
  double took_us = 0.0;
};
BOOST_DESCRIBE_STRUCT(RecentMessage, (), (type, ago_ms, took_us))

/// Bytes that one core takes from another at once: x86-64 and most ARMs.
inline constexpr std::size_t cache_line = 64;

/// What waits at an actor and what it handled last, by type. Any thread enters, the actor handles,
/// any thread reads: no locks. Beyond `slots` types all others count as one, "(other types)".
class MessageStats {
public:
  static constexpr std::size_t slots = 16;
  static constexpr std::size_t recent_max = 16;

  void on_enter(MessageType type) noexcept;
  void on_leave(MessageType type) noexcept;
  /// By the actor only.
  void on_handled(MessageType type, std::int64_t now_ns, std::int64_t took_ns) noexcept;

  /// Types that were seen, those with the most waiting first.
  [[nodiscard]] std::vector<MessageTypeInfo> types() const;
  /// The newest first.
  [[nodiscard]] std::vector<RecentMessage> recent(std::int64_t now_ns) const;

private:
  static constexpr auto relaxed = std::memory_order_relaxed;
  /// Of the actor's own thread.
  struct Done {
    std::atomic<std::uint64_t> left{0};
    std::atomic<std::int64_t> busy_ns{0};
    std::atomic<std::int64_t> max_ns{0};
  };
  struct Recent {
    std::atomic<MessageType> type{no_message_type};
    std::atomic<std::int64_t> done_ns{0};
    std::atomic<std::int64_t> took_ns{0};
  };
  [[nodiscard]] std::size_t slot(MessageType type) noexcept;

  // By slot; the last is for all other types. What senders write lies apart from what the actor
  // writes: they would take the cache line from each other with every message.
  alignas(cache_line) std::array<std::atomic<MessageType>, slots + 1> types_{};
  alignas(cache_line) std::array<std::atomic<std::uint64_t>, slots + 1> entered_{};
  alignas(cache_line) std::array<Done, slots + 1> done_{};
  std::array<Recent, recent_max> recent_{};
  std::atomic<std::uint64_t> handled_{0};
};

} // namespace troupe::supervision
