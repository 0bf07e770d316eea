#pragma once

#include "nodes/inspector/cluster_client.hpp"

#include <functional>
#include <iosfwd>
#include <string>

namespace troupe::inspector {

/// Exit codes, stable.
enum class Exit : int {
  OK = 0,
  ERROR = 1,
  NOT_FOUND = 2,
  NOT_RUNNING = 3,
  CONFIG = 4,
  TIMEOUT = 5
};

/// What was asked on the command line.
struct Command {
  std::string name;             ///< nodes, tree, ps, show, breakers, dead-letters, restart, kill
  std::string target;           ///< a service, path or edge, where the command takes one
  std::string action;           ///< of breakers: "", open, disable, reset
  std::string on;               ///< node; empty: the one that has the target
  std::string sort = "mailbox"; ///< of ps
  unsigned limit = 20;          ///< of dead-letters
  bool json = false;
  bool yes = false; ///< changing commands do nothing without
};

/// Runs one command; results to `out`, errors to `err`.
[[nodiscard]] Exit
run(const Command& command, const ClusterClient& client, std::ostream& out, std::ostream& err);

} // namespace troupe::inspector
