#include "supervision/after_handler.hpp"

#include "supervision/running_actor.hpp"

#include <utility>

namespace troupe::supervision {

namespace after_handler {

/// Of the outermost span of this thread.
struct Deferred {
  int depth = 0;
  AfterHandler::Work work = nullptr;
  void* of = nullptr;
};
thread_local Deferred deferred;

} // namespace after_handler

using after_handler::deferred;

AfterHandler::AfterHandler() noexcept {
  ++deferred.depth;
}

AfterHandler::~AfterHandler() {
  if (--deferred.depth > 0 || deferred.work == nullptr) {
    return;
  }
  const auto work = std::exchange(deferred.work, nullptr);
  // What the work sends is not the actor's.
  auto* const outer = std::exchange(running_actor::running, nullptr);
  work(deferred.of);
  running_actor::running = outer;
}

bool AfterHandler::defer(Work work, void* of) noexcept {
  if (deferred.depth == 0 || (deferred.work != nullptr && deferred.of != of)) {
    return false;
  }
  deferred.work = work;
  deferred.of = of;
  return true;
}

} // namespace troupe::supervision
