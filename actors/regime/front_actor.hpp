#pragma once

#include "actors/regime/settings.hpp"
#include "supervision/supervisor.hpp"

#include <memory>
#include <string>

namespace troupe::regime {

/// The child that callers reach: knows the symbols by the beats of their primary venue, has the
/// ones that this node owns kept by one child each under `instruments_path`, hands those the bars
/// and beats of their symbol, and passes GetRegime on to them. One subscription for all symbols,
/// since the bus gives every subscriber every bar.
/// Survives a restart: symbols come again by the retained beats, running children are adopted.
[[nodiscard]] supervision::ChildSpec front(std::shared_ptr<const Settings> settings,
                                           std::string instruments_path);

} // namespace troupe::regime
