#include "actors/regime/fits_actor.hpp"

#include "supervision/ask.hpp"
#include "supervision/solver_pool.hpp"

#include <utility>

namespace troupe::regime {

/// Time to hand out what waits.
struct FitsDue {};

} // namespace troupe::regime

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::regime::FitsDue)

namespace troupe::regime {
namespace {

using namespace std::chrono_literals;

constexpr auto fits_every = 500ms;

struct FitsState {
  static inline const char* name = "regime-fits";
  std::shared_ptr<const Settings> settings;
  std::unique_ptr<supervision::SolverPool> pool;
};
using FitsSelf = supervision::StatefulActor<FitsState>;

supervision::Work work_of(const RunFit& request) {
  return {std::make_shared<const std::function<core::Result<caf::message>()>>(
    [fit = request.fit]() -> core::Result<caf::message> {
      auto set = (*fit)();
      if (!set) {
        return set.error();
      }
      return caf::make_message(FitDone{std::make_shared<const ModelSet>(std::move(*set))});
    })};
}

caf::result<FitDone> on_run_fit(FitsSelf* self, const RunFit& request) {
  auto promise = self->make_response_promise<FitDone>();
  auto& state = self->state;
  state.pool->submit(self, work_of(request), state.settings->models.queue_deadline.chrono(),
                     [promise](const core::Result<caf::message>& result) mutable {
                       if (result) {
                         promise.deliver(result->get_as<FitDone>(0));
                       } else {
                         promise.deliver(core::to_caf(result.error()));
                       }
                     });
  return promise;
}

caf::behavior
fits_behavior(FitsSelf* self, std::shared_ptr<const Settings> settings, std::string fitter) {
  const auto& models = settings->models;
  self->state.pool = std::make_unique<supervision::SolverPool>(
    std::vector{std::move(fitter)}, models.queue_max, models.fit_deadline.chrono());
  self->state.settings = std::move(settings);
  self->delayed_send(self, fits_every, FitsDue{});
  return {
    supervision::handle<RunFit>(self, on_run_fit),
    [self](FitsDue) {
      self->state.pool->tick(self);
      self->delayed_send(self, fits_every, FitsDue{});
    },
  };
}

} // namespace

supervision::ChildSpec fits(std::shared_ptr<const Settings> settings, std::string fitter) {
  return {
    .name = "fits",
    .start =
      [settings = std::move(settings),
       fitter = std::move(fitter)](supervision::StartContext& context) {
        return context.spawn(fits_behavior, settings, fitter);
      },
    .backoff = supervision::quick_backoff,
  };
}

} // namespace troupe::regime
