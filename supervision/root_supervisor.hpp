#pragma once

#include "supervision/supervisor.hpp"
#include "supervision/watchdog.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace troupe::supervision {

struct RootSettings {
  WatchdogSettings watchdog{};
  bool watch = true; ///< start the watchdog's thread; false in tests in virtual time
};

/// The top of a node's tree and the thread that watches it.
class RootSupervisor {
public:
  /// @param on_escalation  called once, on some thread, with a clear last line: the tree gave up,
  /// or
  ///                       stuck handlers hold all but two of the scheduler's threads. A process
  ///                       logs it and exits.
  RootSupervisor(Runtime& runtime,
                 SupervisorSpec spec,
                 std::function<void(const std::string& last_line)> on_escalation,
                 RootSettings settings = {});
  RootSupervisor(const RootSupervisor&) = delete;
  RootSupervisor& operator=(const RootSupervisor&) = delete;
  /// Ends the watchdog; the tree must have been stopped, or is told to stop and left alone.
  ~RootSupervisor();

  [[nodiscard]] const caf::actor& handle() const { return handle_; }

  /// Asks the tree to stop, children in reverse order; returns at once.
  void begin_stop();
  /// Whether the tree has ended.
  [[nodiscard]] bool stopped() const;
  /// begin_stop() and wait. @returns paths of the actors that still run at the deadline
  [[nodiscard]] std::vector<std::string> stop(std::chrono::nanoseconds deadline);

private:
  struct Shared;
  Runtime& runtime_;
  std::shared_ptr<Shared> shared_;
  caf::actor handle_;
  std::unique_ptr<Watchdog> watchdog_;
};

} // namespace troupe::supervision
