#pragma once

#include "net/detail/worker.hpp"
#include "net/router.hpp"

#include <memory>
#include <optional>

namespace troupe::net::detail {

/// What is to be done with a request whose head is read.
struct Admission {
  const Route* route = nullptr;
  std::optional<Response> answer; ///< set: it goes no further
  bool is_upgrade = false;        ///< to a WebSocket, the handshake being in order
};

/// Checks, in this order: target, Host, route and method, scope, body type, WebSocket handshake.
/// Fills the target's parts, the subject and the parameters.
[[nodiscard]] Admission
admit(const ServerShared& shared, Request& request, bool has_body, Params& params);

/// The client's X-Request-Id where it is a sane token, else one of our own.
void choose_request_id(ServerShared& shared, Request& request);

} // namespace troupe::net::detail
