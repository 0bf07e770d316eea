#pragma once

#include "supervision/ask.hpp"
#include "supervision/runtime.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <utility>

namespace troupe::correlation {

/// Asks a part of this service by its path; `done` is called on the asker's thread exactly once,
/// unless the asker ends before. Errors: ACTOR_DOWN while nobody carries the path, TIMEOUT, and
/// what it answers.
template <supervision::Request R>
void ask_part(supervision::Actor* self,
              const std::string& path,
              R request,
              std::chrono::nanoseconds deadline,
              std::function<void(const core::Result<typename R::Reply>&)> done) {
  const auto target = self->runtime().registry.find(path).actor;
  if (!target) {
    done(core::Error{core::Errc::ACTOR_DOWN, path + " is down"});
    return;
  }
  self->request(target, deadline, std::move(request))
    .then([done](const typename R::Reply& reply) { done(reply); },
          [done](const caf::error& error) { done(core::from_caf(error)); });
}

} // namespace troupe::correlation
