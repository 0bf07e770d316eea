#include "supervision/solver.hpp"

#include "supervision/ask.hpp"

#include <utility>

namespace troupe::supervision {

namespace {

struct SolverState {
  static inline const char* name = "solver";
};
using SolverSelf = StatefulActor<SolverState>;

caf::result<WorkDone> on_work(SolverSelf*, const Work& work) {
  auto result = (*work.run)();
  if (!result) {
    return WorkDone{{}, result.error()};
  }
  return WorkDone{std::move(*result), {}};
}

caf::behavior solver_behavior(SolverSelf* self) {
  return {handle<Work>(self, on_work)};
}

} // namespace

ChildSpec solver(std::string name, std::chrono::nanoseconds deadline) {
  return {
    .name = std::move(name),
    .start = [](StartContext& context) { return context.spawn(solver_behavior); },
    .backoff = quick_backoff,
    .detached = true,
    .health_deadline = deadline,
  };
}

} // namespace troupe::supervision
