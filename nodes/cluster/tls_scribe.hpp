#pragma once

#include "nodes/cluster/tls.hpp"

#include <caf/io/fwd.hpp>

#include <cstdint>
#include <functional>
#include <memory>

namespace caf {
class actor_system;
}

namespace troupe::cluster {

/// Hands an established TLS session to CAF: a scribe that reads and writes it inside the LinkLoop
/// that the system was configured with (apply_caf_settings), without a further hop.
/// @param descriptor        connected; the scribe closes it when it ends
/// @param buffer_bytes_max  a peer behind which more piles up is cut off
/// @param closed            called once, on any thread, when the scribe has ended
[[nodiscard]] caf::io::scribe_ptr make_tls_scribe(caf::actor_system& system,
                                                  int descriptor,
                                                  std::unique_ptr<TlsSession> session,
                                                  std::uint64_t buffer_bytes_max,
                                                  std::function<void()> closed);

} // namespace troupe::cluster
