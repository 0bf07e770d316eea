#include "supervision/root_supervisor.hpp"

#include "core/log.hpp"

#include <caf/actor_cast.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

namespace troupe::supervision {

struct RootSupervisor::Shared {
  std::function<void(const std::string&)> on_escalation;
  std::mutex mutex;
  std::condition_variable ended;
  bool has_ended = false;
  bool escalated = false;

  void escalate(const std::string& last_line) {
    {
      const std::lock_guard lock{mutex};
      if (std::exchange(escalated, true)) {
        return;
      }
    }
    core::log::error("node gives up", {{"reason", last_line}});
    if (on_escalation) {
      on_escalation(last_line);
    }
  }

  void on_end(const caf::error& reason) {
    {
      const std::lock_guard lock{mutex};
      has_ended = true;
    }
    ended.notify_all();
    if (reason && reason != caf::exit_reason::user_shutdown && reason != caf::exit_reason::normal) {
      escalate(core::from_caf(reason).message);
    }
  }
};

RootSupervisor::RootSupervisor(Runtime& runtime,
                               SupervisorSpec spec,
                               std::function<void(const std::string&)> on_escalation,
                               RootSettings settings)
  : runtime_(runtime), shared_(std::make_shared<Shared>()) {
  shared_->on_escalation = std::move(on_escalation);
  runtime.health.set("supervisors", false, "starting");
  spec.name = "root"; // its children have paths of their own, without this name
  handle_ = start_supervisor(runtime, std::move(spec));
  handle_->attach_functor([shared = shared_](const caf::error& reason) { shared->on_end(reason); });
  if (settings.watch) {
    watchdog_ = std::make_unique<Watchdog>(
      runtime, settings.watchdog,
      [shared = shared_](const std::string& last_line) { shared->escalate(last_line); });
  }
}

RootSupervisor::~RootSupervisor() {
  watchdog_.reset();
  begin_stop();
}

void RootSupervisor::begin_stop() {
  caf::anon_send_exit(handle_, caf::exit_reason::user_shutdown);
}

bool RootSupervisor::stopped() const {
  const std::lock_guard lock{shared_->mutex};
  return shared_->has_ended;
}

std::vector<std::string> RootSupervisor::stop(std::chrono::nanoseconds deadline) {
  runtime_.health.set("supervisors", false, "stopping");
  begin_stop();
  bool ended = false;
  {
    std::unique_lock lock{shared_->mutex};
    ended = shared_->ended.wait_for(lock, deadline, [this] { return shared_->has_ended; });
  }
  std::vector<std::string> left;
  for (const auto& record : runtime_.actors.records()) {
    const auto state = record->state.load();
    if (record->supervised
        && (state == ActorState::ZOMBIE || (!ended && state == ActorState::RUNNING))) {
      left.push_back(record->path);
    }
  }
  return left;
}

} // namespace troupe::supervision
