#include "supervision/actor.hpp"

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

} // namespace troupe::supervision
