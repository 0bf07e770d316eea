#pragma once

#include "actors/venues/common/connector_settings.hpp"
#include "actors/venues/common/network.hpp"
#include "supervision/actor.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

/// A GET to a venue, from one of its actors: permit, call, what its headers say, answer.
namespace troupe::venues {

/// What an actor of a venue needs for its calls.
struct RestPort {
  std::shared_ptr<const ConnectorSettings> settings;
  std::shared_ptr<VenueNetwork> network;
  std::string limiter;        ///< path
  std::string ratelimit_name; ///< that x-ratelimit-* are about
};

/// Where the siblings of a venue's actor are.
[[nodiscard]] std::string sibling(std::string_view path, std::string_view name);

struct RestGet {
  std::string target;
  messages::CallCost cost;
  /// For its turn and the call together; without, each waits as long as the settings say.
  std::optional<std::chrono::nanoseconds> within{};
};

/// Makes the call when the limiter allows it, behind the breaker "VENUE>rest".
/// @param done  on the actor's thread, exactly once unless the actor ends before: the body of a
///              reply with status 200, padded (wire::padded); RATE_LIMITED; CIRCUIT_OPEN;
///              INVALID_ARGUMENT for a 4xx with what the venue said; UNAVAILABLE for a 5xx; else
///              what net's client says
void rest_get(supervision::Actor* self,
              const RestPort& port,
              const RestGet& get,
              const std::function<void(core::Result<std::string>)>& done);

} // namespace troupe::venues
