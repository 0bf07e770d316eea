#pragma once

#include "supervision/ask.hpp"
#include "supervision/runtime.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <utility>

namespace troupe::correlation {

/// Asks a part of this service by its path; `done` is called on the asker's thread exactly once,
/// unless the asker ends before. Errors: ACTOR_DOWN (nobody carries the path, or who did ended with
/// the question), TIMEOUT, and what it answers.
template <supervision::Request R>
void ask_part(supervision::Actor* self,
              const std::string& path,
              R request,
              std::chrono::nanoseconds deadline,
              std::function<void(const core::Result<typename R::Reply>&)> done) {
  using Reply = typename R::Reply;
  supervision::ask_path(
    self, self->runtime(), path, std::move(request), {.deadline = deadline},
    std::function{[done = std::move(done)](core::Result<Reply> reply) { done(reply); }});
}

} // namespace troupe::correlation
