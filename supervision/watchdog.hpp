#pragma once

#include "supervision/runtime.hpp"

#include <caf/actor.hpp>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace troupe::supervision {

struct WatchdogSettings {
  std::chrono::nanoseconds interval = std::chrono::milliseconds{50};
  std::size_t scheduler_threads = 0; ///< 0: as configured in the actor system
};

/// A thread outside CAF that sees what CAF cannot: handlers that do not return, and a scheduler
/// that no longer runs anything (by a canary actor).
class Watchdog {
public:
  /// @param on_exhausted  called once when zombies hold all but two of the scheduler's threads
  Watchdog(Runtime& runtime,
           WatchdogSettings settings,
           std::function<void(const std::string& last_line)> on_exhausted);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog();

  /// One look at everything, as the thread does each interval.
  void check();

private:
  void run();
  void check_handlers();

  Runtime& runtime_;
  WatchdogSettings settings_;
  std::function<void(const std::string&)> on_exhausted_;
  caf::actor canary_;
  bool exhausted_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false;
  std::thread thread_;
};

} // namespace troupe::supervision
