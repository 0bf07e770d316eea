#include "actors/regime/service.hpp"

#include "actors/regime/copies_actor.hpp"
#include "actors/regime/fits_actor.hpp"
#include "actors/regime/front_actor.hpp"
#include "actors/storage/documents_actor.hpp"
#include "messages/regime_models.hpp"

#include <memory>
#include <utility>

namespace troupe::regime {

namespace {

using namespace std::chrono_literals;

/// Fits crash one at a time, on whatever the data is: that must not end the service.
constexpr unsigned models_intensity = 20;
/// A disk may be slow, and another writer of the file is waited for.
constexpr auto documents_deadline = 20s;

supervision::SupervisorSpec models_supervisor(const std::shared_ptr<const Settings>& settings,
                                              const Config& config,
                                              const Parts& parts) {
  return {
    .name = "models",
    .intensity = models_intensity,
    .children =
      {
        {.name = "documents",
         .start = storage::documents_actor(config.storage_url),
         .detached = true,
         .health_deadline = documents_deadline},
        config.fitter("fitter", settings->models.fit_deadline.chrono()),
        fits(settings, parts.fitter()),
        copies(parts),
      },
  };
}

} // namespace

supervision::SupervisorSpec service(Config config) {
  const auto settings = std::make_shared<const Settings>(config.settings);
  const Parts parts{messages::regime_service};
  supervision::SupervisorSpec instruments{
    .name = "instruments",
    // A child's back-off allows it some seven restarts in ten seconds: it takes three crashing at
    // once to give all of them up.
    .intensity = 20,
    .period = 10s,
    .dynamic = true,
    .children_max = settings->symbols_max,
  };
  return {
    .name = messages::regime_service,
    .strategy = supervision::Strategy::rest_for_one,
    .children =
      {
        supervision::supervise(models_supervisor(settings, config, parts)),
        supervision::supervise(std::move(instruments)),
        front(settings, parts),
      },
  };
}

} // namespace troupe::regime
