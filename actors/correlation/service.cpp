#include "actors/correlation/service.hpp"

#include "actors/correlation/copies_actor.hpp"
#include "actors/correlation/front_actor.hpp"
#include "actors/correlation/portfolios_actor.hpp"
#include "actors/correlation/series_actor.hpp"
#include "actors/storage/documents_actor.hpp"
#include "messages/correlation.hpp"
#include "supervision/solver.hpp"

#include <memory>
#include <utility>

namespace troupe::correlation {

using supervision::solver;
using supervision::supervise;

namespace {

/// Solvers crash one request at a time, on whatever users send: that must not end the service.
constexpr unsigned solvers_intensity = 20;
constexpr unsigned universes_intensity = 20;
/// Its parts are many and hold nothing that others would lose.
constexpr unsigned service_intensity = 20;
/// A disk may be slow, and another writer of the file is waited for.
constexpr std::chrono::seconds documents_deadline{20};

supervision::SupervisorSpec solvers_supervisor(const Settings& settings, const Paths& paths) {
  supervision::SupervisorSpec spec{.name = "solvers", .intensity = solvers_intensity};
  const auto last_part = [](const std::string& path) { return path.substr(path.rfind('/') + 1); };
  for (std::uint32_t i = 0; i < settings.solvers; ++i) {
    spec.children.push_back(solver(last_part(paths.solver(i)), settings.solve_deadline.chrono()));
  }
  spec.children.push_back(solver(last_part(paths.fitter()), settings.fit_deadline.chrono()));
  return spec;
}

} // namespace

supervision::SupervisorSpec service(Config config) {
  const auto settings = std::make_shared<const Settings>(std::move(config.settings));
  const Paths paths{messages::correlation_service};
  return {
    .name = messages::correlation_service,
    .strategy = supervision::Strategy::one_for_one,
    .intensity = service_intensity,
    .children =
      {
        supervise(
          {.name = "stores",
           .children = {{.name = "documents",
                         .start = config.documents ? config.documents
                                                   : storage::documents_actor(config.storage_url),
                         .detached = true,
                         .health_deadline = documents_deadline}}}),
        series(settings),
        supervise(solvers_supervisor(*settings, paths)),
        portfolios(paths.documents(), paths.series()),
        supervise({.name = "universes", .intensity = universes_intensity, .dynamic = true}),
        copies(paths),
        front(settings, paths),
      },
  };
}

} // namespace troupe::correlation
