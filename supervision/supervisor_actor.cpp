#include "supervision/supervisor_actor.hpp"

#include "core/log.hpp"

#include <caf/actor_cast.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

#include <algorithm>

namespace troupe::supervision {

namespace {

void advance(Supervisor* self);

Child* find(Supervisor* self, const std::string& name) {
  const auto found = self->state.by_name.find(name);
  return found == self->state.by_name.end() ? nullptr : found->second;
}

std::size_t index_of(const SupervisorState& state, const Child& child) {
  const auto at = std::find_if(state.children.begin(), state.children.end(),
                               [&](const auto& item) { return item.get() == &child; });
  return static_cast<std::size_t>(at - state.children.begin());
}

Child& add_child(Supervisor* self, std::shared_ptr<const ChildSpec> spec) {
  auto& state = self->state;
  auto child = std::make_unique<Child>();
  child->path = state.path.empty() ? spec->name : state.path + "/" + spec->name;
  if (const auto known = self->runtime().actors.child(child->path)) {
    child->epoch = known->epoch; // epochs and counts outlive the supervisor
    child->restarts = known->restarts;
  }
  child->spec = std::move(spec);
  state.by_name[child->spec->name] = child.get();
  state.children.push_back(std::move(child));
  return *state.children.back();
}

void remove_child(Supervisor* self, Child& child) {
  auto& state = self->state;
  self->runtime().actors.remove_child(child.path);
  state.by_name.erase(child.spec->name);
  state.children.erase(state.children.begin()
                       + static_cast<std::ptrdiff_t>(index_of(state, child)));
}

// ---- the end of the supervisor -----------------------------------------------------------------

void begin_shutdown(Supervisor* self, caf::error reason) {
  auto& state = self->state;
  if (state.mode == Mode::SHUTTING_DOWN) {
    return;
  }
  state.mode = Mode::SHUTTING_DOWN;
  state.end_reason = std::move(reason);
  advance(self);
}

void finish_shutdown(Supervisor* self) {
  auto& state = self->state;
  for (const auto& child : state.children) {
    retire(self, *child);
    if (state.spec->dynamic) {
      self->runtime().actors.remove_child(child->path);
    }
  }
  state.children.clear();
  state.by_name.clear();
  self->quit(std::move(state.end_reason));
}

/// @returns whether one restart more is one too many
bool too_many_failures(Supervisor* self) {
  auto& state = self->state;
  const auto now = time_now(self);
  state.failures.push_back(now);
  while (now - state.failures.front() > state.spec->period) {
    state.failures.pop_front();
  }
  return state.failures.size() > state.spec->intensity;
}

void escalate(Supervisor* self, const Child& cause) {
  auto& state = self->state;
  const auto status = self->runtime().actors.child(cause.path);
  auto text = "supervisor " + (state.path.empty() ? state.spec->name : state.path)
              + " gives up: " + std::to_string(state.failures.size()) + " restarts within "
              + std::to_string(state.spec->period / std::chrono::milliseconds{1})
              + " ms, the last of " + cause.path;
  if (status && !status->last_error.empty()) {
    text += " (" + status->last_error + ")";
  }
  self->record()->set_error(text);
  core::log::error("supervisor gives up", {{"path", state.path}, {"cause", cause.path}});
  begin_shutdown(self, core::to_caf(core::Errc::INTERNAL, std::move(text)));
}

// ---- restarts ----------------------------------------------------------------------------------

void restart_one(Supervisor* self, Child& child, std::chrono::nanoseconds delay) {
  if (delay.count() == 0) {
    start_now(self, child);
    return;
  }
  child.phase = Phase::WAITING;
  child.token = ++self->state.last_token;
  self->delayed_send(self, delay, RestartDue{child.spec->name, child.token});
}

void restart_group(Supervisor* self, const Child& cause, std::chrono::nanoseconds delay) {
  auto& state = self->state;
  const auto from = state.spec->strategy == Strategy::one_for_all ? 0 : index_of(state, cause);
  state.group_from = state.mode == Mode::RUNNING ? from : std::min(state.group_from, from);
  state.group_delay = delay;
  state.group_token = ++state.last_token;
  state.mode = Mode::GROUP_STOPPING;
  advance(self);
}

void restart_after_end(Supervisor* self, Child& child) {
  auto& state = self->state;
  if (too_many_failures(self)) {
    escalate(self, child);
    return;
  }
  const auto delay = next_delay(self, child);
  if (state.spec->strategy == Strategy::one_for_one) {
    restart_one(self, child, delay);
    advance(self);
  } else {
    restart_group(self, child, delay);
  }
}

/// A child that was asked to end has ended.
void on_stopped(Supervisor* self, Child& child) {
  auto& state = self->state;
  const bool restart = std::exchange(child.restart_when_stopped, false);
  if (child.remove_when_stopped) {
    retire(self, child);
    for (auto& waiter : std::exchange(child.stop_waiters, {})) {
      waiter.deliver(StoppedChild{child.spec->name});
    }
    if (state.spec->dynamic) {
      remove_child(self, child); // child is gone
    }
  } else if (restart && (state.mode == Mode::RUNNING || state.mode == Mode::STARTING)) {
    start_now(self, child);
  } else if (child.spec->restart == Restart::temporary) {
    retire(self, child);
  }
}

void on_end(Supervisor* self, Child& child, const caf::error& reason, bool stuck) {
  auto& state = self->state;
  const bool asked = child.phase == Phase::STOPPING;
  const bool abnormal = note_end(self, child, reason, stuck);
  if (state.mode == Mode::SHUTTING_DOWN) {
    advance(self);
    return;
  }
  if (asked) {
    on_stopped(self, child);
    advance(self);
    return;
  }
  const auto restart = child.spec->restart;
  if (restart == Restart::permanent || (restart == Restart::transient && abnormal)) {
    restart_after_end(self, child);
    return;
  }
  retire(self, child);
  if (state.spec->dynamic) {
    remove_child(self, child);
  }
  advance(self);
}

// ---- going through the children ----------------------------------------------------------------

/// @returns whether all from `from` on have ended
bool stop_next(Supervisor* self, std::size_t from) {
  auto& children = self->state.children;
  for (auto i = children.size(); i > from; --i) {
    auto& child = *children[i - 1];
    if (!is_alive(child)) {
      continue;
    }
    if (child.phase != Phase::STOPPING) {
      begin_stop(self, child);
    }
    return false;
  }
  return true;
}

/// @returns whether all from `from` on have been started
bool start_next(Supervisor* self, std::size_t from) {
  for (auto i = from; i < self->state.children.size(); ++i) {
    auto& child = *self->state.children[i];
    if (child.phase == Phase::DOWN) {
      start_now(self, child);
    }
    if (child.phase == Phase::STARTING) {
      return false;
    }
  }
  return true;
}

void begin_group_start(Supervisor* self) {
  auto& state = self->state;
  state.mode = Mode::STARTING;
  for (auto i = state.group_from; i < state.children.size(); ++i) {
    auto& child = *state.children[i];
    if (child.phase == Phase::ENDED && child.spec->restart != Restart::temporary
        && !child.remove_when_stopped) {
      child.phase = Phase::DOWN;
    }
  }
  advance(self);
}

void on_all_started(Supervisor* self) {
  auto& state = self->state;
  state.mode = Mode::RUNNING;
  if (state.parent && !state.told_parent) {
    state.told_parent = true;
    self->send(state.parent, SupervisorUp{state.path, self->epoch()});
  }
  if (state.path.empty()) {
    self->runtime().health.set("supervisors", true);
  }
}

void advance(Supervisor* self) {
  auto& state = self->state;
  switch (state.mode) {
    case Mode::RUNNING:
    case Mode::GROUP_WAITING: return;
    case Mode::STARTING:
      if (start_next(self, state.group_from)) {
        on_all_started(self);
      }
      return;
    case Mode::GROUP_STOPPING:
      if (!stop_next(self, state.group_from)) {
        return;
      }
      if (state.group_delay.count() == 0) {
        begin_group_start(self);
        return;
      }
      state.mode = Mode::GROUP_WAITING;
      self->delayed_send(self, state.group_delay, RestartDue{{}, state.group_token});
      return;
    case Mode::SHUTTING_DOWN:
      if (stop_next(self, 0)) {
        finish_shutdown(self);
      }
      return;
  }
}

// ---- messages ----------------------------------------------------------------------------------

void on_down(Supervisor* self, const caf::down_msg& down) {
  for (const auto& child : self->state.children) {
    if (child->actor && child->actor.address() == down.source) {
      on_end(self, *child, down.reason, false);
      return;
    }
  }
}

/// Nothing can end its handler: it is left behind, and killed should it ever come back.
void give_up(Supervisor* self, Child& child) {
  self->demonitor(child.actor);
  child.actor->enqueue(
    caf::make_mailbox_element(nullptr, caf::make_message_id(caf::message_priority::high), {},
                              caf::exit_msg{self->address(), caf::error{caf::exit_reason::kill}}),
    self->context());
  child.on_own_thread = true;
  on_end(self, child,
         core::to_caf(core::Errc::ACTOR_DOWN, "its handler of "
                                                + message_type_name(child.record->last.load())
                                                + " does not return"),
         true);
}

void on_stuck(Supervisor* self, const ChildStuck& stuck) {
  for (const auto& child : self->state.children) {
    if (child->record && child->record == stuck.record && is_alive(*child)) {
      give_up(self, *child);
      return;
    }
  }
}

void on_stop_due(Supervisor* self, const StopDue& due) {
  auto* child = find(self, due.child);
  if (child == nullptr || child->token != due.token || child->phase != Phase::STOPPING) {
    return;
  }
  if (!child->killed) {
    kill_overdue(self, *child);
  } else if (child->record && self->runtime().actors.declare_zombie(*child->record)) {
    give_up(self, *child);
  }
}

void on_restart_due(Supervisor* self, const RestartDue& due) {
  auto& state = self->state;
  if (due.child.empty()) {
    if (state.mode == Mode::GROUP_WAITING && state.group_token == due.token) {
      begin_group_start(self);
    }
    return;
  }
  auto* child = find(self, due.child);
  if (child != nullptr && child->token == due.token && child->phase == Phase::WAITING
      && state.mode != Mode::SHUTTING_DOWN) {
    start_now(self, *child);
  }
}

void on_start_failed(Supervisor* self, const StartFailed& failed) {
  auto* child = find(self, failed.child);
  if (child != nullptr && child->token == failed.token) {
    on_end(self, *child, core::to_caf(core::Errc::INTERNAL, "does not start: " + failed.error),
           false);
  }
}

void on_up(Supervisor* self, const SupervisorUp& up) {
  for (const auto& child : self->state.children) {
    if (child->path == up.path && child->epoch == up.epoch && child->phase == Phase::STARTING) {
      child->phase = Phase::RUNNING;
      advance(self);
      return;
    }
  }
}

caf::result<caf::actor> on_start_child(Supervisor* self, const StartChild& request) {
  auto& state = self->state;
  if (!state.spec->dynamic) {
    return core::to_caf(core::Errc::INVALID_ARGUMENT,
                        "supervisor " + state.path + " takes no children at run time");
  }
  if (state.mode == Mode::SHUTTING_DOWN) {
    return core::to_caf(core::Errc::NOT_READY, "supervisor " + state.path + " is stopping");
  }
  if (auto* child = find(self, request.spec->name)) {
    return core::to_caf(core::Errc::CONFLICT, child->path + " exists");
  }
  if (state.children.size() >= state.spec->children_max) {
    return core::to_caf(core::Errc::OVERLOADED,
                        state.path + " has " + std::to_string(state.children.size()) + " children");
  }
  auto& child = add_child(self, request.spec);
  start_now(self, child);
  if (!child.actor) {
    return core::to_caf(core::Errc::INTERNAL, child.path + " does not start");
  }
  return child.actor;
}

caf::result<StoppedChild> on_stop_child(Supervisor* self, const StopChild& request) {
  auto* child = find(self, request.name);
  if (child == nullptr) {
    return core::to_caf(core::Errc::NOT_FOUND, self->state.path + " has no child " + request.name);
  }
  child->remove_when_stopped = true;
  if (!is_alive(*child)) {
    on_stopped(self, *child);
    return StoppedChild{request.name};
  }
  auto promise = self->make_response_promise();
  child->stop_waiters.push_back(promise);
  if (child->phase != Phase::STOPPING) {
    begin_stop(self, *child);
  }
  return promise;
}

void on_restart_child(Supervisor* self, const RestartChild& request) {
  auto* child = find(self, request.name);
  auto& state = self->state;
  if (child == nullptr || state.mode == Mode::SHUTTING_DOWN) {
    return;
  }
  child->remove_when_stopped = false;
  if (is_alive(*child)) {
    child->restart_when_stopped = true;
    if (child->phase != Phase::STOPPING) {
      begin_stop(self, *child);
    }
  } else if (state.mode == Mode::RUNNING) {
    start_now(self, *child);
  }
}

void on_kill_child(Supervisor* self, const KillChild& request) {
  if (auto* child = find(self, request.name); child != nullptr && is_alive(*child)) {
    self->send_exit(child->actor, caf::exit_reason::kill);
  }
}

} // namespace

caf::behavior supervisor_behavior(Supervisor* self,
                                  std::shared_ptr<const SupervisorSpec> spec,
                                  caf::actor parent) {
  auto& state = self->state;
  state.runtime = std::shared_ptr<Runtime>(self->runtime().keep_alive.lock(), &self->runtime());
  state.spec = std::move(spec);
  state.path = self->record()->supervised || self->path() != "root" ? self->path() : "";
  state.parent = std::move(parent);
  self->set_down_handler([self](const caf::down_msg& down) { on_down(self, down); });
  self->set_exit_handler([self](const caf::exit_msg& exit) { begin_shutdown(self, exit.reason); });
  for (const auto& child : state.spec->children) {
    add_child(self, std::make_shared<const ChildSpec>(child));
  }
  for (const auto& child : state.children) {
    publish_status(self, *child);
  }
  advance(self);
  return {
    [self](const ChildStuck& stuck) { on_stuck(self, stuck); },
    [self](const SupervisorUp& up) { on_up(self, up); },
    [self](const StartFailed& failed) { on_start_failed(self, failed); },
    [self](const RestartDue& due) { on_restart_due(self, due); },
    [self](const StopDue& due) { on_stop_due(self, due); },
    [self](const StartChild& request) { return on_start_child(self, request); },
    [self](const StopChild& request) { return on_stop_child(self, request); },
    [self](const RestartChild& request) { on_restart_child(self, request); },
    [self](const KillChild& request) { on_kill_child(self, request); },
  };
}

} // namespace troupe::supervision
