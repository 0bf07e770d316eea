#pragma once

#include "nodes/inspector/commands.hpp"
#include "nodes/inspector/render.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

/// What commands share. Private to this folder.
namespace troupe::inspector {

using Json = nlohmann::json;

/// Says what went wrong. @returns the exit code of it
Exit report(std::ostream& err, const core::Error& error);
inline Exit refuse(std::ostream& err, std::string text) {
  return report(err, {core::Errc::INVALID_ARGUMENT, std::move(text)});
}

/// Says which nodes did not answer, or answer though they should not.
void warn_of_silent(const std::vector<NodeAnswer>& answers, std::ostream& err);

/// Rows of every node's answer with the node's name in each.
[[nodiscard]] std::vector<Json> rows_of(const std::vector<NodeAnswer>& answers);

/// The nodes that did not answer, and why.
[[nodiscard]] Json unreachable(const std::vector<NodeAnswer>& answers);

/// Asks all nodes for rows and shows them; as JSON under `key`.
Exit show_rows(const Context& context,
               const std::string& path,
               const std::string& key,
               const std::vector<Column>& columns);

/// Names of the nodes that have an actor at the path: that of --on where it is given.
/// @returns NOT_FOUND where none has
[[nodiscard]] core::Result<std::vector<std::string>> holders(const Context& context);

// ---- the commands, by file
Exit show_nodes(const Context& context);
Exit show_tree(const Context& context);
Exit show_actor(const Context& context);
Exit show_messages(const Context& context);
Exit show_breakers(const Context& context);
Exit show_letters(const Context& context);
Exit show_restarts(const Context& context);
Exit show_shards(const Context& context);
Exit show_net(const Context& context);
Exit trace(const Context& context);
Exit export_all(const Context& context);

Exit ps(const Context& context);
Exit top(const Context& context);

Exit doctor(const Context& context);

Exit change_actor(const Context& context);
Exit change_breaker(const Context& context);
Exit replay_letter(const Context& context);
Exit change_drain(const Context& context);

} // namespace troupe::inspector
