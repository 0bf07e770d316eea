#pragma once

#include "core/clock.hpp"
#include "core/describe.hpp"
#include "core/time.hpp"
#include "supervision/message_stats.hpp"
#include "supervision/message_type.hpp"
#include "supervision/trace.hpp"

#include <caf/actor.hpp>
#include <caf/actor_addr.hpp>
#include <caf/mailbox_element.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace troupe::supervision {

enum class ActorState : std::uint8_t {
  RUNNING,
  RESTARTING, ///< ended, its supervisor will start it again
  STOPPED,    ///< ended for good
  ZOMBIE,     ///< its handler does not return; a replacement runs in its place
};
BOOST_DESCRIBE_ENUM(ActorState, RUNNING, RESTARTING, STOPPED, ZOMBIE)

/// What the inspector shows of one actor.
struct ActorInfo {
  std::string path;
  std::string name;    ///< last part of the path
  std::string service; ///< first part of the path
  std::string parent;
  ActorState state = ActorState::RUNNING;
  std::uint64_t epoch = 0; ///< counts the starts at this path
  core::Timestamp started;
  std::uint64_t restarts = 0;
  bool detached = false;
  std::uint64_t mailbox = 0; ///< messages that wait
  std::uint64_t mailbox_cap = 0;
  std::uint64_t received = 0; ///< messages taken into the mailbox since the start
  std::uint64_t handled = 0;
  std::uint64_t sent = 0;     ///< to instrumented actors of this process
  std::uint64_t rejected = 0; ///< refused because the mailbox was full
  double busy_s = 0.0;        ///< total time in handlers
  double p50_us = 0.0;        ///< of handling times, upper bound of the power of two it falls into
  double p99_us = 0.0;
  double max_us = 0.0;
  std::string current_message; ///< type that is being handled; empty when idle
  double current_ms = 0.0;     ///< for how long
  double oldest_waiting_ms = 0.0;
  std::string last_error;
};
BOOST_DESCRIBE_STRUCT(ActorInfo,
                      (),
                      (path,
                       name,
                       service,
                       parent,
                       state,
                       epoch,
                       started,
                       restarts,
                       detached,
                       mailbox,
                       mailbox_cap,
                       received,
                       handled,
                       sent,
                       rejected,
                       busy_s,
                       p50_us,
                       p99_us,
                       max_us,
                       current_message,
                       current_ms,
                       oldest_waiting_ms,
                       last_error))

/// How a child's life ended.
struct ChildEnd {
  std::string path;
  core::Timestamp at;
  std::uint64_t epoch = 0;
  std::string reason;       ///< normal, user_shutdown, kill, exception, stuck, ...
  std::string error;        ///< text of the exception or error
  std::string last_message; ///< type of the message that was being or was last handled
  bool abnormal = false;
};
BOOST_DESCRIBE_STRUCT(ChildEnd, (), (path, at, epoch, reason, error, last_message, abnormal))

/// A supervisor or a child of one, in the tree that the inspector shows.
struct TreeNode {
  std::string path;
  std::string name;
  std::string kind;     ///< supervisor or worker
  std::string strategy; ///< of a supervisor
  std::string restart;  ///< permanent, transient or temporary
  ActorState state = ActorState::RUNNING;
  std::uint64_t epoch = 0;
  std::uint64_t restarts = 0;
  std::string last_error;
  std::uint64_t mailbox = 0;
  std::vector<TreeNode> children;
};
BOOST_DESCRIBE_STRUCT(
  TreeNode,
  (),
  (path, name, kind, strategy, restart, state, epoch, restarts, last_error, mailbox, children))

/// The message that a crashed actor was handling, kept for its supervisor.
struct CrashedMessage {
  MessageType type = no_message_type;
  caf::strong_actor_ptr sender;
  caf::message content; ///< empty where it was a request or a system message: never tried again
  bool was_retry = false;
};

/// Counters of one actor: one writer (the actor), readers on any thread.
class ActorRecord {
public:
  static constexpr std::size_t buckets = 40; ///< powers of two of nanoseconds, up to 18 minutes

  std::uint64_t id = 0;
  std::string path;
  std::string service;
  std::string parent;
  std::uint64_t epoch = 0;
  core::Timestamp started;
  std::size_t mailbox_cap = 0;
  bool detached = false;
  bool supervised = false;
  std::chrono::nanoseconds health_deadline{0};
  caf::actor_addr supervisor;

  [[nodiscard]] std::uint64_t depth() const noexcept {
    const auto out = left.load(std::memory_order_acquire);
    const auto in = entered.load(std::memory_order_acquire);
    return in > out ? in - out : 0;
  }
  /// Whether mailbox_cap messages wait. Exact where they do; looks at what the actor writes only
  /// then.
  [[nodiscard]] bool is_full() noexcept;
  void on_enter(MessageType type) noexcept;
  void on_leave(MessageType type) noexcept;
  void on_begin(MessageType type, std::int64_t now_ns) noexcept;
  void on_end(MessageType type, std::int64_t now_ns) noexcept;
  void set_error(std::string text);
  [[nodiscard]] std::string error() const;
  [[nodiscard]] ActorInfo info(std::int64_t now_ns) const;

  std::atomic<ActorState> state{ActorState::RUNNING};
  std::atomic<std::uint64_t> restarts{0};
  std::atomic<bool> traced{false}; ///< some trace follows this actor

  // Written by whoever sends.
  alignas(cache_line) std::atomic<std::uint64_t> entered{0};
  std::atomic<std::uint64_t> rejected{0};
  std::atomic<std::uint64_t> conflated{0}; ///< events replaced by newer ones before they were seen

private:
  std::atomic<std::uint64_t> left_seen_{0}; ///< by is_full, when it last had to look

  /// One message at a time is followed through the queue, to know how long the oldest waits. Read
  /// by all, seldom written.
  alignas(cache_line) std::atomic<std::uint64_t> probe_at_{0};
  std::atomic<std::int64_t> probe_ns_{0};

public:
  // Written by the actor's own thread: apart, or each would take the cache line from the other
  // with every message.
  alignas(cache_line) std::atomic<std::uint64_t> left{0};
  std::atomic<std::uint64_t> handled{0};
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::int64_t> busy_ns{0};
  std::atomic<std::int64_t> max_ns{0};
  std::atomic<MessageType> current{no_message_type};
  std::atomic<MessageType> last{no_message_type};
  std::atomic<std::int64_t> since_ns{0};
  std::array<std::atomic<std::uint32_t>, buckets> histogram{};
  MessageStats messages;

  /// What the actor left behind when it ended: its supervisor passes it on or disposes of it.
  struct Legacy {
    std::vector<caf::mailbox_element_ptr> queued;
    std::optional<CrashedMessage> crashed;
  };
  /// @returns what was given where nobody will take it: the supervisor is gone
  [[nodiscard]] std::optional<Legacy> leave(Legacy legacy);
  /// Its supervisor is gone.
  void orphan();
  [[nodiscard]] Legacy take_legacy();

private:
  mutable std::mutex mutex_;
  std::string error_;
  Legacy legacy_;
  bool orphaned_ = false;
};

/// Figures of all actors of one kind since the node's start, those that ended included.
struct ActorTotals {
  std::string service;
  std::string group;         ///< group_of(path)
  std::uint64_t actors = 0;  ///< that run now
  std::uint64_t mailbox = 0; ///< messages that wait now
  std::uint64_t received = 0;
  std::uint64_t handled = 0;
  std::uint64_t sent = 0;
  std::uint64_t rejected = 0;
  std::uint64_t conflated = 0;
  std::int64_t busy_ns = 0;
  std::array<std::uint64_t, ActorRecord::buckets> histogram{};

  void add(const ActorRecord& record);
};

/// Restarts of one kind of actor for one reason.
struct RestartCount {
  std::string service;
  std::string group;
  std::string reason;
  std::uint64_t count = 0;
};

/// The path with the names of dynamic children (instruments, numbered actors) replaced by "*": so
/// that the number of groups does not grow with the number of symbols.
[[nodiscard]] std::string group_of(std::string_view path);
/// The run of a handler that this thread is in, "path@epoch#n" for the n-th message of that life:
/// what caused whatever happens now. Empty outside of any.
[[nodiscard]] std::string cause_of_now();

/// What a supervisor tells of a child.
struct ChildStatus {
  std::string path;
  std::string kind;
  std::string strategy;
  std::string restart;
  ActorState state = ActorState::RUNNING;
  std::uint64_t epoch = 0;
  std::uint64_t restarts = 0;
  std::string last_error;
  std::deque<ChildEnd> ends; ///< the newest 64
  caf::actor_addr supervisor;
};

/// Orders paths so that a parent stands right before what is below it.
struct PathLess {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
      return (x == '/' ? '\0' : x) < (y == '/' ? '\0' : y);
    });
  }
};

/// All instrumented actors of this process. Any thread may call.
class ActorTable {
public:
  static constexpr std::size_t ends_per_child = 64;

  // ---- for the inspector
  [[nodiscard]] std::vector<ActorInfo> actors() const;
  /// The newest actor at the path, or the child that is not running there.
  [[nodiscard]] std::optional<ActorInfo> actor(std::string_view path) const;
  /// Supervisors and their children under `path`; everything for an empty path.
  [[nodiscard]] std::vector<TreeNode> tree(std::string_view path = {}) const;
  /// Ends of the child at the path, oldest first; of all children for an empty path.
  [[nodiscard]] std::vector<ChildEnd> ends(std::string_view path = {}) const;
  /// By group; counters never go back, whatever ends.
  [[nodiscard]] std::vector<ActorTotals> totals() const;
  [[nodiscard]] std::vector<RestartCount> restart_counts() const;
  /// Follows messages; the caller ends it with end_trace().
  [[nodiscard]] core::Result<std::shared_ptr<Trace>> start_trace(TraceRequest request);
  void end_trace(const std::shared_ptr<Trace>& trace);
  [[nodiscard]] std::uint64_t zombies() const noexcept {
    return zombies_.load(std::memory_order_relaxed);
  }
  /// Zombies that hold a thread of CAF's scheduler.
  [[nodiscard]] std::uint64_t scheduler_zombies() const noexcept {
    return scheduler_zombies_.load(std::memory_order_relaxed);
  }

  // ---- for the layer itself
  void add(const std::shared_ptr<ActorRecord>& record);
  void remove(const ActorRecord& record);
  [[nodiscard]] std::shared_ptr<ActorRecord> find(std::string_view path) const;
  [[nodiscard]] std::vector<std::shared_ptr<ActorRecord>> records() const;
  [[nodiscard]] std::uint64_t next_id() noexcept { return ++last_id_; }
  void update_child(const std::string& path, const std::function<void(ChildStatus&)>& change);
  void remove_child(std::string_view path);
  void count_restart(std::string_view path, std::string_view reason);
  [[nodiscard]] TraceBook& traces() noexcept { return traces_; }
  [[nodiscard]] std::optional<ChildStatus> child(std::string_view path) const;
  /// RUNNING to ZOMBIE; false where someone was faster.
  bool declare_zombie(ActorRecord& record);
  void zombie_ended(const ActorRecord& record);

private:
  static constexpr std::size_t groups_max = 4096; ///< beyond: counted under "other"
  [[nodiscard]] std::string counted_group(std::string_view path) const;
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::shared_ptr<ActorRecord>> records_;
  std::map<std::string, ActorTotals, std::less<>> ended_; ///< by group
  std::map<std::pair<std::string, std::string>, RestartCount> restarts_;
  TraceBook traces_;
  std::map<std::string, std::uint64_t, std::less<>> newest_;
  std::map<std::string, ChildStatus, PathLess> children_;
  std::atomic<std::uint64_t> last_id_{0};
  std::atomic<std::uint64_t> zombies_{0};
  std::atomic<std::uint64_t> scheduler_zombies_{0};
};

} // namespace troupe::supervision
