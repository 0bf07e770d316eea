#include "nodes/inspector/commands.hpp"

#include "nodes/inspector/support.hpp"

#include <map>

namespace troupe::inspector {

namespace {

using Run = Exit (*)(const Context&);

/// By what was asked: "breakers open" stands before "breakers".
const std::map<std::string, Run>& commands() {
  // clang-format off
  static const std::map<std::string, Run> table{
    {"nodes",               show_nodes},
    {"tree",                show_tree},
    {"ps",                  ps},
    {"top",                 top},
    {"show",                show_actor},
    {"messages",            show_messages},
    {"restarts",            show_restarts},
    {"breakers",            show_breakers},
    {"breakers open",       change_breaker},
    {"breakers close",      change_breaker},
    {"breakers reset",      change_breaker},
    {"dead-letters",        show_letters},
    {"dead-letters tail",   show_letters},
    {"dead-letters show",   show_letters},
    {"dead-letters replay", replay_letter},
    {"shards",              show_shards},
    {"net",                 show_net},
    {"trace",               trace},
    {"doctor",              doctor},
    {"export",              export_all},
    {"restart",             change_actor},
    {"kill",                change_actor},
    {"drain",               change_drain},
    {"undrain",             change_drain},
  };
  // clang-format on
  return table;
}

} // namespace

Exit run(const Context& context) {
  const auto& command = context.command;
  const auto name = command.name + (command.action.empty() ? "" : " " + command.action);
  const auto found = commands().find(name);
  return found == commands().end() ? refuse(context.err, "no command is called " + name)
                                   : found->second(context);
}

} // namespace troupe::inspector
