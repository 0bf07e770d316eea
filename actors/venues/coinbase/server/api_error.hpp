#pragma once

#include <string>

namespace troupe::venues::coinbase::server {

/// A refusal as the venue words it; thrown by a call's handler, caught where the call came in.
struct ApiError {
  unsigned status = 400;
  std::string message;
};

} // namespace troupe::venues::coinbase::server
