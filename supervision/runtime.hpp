#pragma once

#include "core/clock.hpp"
#include "supervision/actor_table.hpp"
#include "supervision/breakers.hpp"
#include "supervision/bus.hpp"
#include "supervision/dead_letters.hpp"
#include "supervision/health.hpp"
#include "supervision/placement.hpp"
#include "supervision/registry.hpp"

#include <caf/fwd.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace troupe::supervision {

/// Everything of a node that its actors share. One per node (several in one process only in tests).
/// It must live as long as its actors: `keep_alive` is held by each of them.
struct Runtime {
  caf::actor_system& system;
  const core::Clock& clock;
  std::string node;
  ActorTable& actors;
  Registry& registry;
  DeadLetters& dead_letters;
  Breakers& breakers;
  Health& health;
  Bus& bus;
  Placement& placement;
  bool allow_detached = true; ///< false under CAF's test scheduler: detached actors would leave it
  std::uint64_t seed = 0;     ///< of the jitter of back-offs and breakers
  std::weak_ptr<void> keep_alive{};
};

struct LocalRuntimeSettings {
  std::string node = "local";
  bool allow_detached = true;
  std::uint64_t seed = 0;
};

/// The shared parts of a node, owned: table, registry, dead letters, breakers, health. A node
/// brings its own bus and placement; without them there is just this process. Its end drops all
/// handles held here; what the actors that still run need stays until they end.
class LocalRuntime {
public:
  /// @param clock  outlives the actors
  LocalRuntime(caf::actor_system& system,
               const core::Clock& clock,
               LocalRuntimeSettings settings = {});
  /// With a bus and a placement of the caller's, which outlive the actors.
  LocalRuntime(caf::actor_system& system,
               const core::Clock& clock,
               LocalRuntimeSettings settings,
               std::shared_ptr<Bus> bus,
               std::shared_ptr<Placement> placement);
  LocalRuntime(const LocalRuntime&) = delete;
  LocalRuntime& operator=(const LocalRuntime&) = delete;
  ~LocalRuntime();

  [[nodiscard]] Runtime& runtime();
  operator Runtime&() { return runtime(); } // NOLINT(google-explicit-constructor): it is one

private:
  struct Parts;
  std::shared_ptr<Parts> parts_;
};

} // namespace troupe::supervision
