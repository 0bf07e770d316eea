#pragma once

#include "actors/correlation/front_actor.hpp"
#include "actors/correlation/local_ask.hpp"
#include "actors/correlation/portfolio_answers.hpp"
#include "actors/correlation/series_actor.hpp"
#include "supervision/solver_pool.hpp"

#include <caf/typed_response_promise.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <utility>

/// The front's state and its ways from a request to an answer; private to the front's files.
namespace troupe::correlation {

/// Pages of history follow each other: beside the deadline of one.
inline constexpr int pages_deadline_factor = 2;

struct FrontState {
  static inline const char* name = "correlation-front";
  std::shared_ptr<const Settings> settings;
  Paths paths;
  std::unique_ptr<supervision::SolverPool> solvers;
  /// Intervals whose universe's child runs here, and since when (actor clock).
  std::map<trading::Interval, std::chrono::nanoseconds> kept;
};
using FrontSelf = supervision::StatefulActor<FrontState>;

/// @returns the error of a key that another node answers for
[[nodiscard]] std::optional<caf::error> misplaced(FrontSelf* self, const std::string& key);

template <class Reply>
void deliver_to(caf::typed_response_promise<Reply>& promise, core::Result<Reply> reply) {
  if (reply) {
    promise.deliver(std::move(*reply));
  } else {
    promise.deliver(core::to_caf(reply.error()));
  }
}

/// Runs `answer` on a solver and delivers what comes of it.
template <class Reply>
void solve(FrontSelf* self,
           caf::typed_response_promise<Reply> promise,
           std::function<core::Result<Reply>()> answer) {
  supervision::Work work;
  work.run = std::make_shared<const std::function<core::Result<caf::message>()>>(
    [answer = std::move(answer)]() -> core::Result<caf::message> {
      auto reply = answer();
      if (!reply) {
        return reply.error();
      }
      return caf::make_message(std::move(*reply));
    });
  self->state.solvers->submit(self, std::move(work), self->state.settings->solve_deadline.chrono(),
                              [promise](const core::Result<caf::message>& result) mutable {
                                deliver_to<Reply>(promise,
                                                  result ? supervision::reply_from<Reply>(*result)
                                                         : core::Result<Reply>{result.error()});
                              });
}

/// Gathers closes; an error is delivered, what comes goes to `next`.
template <class Reply>
void gather(FrontSelf* self,
            GatherCloses request,
            caf::typed_response_promise<Reply> promise,
            std::function<void(const Gathered&)> next) {
  const auto& settings = *self->state.settings;
  ask_part<GatherCloses>(
    self, self->state.paths.series(), std::move(request),
    settings.history_deadline.chrono() * pages_deadline_factor,
    [promise, next = std::move(next)](const core::Result<Gathered>& gathered) mutable {
      if (gathered) {
        next(*gathered);
      } else {
        promise.deliver(core::to_caf(gathered.error()));
      }
    });
}

/// Gathers the closes of a selection, then solves.
template <class Reply>
void gather_and_solve(FrontSelf* self,
                      const Selection& selection,
                      caf::typed_response_promise<Reply> promise,
                      std::function<core::Result<Reply>(const Basis&)> answer) {
  GatherCloses request{.symbols = selection.symbols,
                       .interval = selection.interval,
                       .closes = selection.closes(),
                       .range = {}};
  gather<Reply>(self, std::move(request), promise,
                [self, selection, promise, answer = std::move(answer)](const Gathered& gathered) {
                  const Basis basis{gathered.series, gathered.now, selection, self->state.settings};
                  solve<Reply>(self, promise, [answer, basis] { return answer(basis); });
                });
}

// ---- front_portfolio.cpp -------------------------------------------------------------------

[[nodiscard]] caf::result<messages::PcaReply> on_get_pca(FrontSelf* self,
                                                         const messages::GetPca& request);
[[nodiscard]] caf::result<messages::PcaReply> on_compute_pca(FrontSelf* self,
                                                             const messages::ComputePca& request);
[[nodiscard]] caf::result<messages::PositionSizingReply>
on_size(FrontSelf* self, const messages::SizePositions& request);
[[nodiscard]] caf::result<messages::StressTestReply>
on_get_stress(FrontSelf* self, const messages::GetStressTest& request);
[[nodiscard]] caf::result<messages::StressTestReply>
on_compute_stress(FrontSelf* self, const messages::ComputeStressTest& request);
[[nodiscard]] caf::result<messages::StressScenariosReply>
on_list_scenarios(FrontSelf* self, const messages::ListStressScenarios& request);

} // namespace troupe::correlation
