#include "actors/regime/service.hpp"

#include "actors/regime/front_actor.hpp"
#include "messages/regime.hpp"

#include <memory>
#include <utility>

namespace troupe::regime {

supervision::SupervisorSpec service(Config config) {
  using namespace std::chrono_literals;
  const auto settings = std::make_shared<const Settings>(std::move(config.settings));
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
        supervision::supervise(std::move(instruments)),
        front(settings, std::string(messages::regime_service) + "/instruments"),
      },
  };
}

} // namespace troupe::regime
