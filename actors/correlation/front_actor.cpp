#include "actors/correlation/front_actor.hpp"

#include "actors/correlation/front_state.hpp"
#include "actors/correlation/tail_answer.hpp"
#include "actors/correlation/universe_actor.hpp"
#include "core/log.hpp"
#include "supervision/messages.hpp"

#include <utility>

namespace troupe::correlation {

/// Time to look at the solvers and the universes again.
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
constexpr auto universe_deadline = 2s;
/// A universe that is being rebuilt may have a stored model: that is worth more than one fitted for
/// a single answer.
constexpr auto restore_deadline = 10s;

/// After this a child that was started must have a name.
constexpr auto start_deadline = 5s;

std::string universe_path(FrontSelf* self, trading::Interval interval) {
  return self->state.paths.universes() + '/' + interval.to_text();
}

/// Whether this front or an earlier one started the child; one that went down with its supervisor
/// did not.
bool universe_runs(FrontSelf* self, trading::Interval interval) {
  auto& kept = self->state.kept;
  const auto found = kept.find(interval);
  if (found == kept.end()) {
    return false;
  }
  const std::chrono::nanoseconds now = self->clock().now().time_since_epoch();
  const bool unknown = self->runtime().registry.find(universe_path(self, interval)).epoch == 0;
  if (unknown && now - found->second > start_deadline) {
    kept.erase(found);
    return false;
  }
  return true;
}

/// Whether the answer is kept bar by bar: of all instruments, by a method that goes on from the
/// bar before.
bool is_kept(FrontSelf* self,
             const messages::GetCorrelationMatrix& request,
             const Selection& selection) {
  using messages::CorrelationMethod;
  return !request.symbols && !request.window && !selection.gjr
         && (selection.method == CorrelationMethod::ewma
             || selection.method == CorrelationMethod::dcc)
         && universe_runs(self, selection.interval);
}

/// Starts and stops universes as the placement says.
void place_universes(FrontSelf* self) {
  auto& state = self->state;
  for (const auto& text : state.settings->intervals) {
    const auto interval = trading::Interval::from_text(text);
    messages::SeriesSelection all;
    all.interval = *interval;
    const bool mine = !misplaced(self, all.placement_key());
    const bool runs = universe_runs(self, *interval);
    if (mine == runs) {
      continue;
    }
    const auto done = mine
                        ? supervision::start_child(self->runtime(), state.paths.universes(),
                                                   universe(state.settings, state.paths, *interval))
                        : supervision::stop_child(self->runtime(), universe_path(self, *interval));
    if (!done) {
      core::log::warn("universe not placed",
                      {{"interval", text}, {"error", core::to_string(done.error())}});
    } else if (mine) {
      state.kept[*interval] = self->clock().now().time_since_epoch();
    } else {
      state.kept.erase(*interval);
    }
  }
}

/// Universes that an earlier front started.
void adopt_universes(FrontSelf* self) {
  for (const auto& supervisor : self->runtime().actors.tree(self->state.paths.universes())) {
    for (const auto& child : supervisor.children) {
      if (const auto interval = trading::Interval::from_text(child.name)) {
        self->state.kept[*interval] = self->clock().now().time_since_epoch();
      }
    }
  }
}

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
  const auto compute = [self, selection = *selection, promise] {
    gather_and_solve<messages::CorrelationMatrixReply>(self, selection, promise, answer_matrix);
  };
  if (!is_kept(self, request, *selection)) {
    compute();
    return promise;
  }
  ask_part<messages::GetCorrelationMatrix>(
    self, universe_path(self, selection->interval), request,
    selection->method == messages::CorrelationMethod::dcc ? restore_deadline : universe_deadline,
    [promise, compute](const core::Result<messages::CorrelationMatrixReply>& kept) mutable {
      if (kept) {
        promise.deliver(*kept);
      } else {
        compute(); // it is being built, or has no model yet
      }
    });
  return promise;
}

constexpr double tail_alpha_default = 0.05;
constexpr double tail_alpha_min = 0.01;
constexpr double tail_alpha_max = 0.25;

caf::result<messages::TailReply> on_tail(FrontSelf* self, const messages::GetTail& request) {
  if (auto wrong = misplaced(self, request.placement_key())) {
    return std::move(*wrong);
  }
  const auto selection =
    read_selection(request.symbols, {}, request.interval, request.window, *self->state.settings);
  if (!selection) {
    return core::to_caf(selection.error());
  }
  const auto alpha = read_between("alpha", request.alpha.value_or(tail_alpha_default),
                                  tail_alpha_min, tail_alpha_max);
  if (!alpha) {
    return core::to_caf(alpha.error());
  }
  auto promise = self->make_response_promise<messages::TailReply>();
  gather_and_solve<messages::TailReply>(
    self, *selection, promise,
    [alpha = *alpha](const Basis& basis) { return answer_tail(basis, alpha); });
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
  state.solvers = std::make_unique<supervision::SolverPool>(
    std::move(solvers), state.settings->queue_max, state.settings->solve_deadline.chrono());
  adopt_universes(self);
  self->runtime().placement.watch(caf::actor_cast<caf::actor>(self));
  self->send(self, SolversDue{});
  return {
    supervision::handle<messages::GetCorrelationMatrix>(self, on_matrix),
    supervision::handle<messages::GetTail>(self, on_tail),
    supervision::handle<messages::GetPca>(self, on_get_pca),
    supervision::handle<messages::ComputePca>(self, on_compute_pca),
    supervision::handle<messages::SizePositions>(self, on_size),
    supervision::handle<messages::GetStressTest>(self, on_get_stress),
    supervision::handle<messages::ComputeStressTest>(self, on_compute_stress),
    supervision::handle<messages::ListStressScenarios>(self, on_list_scenarios),
    supervision::handle<messages::GetPortfolio>(self, on_portfolio<messages::GetPortfolio>),
    supervision::handle<messages::PutPortfolio>(self, on_portfolio<messages::PutPortfolio>),
    supervision::handle<messages::DeletePortfolio>(self, on_portfolio<messages::DeletePortfolio>),
    supervision::handle<messages::ListPortfolios>(self, on_portfolio<messages::ListPortfolios>),
    [self](const supervision::ViewChanged&) { place_universes(self); },
    [self](SolversDue) {
      self->state.solvers->tick(self);
      place_universes(self);
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
