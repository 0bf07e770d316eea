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
  std::string name;             ///< nodes, tree, ps, top, ...: see run()
  std::string target;           ///< a service, path, edge, symbol, node or number, as the command
                                ///< takes it
  std::string action;           ///< of breakers: "", open, close, reset; of dead-letters: "", tail,
                                ///< show, replay
  std::string role;             ///< of drain and undrain; empty: all
  std::string on;               ///< node; empty: the one that has the target
  std::string sort = "mailbox"; ///< of ps and top
  std::string since;            ///< of restarts: a duration before now or RFC 3339; empty: all
  unsigned limit = 0;           ///< rows or events; 0: the command's own
  double interval_s = 1.0;      ///< between the two looks that rates need
  unsigned seconds = 5;         ///< of trace
  bool text = false;            ///< of trace: what the messages say
  bool json = false;
  bool yes = false; ///< changing commands do nothing without
};

/// What a command works with.
struct Context {
  const Command& command;
  const ClusterClient& client;
  std::ostream& out;
  std::ostream& err;
  std::function<void(double seconds)> sleep;
};

/// Runs one command; results to `out`, errors to `err`. Waits only through `sleep`.
[[nodiscard]] Exit run(const Context& context);

} // namespace troupe::inspector
