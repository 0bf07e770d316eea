#pragma once

#include "actors/regime/parts.hpp"
#include "actors/regime/settings.hpp"
#include "supervision/supervisor.hpp"

#include <memory>

namespace troupe::regime {

/// The child that callers reach: knows the symbols by the beats of their primary venue, has the
/// ones that this node owns kept by one child each under `parts.instruments()`, hands those the
/// bars and beats of their symbol, passes requests on to them, and gathers answers of many. One
/// subscription for all symbols, since the bus gives every subscriber every bar. Survives a
/// restart: symbols come again by the retained beats, running children are adopted.
[[nodiscard]] supervision::ChildSpec front(std::shared_ptr<const Settings> settings, Parts parts);

} // namespace troupe::regime
