#include "actors/correlation/front_state.hpp"
#include "actors/correlation/portfolios_actor.hpp"
#include "actors/correlation/sizing_answer.hpp"

#include <utility>

namespace troupe::correlation {

namespace {

using namespace std::chrono_literals;
using core::Errc;
using core::Error;

constexpr auto hear_deadline_of_front = 2s;
constexpr auto portfolio_deadline = 5s;

/// Whose risk a request is about.
struct Whose {
  std::optional<std::string> portfolio;
  std::optional<std::vector<messages::PortfolioPosition>> positions;
  std::optional<std::string> base_currency;
};

core::Result<void> check_whose(const Whose& whose) {
  if (!whose.positions) {
    if (whose.base_currency) {
      return invalid("base_currency", "none but with positions in the body", *whose.base_currency);
    }
    return whose.portfolio ? check_portfolio_id(*whose.portfolio) : core::Result<void>{};
  }
  if (whose.portfolio) {
    return invalid("positions", "a portfolio's id or positions", "both");
  }
  if (whose.base_currency) {
    if (auto currency = check_currency("base_currency", *whose.base_currency); !currency) {
      return currency;
    }
  }
  return check_positions(*whose.positions, positions_max);
}

using HoldingsDone = std::function<void(const core::Result<Holdings>&)>;

/// Asked of whoever owns the portfolios, so that a write that was answered is seen.
void fetch_portfolio(FrontSelf* self, const std::string& id, Heard heard, HoldingsDone done) {
  supervision::ask(self, self->runtime(), messages::correlation_service, messages::portfolios_key,
                   messages::GetPortfolio{id},
                   {.deadline = portfolio_deadline, .slow = portfolio_deadline},
                   [heard = std::move(heard),
                    done = std::move(done)](const core::Result<messages::PortfolioReply>& reply) {
                     auto holdings = reply ? hold(reply->data, heard.symbols)
                                           : core::Result<Holdings>{reply.error()};
                     if (holdings && reply->meta.inputs) {
                       holdings->inputs = *reply->meta.inputs;
                     }
                     done(holdings);
                   });
}

void find_holdings(FrontSelf* self, Whose whose, HoldingsDone done) {
  ask_part<HearInstruments>(
    self, self->state.paths.series(), {}, hear_deadline_of_front,
    [self, whose = std::move(whose), done = std::move(done)](const core::Result<Heard>& heard) {
      if (!heard) {
        done(heard.error());
      } else if (whose.positions) {
        messages::Portfolio given;
        given.base_currency = whose.base_currency.value_or("USD");
        given.positions = *whose.positions;
        done(hold(std::move(given), heard->symbols));
      } else {
        fetch_portfolio(self, whose.portfolio.value_or(messages::default_portfolio), *heard, done);
      }
    });
}

template <class Reply>
using PortfolioAnswer = std::function<core::Result<Reply>(
  const PortfolioBasis&, std::shared_ptr<const std::vector<SeriesInput>> scenario_series)>;

/// A request about a portfolio on its way.
template <class Reply>
struct PortfolioJob {
  Whose whose;
  Selection selection; ///< its symbols are the positions'
  std::optional<Scenario> scenario;
  PortfolioAnswer<Reply> answer;
};

template <class Reply>
void gather_for(FrontSelf* self,
                const PortfolioJob<Reply>& job,
                const Holdings& holdings,
                caf::typed_response_promise<Reply> promise) {
  GatherCloses newest{.symbols = holdings.prices_needed(),
                      .interval = job.selection.interval,
                      .closes = job.selection.closes(),
                      .range = {}};
  gather<Reply>(
    self, std::move(newest), promise,
    [self, job, holdings, promise](const Gathered& gathered) mutable {
      const PortfolioBasis basis{
        {gathered.series, gathered.now, job.selection, self->state.settings}, holdings, {}};
      if (!job.scenario) {
        solve<Reply>(self, promise, [job, basis] {
          return job.answer(without_unusable(basis, {}, nullptr), nullptr);
        });
        return;
      }
      // a close before the first return; more, since nothing may have traded at that time
      const auto before = 10 * job.selection.interval.duration();
      GatherCloses window{.symbols = holdings.instruments(),
                          .interval = job.selection.interval,
                          .closes = 0,
                          .range = CloseRange{job.scenario->start - before, job.scenario->end}};
      gather<Reply>(self, std::move(window), promise,
                    [self, job, basis, promise](const Gathered& in_window) {
                      solve<Reply>(self, promise, [job, basis, series = in_window.series] {
                        return job.answer(without_unusable(basis, job.scenario, series), series);
                      });
                    });
    });
}

template <class Reply>
caf::result<Reply> run(FrontSelf* self, const std::string& key, PortfolioJob<Reply> job) {
  if (auto wrong = misplaced(self, key)) {
    return std::move(*wrong);
  }
  if (const auto checked = check_whose(job.whose); !checked) {
    return core::to_caf(checked.error());
  }
  auto promise = self->make_response_promise<Reply>();
  auto whose = job.whose;
  find_holdings(
    self, std::move(whose),
    [self, job = std::move(job), promise](const core::Result<Holdings>& holdings) mutable {
      if (!holdings) {
        promise.deliver(core::to_caf(holdings.error()));
        return;
      }
      const auto size = holdings->portfolio.positions.size();
      if (const auto fits = check_size(job.selection.method, size, *self->state.settings);
          !fits && !holdings->everything) {
        promise.deliver(core::to_caf(fits.error()));
        return;
      }
      gather_for<Reply>(self, job, *holdings, promise);
    });
  return promise;
}

/// What pca and stress requests share.
template <class Request>
core::Result<Selection> selection_of(FrontSelf* self, const Request& request) {
  return read_selection({}, request.method, request.interval, request.window,
                        *self->state.settings);
}

caf::result<messages::PcaReply> pca(FrontSelf* self,
                                    const std::string& key,
                                    Whose whose,
                                    const core::Result<Selection>& selection,
                                    messages::PcaBasis of) {
  if (!selection) {
    return core::to_caf(selection.error());
  }
  return run<messages::PcaReply>(
    self, key,
    {.whose = std::move(whose),
     .selection = *selection,
     .scenario = {},
     .answer = [of](const PortfolioBasis& basis, const auto&) { return answer_pca(basis, of); }});
}

constexpr double stress_factor_default = 0.5;

/// What a request asks to be done: by exactly one of its fields.
core::Result<Stress> read_stress(FrontSelf* self,
                                 const std::optional<std::string>& scenario,
                                 const std::optional<double>& factor,
                                 const std::optional<messages::Matrix>& matrix) {
  const int given = scenario.has_value() + factor.has_value() + matrix.has_value();
  if (given > 1) {
    return invalid("scenario", "one of scenario, factor and matrix", std::to_string(given));
  }
  Stress stress;
  if (scenario) {
    auto found = find_scenario(*scenario, *self->state.settings);
    if (!found) {
      return found.error();
    }
    stress.scenario = std::move(*found);
  } else if (matrix) {
    stress.matrix = matrix;
  } else {
    const auto read = read_between("factor", factor.value_or(stress_factor_default), 0.0, 1.0);
    if (!read) {
      return read.error();
    }
    stress.factor = *read;
  }
  return stress;
}

caf::result<messages::StressTestReply> stress_test(FrontSelf* self,
                                                   const std::string& key,
                                                   Whose whose,
                                                   const core::Result<Selection>& selection,
                                                   const core::Result<Stress>& stress) {
  if (!selection) {
    return core::to_caf(selection.error());
  }
  if (!stress) {
    return core::to_caf(stress.error());
  }
  if (stress->scenario) {
    const auto bars =
      (stress->scenario->end - stress->scenario->start) / selection->interval.duration();
    if (bars > self->state.settings->window_max) {
      return core::to_caf(invalid("interval",
                                  "one of which the scenario has at most "
                                    + std::to_string(self->state.settings->window_max) + " bars",
                                  std::to_string(bars)));
    }
  }
  return run<messages::StressTestReply>(
    self, key,
    {.whose = std::move(whose),
     .selection = *selection,
     .scenario = stress->scenario,
     .answer = [stress = *stress](const PortfolioBasis& basis,
                                  const auto& series) -> core::Result<messages::StressTestReply> {
       auto with_series = stress;
       with_series.scenario_series = series;
       return answer_stress(basis, with_series);
     }});
}

/// Whose instruments are sized: those of `symbols` count as held in equal shares.
Whose sized(const messages::SizePositions& request) {
  if (!request.symbols) {
    return {request.portfolio, request.positions, request.base_currency};
  }
  return {{}, equal_weights(*request.symbols).positions, request.base_currency};
}

} // namespace

caf::result<messages::PositionSizingReply> on_size(FrontSelf* self,
                                                   const messages::SizePositions& request) {
  const auto& settings = *self->state.settings;
  const auto method = request.covariance.value_or(messages::CorrelationMethod::ledoit_wolf);
  const auto selection =
    read_selection(request.symbols, method, request.interval, request.window, settings);
  if (!selection) {
    return core::to_caf(selection.error());
  }
  const auto plan = read_sizing(request);
  if (!plan) {
    return core::to_caf(plan.error());
  }
  return run<messages::PositionSizingReply>(
    self, request.placement_key(),
    {.whose = sized(request),
     .selection = *selection,
     .scenario = {},
     .answer = [plan = *plan](const PortfolioBasis& basis, const auto&) {
       return answer_sizing(basis, plan);
     }});
}

caf::result<messages::PcaReply> on_get_pca(FrontSelf* self, const messages::GetPca& request) {
  return pca(self, request.placement_key(), {request.portfolio, {}, {}},
             selection_of(self, request), request.basis.value_or(messages::PcaBasis::correlation));
}

caf::result<messages::PcaReply> on_compute_pca(FrontSelf* self,
                                               const messages::ComputePca& request) {
  return pca(self, request.placement_key(),
             {request.portfolio, request.positions, request.base_currency},
             selection_of(self, request), request.basis.value_or(messages::PcaBasis::correlation));
}

caf::result<messages::StressTestReply> on_get_stress(FrontSelf* self,
                                                     const messages::GetStressTest& request) {
  return stress_test(self, request.placement_key(), {request.portfolio, {}, {}},
                     selection_of(self, request),
                     read_stress(self, request.scenario, request.factor, {}));
}

caf::result<messages::StressTestReply>
on_compute_stress(FrontSelf* self, const messages::ComputeStressTest& request) {
  return stress_test(self, request.placement_key(),
                     {request.portfolio, request.positions, request.base_currency},
                     selection_of(self, request),
                     read_stress(self, request.scenario, request.factor, request.matrix));
}

caf::result<messages::StressScenariosReply>
on_list_scenarios(FrontSelf* self, const messages::ListStressScenarios&) {
  messages::StressScenariosReply reply;
  reply.meta.as_of = self->runtime().clock.now();
  reply.meta.source = "configuration";
  for (const auto& scenario : self->state.settings->scenarios) {
    reply.data.push_back({scenario.name, scenario.description, scenario.start, scenario.end});
  }
  return reply;
}

} // namespace troupe::correlation
