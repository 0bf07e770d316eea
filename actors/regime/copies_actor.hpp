#pragma once

#include "actors/regime/parts.hpp"
#include "supervision/supervisor.hpp"

namespace troupe::regime {

/// The child that keeps copies of models that other nodes stored, so that whoever owns an
/// instrument next goes on with its models: takes RegimeModelsStored into this node's store and
/// passes it on to the instrument's child where that runs here; tells what the store has when nodes
/// come or go. State: none; the store is the state.
[[nodiscard]] supervision::ChildSpec copies(Parts parts);

} // namespace troupe::regime
