#include "supervision/actor.hpp"
#include "supervision/running_actor.hpp"

#include <caf/actor_cast.hpp>

namespace troupe::supervision {

Actor* as_actor(const caf::strong_actor_ptr& handle) {
  return handle ? dynamic_cast<Actor*>(caf::actor_cast<caf::abstract_actor*>(handle)) : nullptr;
}

Actor* as_actor(const caf::actor& handle) {
  return handle ? dynamic_cast<Actor*>(caf::actor_cast<caf::abstract_actor*>(handle)) : nullptr;
}

std::string path_of(const caf::strong_actor_ptr& handle) {
  if (!handle) {
    return {};
  }
  if (const auto* actor = as_actor(handle)) {
    return actor->path();
  }
  return "actor#" + std::to_string(handle->id());
}

std::string cause_of_now() {
  const auto* const running = running_actor::running;
  return running == nullptr
           ? std::string{}
           : running->path + '@' + std::to_string(running->epoch) + '#'
               + std::to_string(running->handled.load(std::memory_order_relaxed) + 1);
}

} // namespace troupe::supervision
