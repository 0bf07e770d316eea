#include "actors/correlation/solver_actor.hpp"

#include "supervision/ask.hpp"

#include <utility>

namespace troupe::correlation {

namespace {

struct SolverState {
  static inline const char* name = "correlation-solver";
};
using SolverSelf = supervision::StatefulActor<SolverState>;

caf::result<WorkDone> on_work(SolverSelf*, const Work& work) {
  auto result = (*work.run)();
  if (!result) {
    return WorkDone{{}, result.error()};
  }
  return WorkDone{std::move(*result), {}};
}

caf::behavior solver_behavior(SolverSelf* self) {
  return {supervision::handle<Work>(self, on_work)};
}

} // namespace

supervision::ChildSpec solver(std::string name, core::Duration deadline) {
  return {
    .name = std::move(name),
    .start = [](supervision::StartContext& context) { return context.spawn(solver_behavior); },
    .backoff = supervision::quick_backoff,
    .detached = true,
    .health_deadline = deadline.chrono(),
  };
}

} // namespace troupe::correlation
