#include "actors/correlation/front_actor.hpp"

#include "actors/correlation/answers.hpp"
#include "actors/correlation/local_ask.hpp"
#include "actors/correlation/series_actor.hpp"
#include "actors/correlation/solver_pool.hpp"
#include "core/log.hpp"
#include "messages/market_data.hpp"

#include <utility>

namespace troupe::correlation {

/// Time to look at the solvers again.
struct SolversDue {};

} // namespace troupe::correlation

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::correlation::SolversDue)

namespace troupe::correlation {
namespace {

using namespace std::chrono_literals;
using core::Errc;

constexpr auto solvers_every = 100ms;
/// Beside the deadline of one page of history: pages follow each other.
constexpr int pages_deadline_factor = 2;

struct FrontState {
  static inline const char* name = "correlation-front";
  std::shared_ptr<const Settings> settings;
  Paths paths;
  std::unique_ptr<SolverPool> solvers;
};
using FrontSelf = supervision::StatefulActor<FrontState>;

/// @returns the error of a key that another node answers for
std::optional<caf::error> misplaced(FrontSelf* self, const std::string& key) {
  const auto owner = self->runtime().placement.owner(messages::correlation_service, key);
  if (!owner) {
    return core::to_caf(Errc::UNAVAILABLE, "no live node carries correlation");
  }
  if (!owner->local) {
    return core::to_caf(Errc::MOVED, "this is answered by node " + owner->node);
  }
  return std::nullopt;
}

/// Runs `answer` on a solver and delivers what comes of it.
template <class Reply>
void solve(FrontSelf* self,
           caf::typed_response_promise<Reply> promise,
           std::function<core::Result<Reply>()> answer) {
  Work work;
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
                                auto reply = result ? supervision::reply_from<Reply>(*result)
                                                    : core::Result<Reply>{result.error()};
                                if (reply) {
                                  promise.deliver(std::move(*reply));
                                } else {
                                  promise.deliver(core::to_caf(reply.error()));
                                }
                              });
}

/// Gathers the closes, then solves.
template <class Reply>
void gather_and_solve(FrontSelf* self,
                      GatherCloses request,
                      caf::typed_response_promise<Reply> promise,
                      std::function<core::Result<Reply>(const Gathered&)> answer) {
  const auto& settings = *self->state.settings;
  ask_part<GatherCloses>(
    self, self->state.paths.series(), std::move(request),
    settings.history_deadline.chrono() * pages_deadline_factor,
    [self, promise, answer = std::move(answer)](const core::Result<Gathered>& gathered) mutable {
      if (!gathered) {
        promise.deliver(core::to_caf(gathered.error()));
        return;
      }
      solve<Reply>(self, promise, [answer, gathered = *gathered] { return answer(gathered); });
    });
}

caf::result<messages::CorrelationMatrixReply>
on_matrix(FrontSelf* self, const messages::GetCorrelationMatrix& request) {
  auto& state = self->state;
  if (auto wrong = misplaced(self, request.placement_key())) {
    return std::move(*wrong);
  }
  const auto selection = read_selection(request.symbols, request.method, request.interval,
                                        request.window, *state.settings);
  if (!selection) {
    return core::to_caf(selection.error());
  }
  auto promise = self->make_response_promise<messages::CorrelationMatrixReply>();
  gather_and_solve<messages::CorrelationMatrixReply>(
    self,
    {.symbols = selection->symbols,
     .interval = selection->interval,
     .closes = selection->closes(),
     .range = {}},
    promise,
    [selection = *selection, settings = state.settings](
      const Gathered& gathered) -> core::Result<messages::CorrelationMatrixReply> {
      if (const auto fits = check_size(selection.method, gathered.series->size(), *settings);
          !fits) {
        return fits.error();
      }
      return answer_matrix({gathered.series, gathered.now, selection, settings});
    });
  return promise;
}

caf::behavior
front_behavior(FrontSelf* self, std::shared_ptr<const Settings> settings, Paths paths) {
  auto& state = self->state;
  state.settings = std::move(settings);
  state.paths = std::move(paths);
  std::vector<std::string> solvers;
  for (std::uint32_t i = 0; i < state.settings->solvers; ++i) {
    solvers.push_back(state.paths.solver(i));
  }
  state.solvers = std::make_unique<SolverPool>(std::move(solvers), state.settings->queue_max);
  self->delayed_send(self, solvers_every, SolversDue{});
  return {
    supervision::handle<messages::GetCorrelationMatrix>(self, on_matrix),
    [self](SolversDue) {
      self->state.solvers->tick(self);
      self->delayed_send(self, solvers_every, SolversDue{});
    },
  };
}

} // namespace

supervision::ChildSpec front(std::shared_ptr<const Settings> settings, Paths paths) {
  return {
    .name = "front",
    .start =
      [settings = std::move(settings),
       paths = std::move(paths)](supervision::StartContext& context) {
        context.runtime.registry.set_front(messages::correlation_service, context.path);
        return context.spawn(front_behavior, settings, paths);
      },
    .backoff = supervision::quick_backoff,
  };
}

} // namespace troupe::correlation
