#pragma once

#include "core/describe.hpp"
#include "core/errc.hpp"
#include "supervision/actor.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// Supervision trees with the semantics of Erlang/OTP's supervisor: declared as data, read as a
/// table. Names of strategies and restart classes are OTP's.
namespace troupe::supervision {

/// Which children are started again when one ends.
enum class Strategy : std::uint8_t {
  one_for_one,  ///< that one
  rest_for_one, ///< that one and those declared after it
  one_for_all,  ///< all
};
BOOST_DESCRIBE_ENUM(Strategy, one_for_one, rest_for_one, one_for_all)

/// Whether a child that ended is started again. Ends without an error, with exit_reason::normal or
/// with user_shutdown are normal; all others are abnormal.
enum class Restart : std::uint8_t {
  permanent, ///< always
  transient, ///< after an abnormal end
  temporary, ///< never
};
BOOST_DESCRIBE_ENUM(Restart, permanent, transient, temporary)

/// How long to wait before the n-th start in a row: min * factor^(n-1), at most max, varied by
/// `jitter` either way. A child that ran for `reset_after` begins anew. min = 0 starts at once.
struct Backoff {
  std::chrono::nanoseconds min = std::chrono::milliseconds{100};
  std::chrono::nanoseconds max = std::chrono::seconds{10};
  double factor = 2.0;
  double jitter = 0.2;
  std::chrono::nanoseconds reset_after = std::chrono::seconds{30};

  /// @param attempt  0 for the first restart in a row
  /// @param noise    uniform in [0, 1): seeded by the caller
  [[nodiscard]] std::chrono::nanoseconds delay(unsigned attempt, double noise) const;
};

/// For children that answer requests and hold nothing that must cool down: the first restarts come
/// within milliseconds, repeated ones slow down like any others.
inline constexpr Backoff quick_backoff{.min = std::chrono::milliseconds{1}};

/// What a start function gets. It spawns exactly one actor through it and returns its handle.
struct StartContext {
  Runtime& runtime;
  std::string path;
  std::uint64_t epoch = 1; ///< counts the starts of this child
  Identity identity{};

  /// Spawns a function-based actor whose first parameter is `Actor*` or `StatefulActor<State>*`;
  /// on a thread of its own where the spec says so.
  template <class F, class... Ts>
  [[nodiscard]] caf::actor spawn(F function, Ts&&... arguments) const {
    static_assert(std::is_base_of_v<Actor, caf::infer_impl_from_fun_t<F>>,
                  "the first parameter must be a pointer to troupe::supervision::Actor or to a "
                  "StatefulActor");
    const SpawnScope scope{identity};
    if (identity.detached) {
      return runtime.system.spawn<caf::detached>(std::move(function),
                                                 std::forward<Ts>(arguments)...);
    }
    return runtime.system.spawn(std::move(function), std::forward<Ts>(arguments)...);
  }

  /// Spawns a class derived from Actor.
  template <class Class, class... Ts>
  [[nodiscard]] caf::actor spawn_class(Ts&&... arguments) const {
    static_assert(std::is_base_of_v<Actor, Class>, "the class must derive from Actor");
    const SpawnScope scope{identity};
    if (identity.detached) {
      return runtime.system.spawn<Class, caf::detached>(std::forward<Ts>(arguments)...);
    }
    return runtime.system.spawn<Class>(std::forward<Ts>(arguments)...);
  }
};

using Start = std::function<caf::actor(StartContext&)>;

struct SupervisorSpec;

/// A child, declared. Either `start` or `supervisor` is set.
struct ChildSpec {
  std::string name{};
  Start start{};
  Restart restart = Restart::permanent;
  /// Time between the request to stop and the kill; 0 kills at once.
  std::chrono::nanoseconds shutdown = std::chrono::seconds{5};
  Backoff backoff{};
  std::size_t mailbox_cap = default_mailbox_cap;
  /// One-way messages through ServiceRef that are kept while the child is down.
  std::size_t hold = 0;
  bool detached = false; ///< on a thread of its own
  /// A handler that runs longer is stuck: the child is given up as a zombie and replaced. 0: never.
  std::chrono::nanoseconds health_deadline = std::chrono::seconds{2};
  /// Types of one-way messages that may be handled twice: one that crashed the child is tried once
  /// more on its replacement. All others, and those that crash twice, end in dead letters.
  std::vector<MessageType> idempotent{};
  std::shared_ptr<const SupervisorSpec> supervisor{};
};

struct SupervisorSpec {
  std::string name{};
  Strategy strategy = Strategy::one_for_one;
  /// More than `intensity` restarts within `period` and the supervisor gives up: stops its children
  /// and ends with an error, which is a restart for its own supervisor.
  unsigned intensity = 3;
  std::chrono::nanoseconds period = std::chrono::seconds{10};
  std::vector<ChildSpec> children{};
  /// Takes children at run time (StartChild, StopChild); its strategy must be one_for_one.
  bool dynamic = false;
  std::size_t children_max = 10'000;
};

/// A child that is a supervisor. Its shutdown deadline covers its children's.
[[nodiscard]] ChildSpec supervise(SupervisorSpec spec, Restart restart = Restart::permanent);

/// For ChildSpec::idempotent.
template <class... Messages>
[[nodiscard]] std::vector<MessageType> idempotent() {
  return {message_type<Messages>()...};
}

/// @returns INVALID_ARGUMENT that names the path and what is wrong with it
[[nodiscard]] core::Result<void> check(const SupervisorSpec& spec);

/// Starts a tree. @throws core::ErrorException where check(spec) fails
/// @param parent_path  prefix of the children's paths; the root's children have paths of their own
[[nodiscard]] caf::actor
start_supervisor(Runtime& runtime, SupervisorSpec spec, std::string_view parent_path = {});

// ---- messages to a dynamic supervisor (local only) and orders by path ------------------------

/// Answered with the caf::actor that was started; CONFLICT where the name is taken, OVERLOADED
/// where children_max is reached.
struct StartChild {
  std::shared_ptr<const ChildSpec> spec;
};

/// Answered with a StoppedChild once the child has ended.
struct StopChild {
  std::string name;
};
struct StoppedChild {
  std::string name;
};

/// One-way forms, by the supervisor's path; any thread may call.
/// @returns NOT_FOUND where no supervisor has that path
core::Result<void> start_child(Runtime& runtime, std::string_view supervisor_path, ChildSpec spec);
core::Result<void> stop_child(Runtime& runtime, std::string_view path);

/// Stops the child and starts it again; not counted as a failure. NOT_FOUND for an unknown path.
core::Result<void> restart_child(Runtime& runtime, std::string_view path);
/// Kills the child: an abnormal end, with all that follows from one.
core::Result<void> kill_child(Runtime& runtime, std::string_view path);

} // namespace troupe::supervision

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::supervision::StartChild)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::supervision::StopChild)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::supervision::StoppedChild)
