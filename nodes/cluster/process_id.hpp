#pragma once

#include <cstdint>

namespace troupe::cluster {

/// A random number that is not 0: tells one life of a node from the next. Programs that link nodes
/// call this, which also links in the replacement of CAF's process id.
[[nodiscard]] std::uint64_t random_incarnation();

} // namespace troupe::cluster
