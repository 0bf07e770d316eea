#pragma once

#include "nodes/inspector/commands.hpp"

#include <optional>

namespace troupe::inspector {

/// What the command line says.
struct Invocation {
  Command command;
  ClientOptions client;
  double watch_s = 0; ///< again every so many seconds; 0: once
  bool once = false;  ///< of top
};

/// Reads the command line; help, version and what is wrong with it go to standard output and error.
/// @param code  the exit code where nothing is to be run
[[nodiscard]] std::optional<Invocation> read_command_line(int argc, char** argv, int& code);

} // namespace troupe::inspector
