#include "supervision/runtime.hpp"

#include "supervision/local_bus.hpp"
#include "supervision/local_placement.hpp"

#include <caf/actor_system.hpp>

namespace troupe::supervision {

struct LocalRuntime::Parts {
  Parts(caf::actor_system& system,
        const core::Clock& clock,
        LocalRuntimeSettings settings,
        std::shared_ptr<Bus> bus_in,
        std::shared_ptr<Placement> placement_in)
    : dead_letters(clock), registry(dead_letters), breakers(system.clock(), settings.seed),
      bus(std::move(bus_in)), placement(std::move(placement_in)), runtime{system,
                                                                          clock,
                                                                          std::move(settings.node),
                                                                          actors,
                                                                          registry,
                                                                          dead_letters,
                                                                          breakers,
                                                                          health,
                                                                          *bus,
                                                                          *placement,
                                                                          settings.allow_detached,
                                                                          settings.seed} {}

  ActorTable actors;
  DeadLetters dead_letters;
  Registry registry;
  Breakers breakers;
  Health health;
  std::shared_ptr<Bus> bus;
  std::shared_ptr<Placement> placement;
  Runtime runtime;
};

LocalRuntime::LocalRuntime(caf::actor_system& system,
                           const core::Clock& clock,
                           LocalRuntimeSettings settings)
  : LocalRuntime(system,
                 clock,
                 settings,
                 std::make_shared<LocalBus>(settings.node),
                 std::make_shared<LocalPlacement>(settings.node)) {}

LocalRuntime::LocalRuntime(caf::actor_system& system,
                           const core::Clock& clock,
                           LocalRuntimeSettings settings,
                           std::shared_ptr<Bus> bus,
                           std::shared_ptr<Placement> placement)
  : parts_(std::make_shared<Parts>(
    system, clock, std::move(settings), std::move(bus), std::move(placement))) {
  parts_->runtime.keep_alive = parts_;
  parts_->actors.traces().set_node(parts_->runtime.node);
}

LocalRuntime::~LocalRuntime() {
  // The handles held here would keep their actors, and through them these parts, for ever.
  parts_->registry.clear();
  parts_->dead_letters.observe({});
  parts_->dead_letters.drop_messages();
  if (auto* local = dynamic_cast<LocalBus*>(parts_->bus.get())) {
    local->clear();
  }
}

Runtime& LocalRuntime::runtime() {
  return parts_->runtime;
}

} // namespace troupe::supervision
