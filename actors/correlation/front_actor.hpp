#pragma once

#include "actors/correlation/settings.hpp"
#include "supervision/supervisor.hpp"

#include <memory>
#include <string>

namespace troupe::correlation {

/// Where the parts of the service are, below its supervisor's path.
struct Paths {
  std::string service;
  [[nodiscard]] std::string series() const { return service + "/series"; }
  [[nodiscard]] std::string portfolios() const { return service + "/portfolios"; }
  [[nodiscard]] std::string documents() const { return service + "/stores/documents"; }
  [[nodiscard]] std::string universes() const { return service + "/universes"; }
  [[nodiscard]] std::string fitter() const { return service + "/solvers/fitter"; }
  [[nodiscard]] std::string solver(std::uint32_t index) const {
    return service + "/solvers/solver-" + std::to_string(index + 1);
  }
};

/// The child that callers reach: checks requests, gathers what they need and has solvers compute
/// the answer; keeps one universe child per interval that this node owns.
/// Survives a restart: it holds requests under way only, whose askers are told.
[[nodiscard]] supervision::ChildSpec front(std::shared_ptr<const Settings> settings, Paths paths);

} // namespace troupe::correlation
