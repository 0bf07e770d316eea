#pragma once

#include "supervision/ask.hpp"
#include "supervision/runtime.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace troupe::market_data {

/// Asks an actor of this node by its path; `done` is called on the asker's thread exactly once,
/// unless the asker ends before.
/// @param breaker  of the edge, or null: refused with CIRCUIT_OPEN while it is open
/// Errors: ACTOR_DOWN while nobody carries the path, TIMEOUT, CIRCUIT_OPEN, and what the actor
/// answers.
template <supervision::Request R>
void ask_child(supervision::Actor* self,
               const std::string& path,
               R request,
               std::chrono::nanoseconds deadline,
               const std::shared_ptr<supervision::Breaker>& breaker,
               std::function<void(core::Result<typename R::Reply>)> done) {
  using Reply = typename R::Reply;
  if (breaker) {
    if (const auto allowed = breaker->allow(); !allowed) {
      done(allowed.error());
      return;
    }
  }
  const auto started = self->clock().now();
  auto finish = [self, breaker, started, done](core::Result<Reply> outcome) {
    if (breaker) {
      const auto code = outcome ? core::Errc::NONE : outcome.error().code;
      breaker->report(code, self->clock().now() - started);
    }
    done(std::move(outcome));
  };
  supervision::ask_path(self, self->runtime(), path, std::move(request), {.deadline = deadline},
                        std::function{[finish, path](core::Result<Reply> reply) {
                          if (!reply && reply.error().message.find(path) == std::string::npos) {
                            auto reason = reply.error();
                            reason.message = path + ": " + reason.message;
                            finish(std::move(reason));
                          } else {
                            finish(std::move(reply));
                          }
                        }});
}

} // namespace troupe::market_data
