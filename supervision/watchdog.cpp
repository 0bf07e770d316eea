#include "supervision/watchdog.hpp"

#include "core/clock.hpp"
#include "core/log.hpp"
#include "supervision/actor.hpp"
#include "supervision/supervisor_actor.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <pthread.h>

namespace troupe::supervision {

namespace {

struct CanaryPing {};

caf::behavior canary(Actor* self) {
  return {[self](CanaryPing) { self->runtime().health.end_ping(core::monotonic_ns()); }};
}

std::size_t scheduler_threads(const caf::actor_system& system, std::size_t given) {
  if (given > 0) {
    return given;
  }
  const auto configured = caf::get_or(system.config(), "scheduler.max-threads",
                                      std::uint64_t{std::thread::hardware_concurrency()});
  return static_cast<std::size_t>(configured);
}

} // namespace

} // namespace troupe::supervision

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::supervision::CanaryPing)

namespace troupe::supervision {

Watchdog::Watchdog(Runtime& runtime,
                   WatchdogSettings settings,
                   std::function<void(const std::string&)> on_exhausted)
  : runtime_(runtime), settings_(settings), on_exhausted_(std::move(on_exhausted)) {
  settings_.scheduler_threads = scheduler_threads(runtime.system, settings.scheduler_threads);
  Identity identity;
  identity.runtime = std::shared_ptr<Runtime>(runtime.keep_alive.lock(), &runtime);
  identity.path = "watchdog/canary";
  const SpawnScope scope{std::move(identity)};
  canary_ = runtime.system.spawn(canary);
  thread_ = std::thread{[this] { run(); }};
  pthread_setname_np(thread_.native_handle(), "troupe.watchdog");
}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
  caf::anon_send_exit(canary_, caf::exit_reason::user_shutdown);
}

void Watchdog::run() {
  std::unique_lock lock{mutex_};
  while (!wake_.wait_for(lock, settings_.interval, [this] { return ending_; })) {
    lock.unlock();
    check();
    lock.lock();
  }
}

void Watchdog::check() {
  if (runtime_.health.begin_ping(core::monotonic_ns())) {
    caf::anon_send(canary_, CanaryPing{});
  }
  check_handlers();
  const auto limit = settings_.scheduler_threads > 2 ? settings_.scheduler_threads - 2 : 1;
  const auto zombies = runtime_.actors.scheduler_zombies();
  if (zombies >= limit && !exhausted_) {
    exhausted_ = true;
    on_exhausted_("stuck handlers hold " + std::to_string(zombies) + " of "
                  + std::to_string(settings_.scheduler_threads) + " scheduler threads");
  }
}

void Watchdog::check_handlers() {
  for (const auto& record : runtime_.actors.records()) {
    const auto type = record->current.load(std::memory_order_acquire);
    const auto deadline = record->health_deadline.count();
    if (type == no_message_type || deadline <= 0 || !record->supervised) {
      continue;
    }
    const auto ran = core::monotonic_ns() - record->since_ns.load(std::memory_order_relaxed);
    if (ran < deadline || record->current.load(std::memory_order_acquire) != type
        || !runtime_.actors.declare_zombie(*record)) {
      continue;
    }
    core::log::error(
      "actor stuck",
      {{"path", record->path}, {"message", message_type_name(type)}, {"for_ms", ran / 1'000'000}});
    if (const auto supervisor = caf::actor_cast<caf::actor>(record->supervisor)) {
      caf::anon_send<caf::message_priority::high>(supervisor, ChildStuck{record});
    }
  }
}

} // namespace troupe::supervision
