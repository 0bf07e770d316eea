#pragma once

#include <caf/fwd.hpp>

namespace troupe::cluster {

/// The scheduler and network settings that CAF 0.17.6 needs to be quick, fair and to notice dead
/// peers, and its network module. Values given on a command line or in a file stay.
void apply_caf_settings(caf::actor_system_config& config);

} // namespace troupe::cluster
