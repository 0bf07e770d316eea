#include "nodes/cluster/process_id.hpp"

#include <caf/detail/get_process_id.hpp>

#include <cstdint>
#include <cstdlib>
#include <sys/random.h>

namespace troupe::cluster {

std::uint64_t random_incarnation() {
  std::uint64_t value = 0;
  while (value == 0) {
    if (::getrandom(&value, sizeof value, 0) != static_cast<ssize_t>(sizeof value)) {
      std::abort(); // without randomness there is no identity and no TLS either
    }
  }
  return value;
}

} // namespace troupe::cluster

namespace caf::detail {

/// Takes the place of libcaf's: there a node's identity is host and process id, and the first
/// processes of two containers take each other for themselves. Constant within the process.
unsigned get_process_id() {
  static const auto value = static_cast<unsigned>(troupe::cluster::random_incarnation() | 1U);
  return value;
}

} // namespace caf::detail
