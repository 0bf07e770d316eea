#pragma once

#include "actors/correlation/front_actor.hpp"
#include "supervision/supervisor.hpp"

namespace troupe::correlation {

/// Kind of the documents that hold the universes' fitted models.
inline constexpr const char* model_kind = "correlation_model";

/// The child that keeps copies of models that other nodes stored, so that whoever keeps a universe
/// next goes on with its model. Universes hear of them by themselves.
[[nodiscard]] supervision::ChildSpec copies(const Paths& paths);

} // namespace troupe::correlation
