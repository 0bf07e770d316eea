#pragma once

#include "core/settings.hpp"

#include <optional>
#include <string>
#include <vector>

namespace troupe::node {

enum class Action : std::uint8_t { RUN, CHECK_CONFIG, SHOW_CONFIG };

/// What troupe-node was told.
struct CommandLine {
  Action action = Action::RUN;
  bool hints = false; ///< print where to go from here once ready
  core::SettingsSource source;
};

/// Exit codes of troupe-node: 0 ok, 1 error, 4 configuration.
constexpr int exit_ok = 0;
constexpr int exit_error = 1;
constexpr int exit_config = 4;

/// Reads options, files and environment; prints help, version or what is wrong itself.
/// @param environment  null-ended, as of main()
/// @returns nothing where the process should end with `exit_code`
[[nodiscard]] std::optional<CommandLine> read_command_line(int argc,
                                                           const char* const* argv,
                                                           const char* const* environment,
                                                           int& exit_code);

} // namespace troupe::node
