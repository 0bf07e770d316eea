#pragma once

#include "core/random.hpp"
#include "supervision/supervisor.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

/// The actor behind start_supervisor(). Not for users of the layer.
namespace troupe::supervision {

/// The watchdog gave up on a child.
struct ChildStuck {
  std::shared_ptr<ActorRecord> record;
};

/// A child that is a supervisor has started all its children.
struct SupervisorUp {
  std::string path;
  std::uint64_t epoch = 0;
};

/// A start function threw.
struct StartFailed {
  std::string child;
  std::uint64_t token = 0;
  std::string error;
};

/// A back-off is over.
struct RestartDue {
  std::string child; ///< empty: the group
  std::uint64_t token = 0;
};

/// A child's time to stop is over.
struct StopDue {
  std::string child;
  std::uint64_t token = 0;
};

/// An operator's orders.
struct RestartChild {
  std::string name;
};
struct KillChild {
  std::string name;
};

enum class Phase : std::uint8_t {
  DOWN,     ///< to be started
  STARTING, ///< a supervisor that has not reported yet
  RUNNING,
  STOPPING,
  WAITING, ///< for the end of its back-off
  ENDED,   ///< not to be started again
};

/// One child of a supervisor.
struct Child {
  std::shared_ptr<const ChildSpec> spec;
  std::string path;
  Phase phase = Phase::DOWN;
  caf::actor actor;
  std::shared_ptr<ActorRecord> record;
  std::uint64_t epoch = 0;
  std::uint64_t restarts = 0;
  std::string last_end; ///< reason of the predecessor's end
  unsigned attempt = 0; ///< restarts in a row
  std::chrono::nanoseconds started{0};
  std::uint64_t token = 0;    ///< of the newest timer; older ones are void
  bool killed = false;        ///< its deadline to stop passed
  bool on_own_thread = false; ///< a predecessor got stuck
  bool remove_when_stopped = false;
  bool restart_when_stopped = false;
  std::vector<caf::response_promise> stop_waiters;
  std::vector<caf::mailbox_element_ptr> queued; ///< left by the predecessor
  std::optional<CrashedMessage> retry;
};

enum class Mode : std::uint8_t {
  STARTING, ///< children from `group_from` on, in order
  RUNNING,
  GROUP_STOPPING, ///< children from `group_from` on, in reverse order
  GROUP_WAITING,  ///< for the back-off of the child that caused it
  SHUTTING_DOWN,
};

struct SupervisorState {
  SupervisorState() = default;
  SupervisorState(const SupervisorState&) = delete;
  SupervisorState& operator=(const SupervisorState&) = delete;
  /// A supervisor that is killed takes its children along.
  ~SupervisorState();
  static inline const char* name = "supervisor";
  std::shared_ptr<const SupervisorSpec> spec;
  std::string path; ///< empty for the root
  std::shared_ptr<Runtime> runtime;
  std::vector<std::unique_ptr<Child>> children; ///< in the order of the spec
  std::unordered_map<std::string, Child*> by_name;
  Mode mode = Mode::STARTING;
  std::size_t group_from = 0;
  std::chrono::nanoseconds group_delay{0}; ///< back-off of the child that caused it
  std::uint64_t group_token = 0;
  std::uint64_t last_token = 0;
  std::deque<std::chrono::nanoseconds> failures; ///< within the period
  caf::error end_reason;
  caf::actor parent; ///< told once all are up
  bool told_parent = false;
};

using Supervisor = StatefulActor<SupervisorState>;

caf::behavior supervisor_behavior(Supervisor* self,
                                  std::shared_ptr<const SupervisorSpec> spec,
                                  caf::actor parent);

// ---- supervisor_children.cpp: what happens to one child ---------------------------------------

void start_now(Supervisor* self, Child& child);
/// Asks it to end; its DOWN or its deadline follows.
void begin_stop(Supervisor* self, Child& child);
void kill_overdue(Supervisor* self, Child& child);
/// Takes note of an end: ring, table, legacy. @returns whether it was abnormal
bool note_end(Supervisor* self, Child& child, const caf::error& reason, bool stuck);
/// Takes it out of the registry and of its supervisor's care for good.
void retire(Supervisor* self, Child& child);
/// What the predecessor left and nobody will take.
void dispose_legacy(Supervisor* self, Child& child, std::string_view reason);
void publish_status(Supervisor* self, const Child& child);
[[nodiscard]] std::chrono::nanoseconds next_delay(Supervisor* self, Child& child);
[[nodiscard]] std::chrono::nanoseconds time_now(const Supervisor* self);
[[nodiscard]] bool is_normal_end(const caf::error& reason);
[[nodiscard]] bool is_alive(const Child& child);

} // namespace troupe::supervision

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::supervision::ChildStuck)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::supervision::SupervisorUp)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::supervision::StartFailed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::supervision::RestartDue)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::supervision::StopDue)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::supervision::RestartChild)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::supervision::KillChild)
