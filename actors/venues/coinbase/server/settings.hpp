#pragma once

#include "core/duration.hpp"

#include <chrono>
#include <cstdint>

namespace troupe::venues::coinbase::server {

/// Limits as the venue documents them.
struct Limits {
  double public_per_second = 10; ///< per address
  double public_burst = 15;
  double private_per_second = 15; ///< per profile
  double private_burst = 30;
  double fills_per_second = 10;
  double fills_burst = 20;
  double messages_per_second = 100;  ///< from a client of the feed
  double connections_per_second = 8; ///< of an address to the feed
  double connections_burst = 20;
  core::Duration subscribe_within = std::chrono::seconds{5};
  core::Duration connection_lifetime = std::chrono::hours{24};
};

} // namespace troupe::venues::coinbase::server
