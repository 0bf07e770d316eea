#pragma once

#include "supervision/actor.hpp"
#include "supervision/solver.hpp"

#include <chrono>
#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace troupe::supervision {

/// Hands work to solvers, each one piece at a time, oldest first; what waits is bounded. Part of
/// one actor's state, used on its thread only.
class SolverPool {
public:
  using Done = std::function<void(const core::Result<caf::message>&)>;

  /// @param paths     of the solvers
  /// @param work_max  after which a solver has ended its work or was given up and replaced
  SolverPool(std::vector<std::string> paths,
             std::size_t waiting_max,
             std::chrono::nanoseconds work_max);

  /// `done` is called exactly once, unless the actor ends before: with the result, with what the
  /// work answered, OVERLOADED at once where too much waits, TIMEOUT after the deadline (waiting
  /// included) or `work_max` of work, or ACTOR_DOWN or INTERNAL where the solver crashed over it.
  void submit(Actor* self, Work work, std::chrono::nanoseconds deadline, Done done);

  /// Hands out what waits and ends what has waited too long; to be called now and then, since a
  /// solver's return is not announced.
  void tick(Actor* self);

  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

private:
  struct Job {
    Work work;
    std::chrono::nanoseconds expires; ///< actor clock
    Done done;
  };
  struct Slot {
    std::string path;
    bool busy = false;
    std::uint64_t epoch = 0;           ///< of the solver that is busy: its successor is not
    std::chrono::nanoseconds since{0}; ///< actor clock
  };
  void run(Actor* self, std::size_t slot, const caf::actor& solver, Job job);

  std::vector<Slot> slots_;
  std::size_t waiting_max_;
  std::chrono::nanoseconds work_max_;
  std::deque<Job> waiting_;
};

} // namespace troupe::supervision
