#include "core/log.hpp"
#include "supervision/supervisor_actor.hpp"

#include <caf/actor_cast.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

#include <algorithm>

namespace troupe::supervision {

namespace {

/// Between the kill and giving the child up.
constexpr std::chrono::milliseconds kill_grace{500};

template <class T>
std::string text_of(T value) {
  return boost::describe::enum_to_string(value, "?");
}

void send_exit_first(Supervisor* self, const caf::actor& to, caf::exit_reason reason) {
  // High priority: an exit must not wait behind a full mailbox.
  to->enqueue(caf::make_mailbox_element(self->ctrl(),
                                        caf::make_message_id(caf::message_priority::high), {},
                                        caf::exit_msg{self->address(), caf::error{reason}}),
              self->context());
}

caf::actor spawn_child(Supervisor* self, Child& child) {
  auto& runtime = self->runtime();
  const auto& spec = *child.spec;
  Identity identity;
  identity.runtime = std::shared_ptr<Runtime>(runtime.keep_alive.lock(), &runtime);
  identity.path = child.path;
  identity.epoch = child.epoch;
  identity.mailbox_cap = spec.mailbox_cap;
  identity.health_deadline = spec.supervisor ? std::chrono::nanoseconds{0} : spec.health_deadline;
  identity.supervisor = self->address();
  identity.restarts = child.restarts;
  identity.detached =
    runtime.allow_detached && (spec.detached || child.on_own_thread || spec.supervisor);
  StartContext context{runtime, child.path, child.epoch, std::move(identity)};
  if (spec.supervisor) {
    return context.spawn(supervisor_behavior, spec.supervisor, caf::actor_cast<caf::actor>(self));
  }
  return spec.start(context);
}

void hand_over(Child& child) {
  auto* actor = as_actor(child.actor);
  if (actor == nullptr) {
    return;
  }
  if (child.retry) {
    actor->admit_retry(child.retry->sender, std::move(child.retry->content));
    child.retry.reset();
  }
  for (auto& element : child.queued) {
    actor->admit(std::move(element));
  }
  child.queued.clear();
}

/// The message that crashed it: once more, or into the dead letters.
void judge_crashed(Supervisor* self, Child& child, CrashedMessage crashed) {
  if (crashed.content.empty()) {
    return; // a request: its asker was answered
  }
  const auto& again = child.spec->idempotent;
  const bool may_retry = std::find(again.begin(), again.end(), crashed.type) != again.end();
  if (may_retry && !crashed.was_retry) {
    child.retry = std::move(crashed);
    return;
  }
  self->runtime().dead_letters.add(path_of(crashed.sender), child.path,
                                   crashed.was_retry ? "crashed twice" : "crashed",
                                   crashed.content);
}

std::string reason_text(const caf::error& reason, bool stuck) {
  if (stuck) {
    return "stuck";
  }
  if (!reason) {
    return "normal";
  }
  if (reason.category() == caf::atom("exit")) {
    return to_string(static_cast<caf::exit_reason>(reason.code()));
  }
  return "error";
}

} // namespace

std::chrono::nanoseconds time_now(const Supervisor* self) {
  return self->clock().now().time_since_epoch();
}

bool is_normal_end(const caf::error& reason) {
  return !reason || reason == caf::exit_reason::normal || reason == caf::exit_reason::user_shutdown;
}

bool is_alive(const Child& child) {
  return child.phase == Phase::STARTING || child.phase == Phase::RUNNING
         || child.phase == Phase::STOPPING;
}

void publish_status(Supervisor* self, const Child& child) {
  self->runtime().actors.update_child(child.path, [&](ChildStatus& status) {
    const auto& spec = *child.spec;
    status.kind = spec.supervisor ? "supervisor" : "worker";
    status.strategy = spec.supervisor ? text_of(spec.supervisor->strategy) : "";
    status.restart = text_of(spec.restart);
    status.state = is_alive(child)               ? ActorState::RUNNING
                   : child.phase == Phase::ENDED ? ActorState::STOPPED
                                                 : ActorState::RESTARTING;
    status.epoch = child.epoch;
    status.restarts = child.restarts;
    status.supervisor = self->address();
  });
}

void start_now(Supervisor* self, Child& child) {
  auto& runtime = self->runtime();
  if (child.epoch > 0) {
    ++child.restarts;
    runtime.actors.count_restart(child.path, child.last_end);
  }
  ++child.epoch;
  child.token = ++self->state.last_token;
  child.killed = false;
  try {
    child.actor = spawn_child(self, child);
  } catch (const std::exception& e) {
    core::log::error("child does not start", {{"path", child.path}, {"error", e.what()}});
    child.actor = nullptr;
    child.record.reset();
    // As if it had started and crashed at once: the same back-off and intensity apply.
    child.phase = Phase::RUNNING;
    self->send(self, StartFailed{child.spec->name, child.token, e.what()});
    return;
  }
  child.started = time_now(self);
  child.phase = child.spec->supervisor ? Phase::STARTING : Phase::RUNNING;
  const auto* actor = as_actor(child.actor);
  child.record = actor != nullptr ? actor->record() : nullptr;
  self->monitor<caf::message_priority::high>(child.actor);
  hand_over(child);
  runtime.registry.set(child.path, child.actor, child.epoch, child.spec->hold);
  publish_status(self, child);
}

void begin_stop(Supervisor* self, Child& child) {
  child.phase = Phase::STOPPING;
  child.token = ++self->state.last_token;
  self->runtime().registry.set_down(child.path);
  const auto deadline = child.spec->shutdown;
  child.killed = deadline.count() == 0;
  send_exit_first(self, child.actor,
                  child.killed ? caf::exit_reason::kill : caf::exit_reason::user_shutdown);
  self->delayed_send(self, child.killed ? std::chrono::nanoseconds{kill_grace} : deadline,
                     StopDue{child.spec->name, child.token});
}

void kill_overdue(Supervisor* self, Child& child) {
  core::log::warn("child does not stop", {{"path", child.path}, {"action", "kill"}});
  child.killed = true;
  child.token = ++self->state.last_token;
  send_exit_first(self, child.actor, caf::exit_reason::kill);
  self->delayed_send(self, std::chrono::nanoseconds{kill_grace},
                     StopDue{child.spec->name, child.token});
}

bool note_end(Supervisor* self, Child& child, const caf::error& reason, bool stuck) {
  auto& runtime = self->runtime();
  const bool abnormal = stuck || !is_normal_end(reason);
  ChildEnd end;
  end.path = child.path;
  end.at = runtime.clock.now();
  end.epoch = child.epoch;
  end.reason = reason_text(reason, stuck);
  end.abnormal = abnormal;
  child.last_end = end.reason;
  if (abnormal) {
    end.error = reason ? core::to_string(core::from_caf(reason)) : "";
  }
  if (child.record) {
    end.last_message = message_type_name(child.record->last.load());
    if (auto text = child.record->error(); !text.empty()) {
      end.error = std::move(text);
    }
    if (!stuck) {
      auto legacy = child.record->take_legacy();
      if (legacy.crashed) {
        judge_crashed(self, child, std::move(*legacy.crashed));
      }
      std::move(legacy.queued.begin(), legacy.queued.end(), std::back_inserter(child.queued));
      runtime.actors.remove(*child.record);
    }
  }
  child.record.reset();
  child.actor = nullptr;
  child.phase = Phase::DOWN;
  runtime.registry.set_down(child.path);
  runtime.actors.update_child(child.path, [&](ChildStatus& status) {
    status.state = ActorState::RESTARTING;
    if (abnormal) {
      status.last_error = end.error.empty() ? end.reason : end.error;
    }
    status.ends.push_back(end);
  });
  return abnormal;
}

void retire(Supervisor* self, Child& child) {
  child.phase = Phase::ENDED;
  dispose_legacy(self, child, "stopped");
  self->runtime().registry.erase(child.path);
  publish_status(self, child);
}

SupervisorState::~SupervisorState() {
  for (const auto& child : children) {
    if (!child->actor) {
      continue;
    }
    runtime->registry.set_down(child->path);
    if (child->record) {
      child->record->orphan();
    }
    caf::anon_send_exit(child->actor, caf::exit_reason::kill);
  }
}

void dispose_legacy(Supervisor* self, Child& child, std::string_view reason) {
  auto& letters = self->runtime().dead_letters;
  if (child.retry) {
    letters.add(path_of(child.retry->sender), child.path, "crashed", child.retry->content);
    child.retry.reset();
  }
  for (const auto& element : child.queued) {
    letters.add(path_of(element->sender), child.path, reason, element->move_content_to_message());
  }
  child.queued.clear();
}

std::chrono::nanoseconds next_delay(Supervisor* self, Child& child) {
  const auto& backoff = child.spec->backoff;
  if (time_now(self) - child.started >= backoff.reset_after) {
    child.attempt = 0;
  }
  const auto where = std::hash<std::string>{}(child.path);
  const auto noise =
    core::unit_interval(core::mix(self->runtime().seed, core::mix(where, child.epoch)));
  return backoff.delay(child.attempt++, noise);
}

} // namespace troupe::supervision
