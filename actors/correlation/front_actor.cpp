#include "actors/correlation/front_actor.hpp"

#include "actors/correlation/front_state.hpp"
#include "core/log.hpp"

#include <utility>

namespace troupe::correlation {

/// Time to look at the solvers again.
struct SolversDue {};

} // namespace troupe::correlation

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::correlation::SolversDue)

namespace troupe::correlation {

using core::Errc;

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

namespace {

using namespace std::chrono_literals;

constexpr auto solvers_every = 100ms;

caf::result<messages::CorrelationMatrixReply>
on_matrix(FrontSelf* self, const messages::GetCorrelationMatrix& request) {
  if (auto wrong = misplaced(self, request.placement_key())) {
    return std::move(*wrong);
  }
  auto selection = read_selection(request.symbols, request.method, request.interval, request.window,
                                  *self->state.settings);
  if (!selection) {
    return core::to_caf(selection.error());
  }
  if (request.gjr && !is_model(selection->method)) {
    return core::to_caf(
      invalid("gjr", "none but with the methods dcc and ccc", *request.gjr ? "true" : "false"));
  }
  selection->gjr = request.gjr.value_or(false);
  auto promise = self->make_response_promise<messages::CorrelationMatrixReply>();
  gather_and_solve<messages::CorrelationMatrixReply>(self, *selection, promise, answer_matrix);
  return promise;
}

/// Portfolios have one owner, whose child answers.
template <class Request>
caf::result<typename Request::Reply> on_portfolio(FrontSelf* self, const Request& request) {
  if (auto wrong = misplaced(self, Request::placement_key())) {
    return std::move(*wrong);
  }
  const auto child = self->runtime().registry.find(self->state.paths.portfolios()).actor;
  if (!child) {
    return core::to_caf(Errc::NOT_READY, "the portfolios are starting");
  }
  self->delegate(child, request);
  return caf::delegated<typename Request::Reply>{};
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
    supervision::handle<messages::GetPca>(self, on_get_pca),
    supervision::handle<messages::ComputePca>(self, on_compute_pca),
    supervision::handle<messages::GetStressTest>(self, on_get_stress),
    supervision::handle<messages::ComputeStressTest>(self, on_compute_stress),
    supervision::handle<messages::ListStressScenarios>(self, on_list_scenarios),
    supervision::handle<messages::GetPortfolio>(self, on_portfolio<messages::GetPortfolio>),
    supervision::handle<messages::PutPortfolio>(self, on_portfolio<messages::PutPortfolio>),
    supervision::handle<messages::ListPortfolios>(self, on_portfolio<messages::ListPortfolios>),
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
