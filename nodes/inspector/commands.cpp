#include "nodes/inspector/commands.hpp"

#include "nodes/inspector/render.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <ostream>

namespace troupe::inspector {

using Json = nlohmann::json;

namespace {

Exit exit_code(core::Errc code) {
  switch (code) {
    case core::Errc::NOT_FOUND:
    case core::Errc::UNKNOWN_SYMBOL: return Exit::NOT_FOUND;
    case core::Errc::UNAVAILABLE: return Exit::NOT_RUNNING;
    case core::Errc::TIMEOUT: return Exit::TIMEOUT;
    case core::Errc::INVALID_ARGUMENT:
    case core::Errc::CONFIG_INVALID: return Exit::CONFIG;
    default: return Exit::ERROR;
  }
}

Exit report(std::ostream& err, const core::Error& error) {
  err << "error: " << core::to_string(error) << '\n';
  if (error.code == core::Errc::UNAUTHENTICATED || error.code == core::Errc::FORBIDDEN) {
    err << "give the node's token: --token-file DATA_DIR/token\n";
  }
  return exit_code(error.code);
}

/// Rows of every node's answer with the node's name in each; complaints about the silent ones.
std::vector<Json> rows_of(const std::vector<NodeAnswer>& answers, std::ostream& err) {
  std::vector<Json> rows;
  for (const auto& answer : answers) {
    if (!answer.data) {
      err << "warning: node " << answer.node << ": " << core::to_string(answer.error) << '\n';
      continue;
    }
    for (auto row : *answer.data) {
      row["node"] = answer.node;
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

Json unreachable(const std::vector<NodeAnswer>& answers) {
  Json out = Json::array();
  for (const auto& answer : answers) {
    if (!answer.data) {
      out.push_back({{"node", answer.node}, {"error", core::to_string(answer.error)}});
    }
  }
  return out;
}

Exit nodes(const Command& command,
           const ClusterClient& client,
           std::ostream& out,
           std::ostream& err) {
  const auto answer = client.ask("GET", "/inspect/nodes");
  if (!answer) {
    return report(err, answer.error());
  }
  if (command.json) {
    out << answer->dump(2) << '\n';
  } else {
    out << table({{"NODE", "name"},
                  {"STATE", "state"},
                  {"ROLES", "roles"},
                  {"API", "api"},
                  {"CLUSTER", "cluster"},
                  {"PHI", "phi", true},
                  {"RTT ms", "rtt_ms", true},
                  {"SINCE", "since"},
                  {"BUILD", "build"}},
                 answer->get<std::vector<Json>>());
  }
  return Exit::OK;
}

/// Keeps only the supervisors named `service` at the top of a node's tree.
void keep_service(Json& node, const std::string& service) {
  auto& children = node["children"];
  Json kept = Json::array();
  for (auto& child : children) {
    if (child.value("name", "") == service || child.value("path", "") == service) {
      kept.push_back(child);
    }
  }
  children = std::move(kept);
}

Exit show_tree(const Command& command,
               const ClusterClient& client,
               std::ostream& out,
               std::ostream& err) {
  const auto answers = client.ask_all("/inspect/tree");
  if (!answers) {
    return report(err, answers.error());
  }
  Json all = Json::array();
  bool found = command.target.empty();
  for (const auto& answer : *answers) {
    if (!answer.data) {
      err << "warning: node " << answer.node << ": " << core::to_string(answer.error) << '\n';
      continue;
    }
    auto node = *answer.data;
    if (!command.target.empty()) {
      keep_service(node, command.target);
      if (node["children"].empty()) {
        continue;
      }
      found = true;
    }
    all.push_back(std::move(node));
  }
  if (!found) {
    return report(err, {core::Errc::NOT_FOUND, "no node runs a service named " + command.target});
  }
  if (command.json) {
    out << Json{{"nodes", all}, {"unreachable", unreachable(*answers)}}.dump(2) << '\n';
    return Exit::OK;
  }
  for (const auto& node : all) {
    out << tree(node);
  }
  return Exit::OK;
}

const std::vector<Column>& actor_columns() {
  static const std::vector<Column> columns{{"NODE", "node"},
                                           {"PATH", "path"},
                                           {"STATE", "state"},
                                           {"MAILBOX", "mailbox", true},
                                           {"CAP", "mailbox_cap", true},
                                           {"HANDLED", "handled", true},
                                           {"REJECTED", "rejected", true},
                                           {"BUSY s", "busy_s", true},
                                           {"P50 us", "p50_us", true},
                                           {"P99 us", "p99_us", true},
                                           {"MAX us", "max_us", true},
                                           {"RESTARTS", "restarts", true},
                                           {"LAST_ERROR", "last_error"}};
  return columns;
}

Exit ps(const Command& command, const ClusterClient& client, std::ostream& out, std::ostream& err) {
  static const std::map<std::string, std::string> keys{{"mailbox", "mailbox"},
                                                       {"handled", "handled"},
                                                       {"busy", "busy_s"},
                                                       {"restarts", "restarts"},
                                                       {"p99", "p99_us"}};
  const auto key = keys.find(command.sort);
  if (key == keys.end()) {
    return report(err, {core::Errc::INVALID_ARGUMENT,
                        "--sort: expected one of mailbox, handled, busy, restarts, p99, found "
                          + command.sort});
  }
  const auto answers = client.ask_all("/inspect/actors");
  if (!answers) {
    return report(err, answers.error());
  }
  auto rows = rows_of(*answers, err);
  std::stable_sort(rows.begin(), rows.end(), [&](const Json& a, const Json& b) {
    return a.value(key->second, 0.0) > b.value(key->second, 0.0);
  });
  out << (command.json
            ? Json{{"actors", rows}, {"unreachable", unreachable(*answers)}}.dump(2) + "\n"
            : table(actor_columns(), rows));
  return Exit::OK;
}

/// Nodes that have an actor at the path, by name.
core::Result<std::vector<std::string>> holders(const Command& command,
                                               const ClusterClient& client) {
  if (!command.on.empty()) {
    return std::vector{command.on};
  }
  const auto answers = client.ask_all("/inspect/actors");
  if (!answers) {
    return answers.error();
  }
  std::vector<std::string> names;
  for (const auto& answer : *answers) {
    const bool has =
      answer.data && std::any_of(answer.data->begin(), answer.data->end(), [&](const Json& row) {
        return row.value("path", "") == command.target;
      });
    if (has) {
      names.push_back(answer.node);
    }
  }
  if (names.empty()) {
    return core::Error{core::Errc::NOT_FOUND, "no node has an actor at " + command.target};
  }
  return names;
}

Exit show(const Command& command,
          const ClusterClient& client,
          std::ostream& out,
          std::ostream& err) {
  const auto on = holders(command, client);
  if (!on) {
    return report(err, on.error());
  }
  Json all = Json::array();
  for (const auto& node : *on) {
    auto answer =
      client.ask_node(node, "GET", "/inspect/actor?path=" + query_value(command.target));
    if (!answer) {
      return report(err, answer.error());
    }
    (*answer)["node"] = node;
    all.push_back(std::move(*answer));
  }
  if (command.json) {
    out << all.dump(2) << '\n';
    return Exit::OK;
  }
  for (const auto& one : all) {
    auto actor = one.at("actor");
    actor["node"] = one.at("node");
    out << fields(actor);
    if (const auto& ends = one.at("ends"); !ends.empty()) {
      out << "\nhow its predecessors ended:\n"
          << table({{"AT", "at"},
                    {"EPOCH", "epoch", true},
                    {"REASON", "reason"},
                    {"LAST MESSAGE", "last_message"},
                    {"ERROR", "error"}},
                   ends.get<std::vector<Json>>());
    }
  }
  return Exit::OK;
}

Exit listing(const Command& command,
             const ClusterClient& client,
             const std::string& path,
             const std::vector<Column>& columns,
             std::ostream& out,
             std::ostream& err) {
  const auto answers = client.ask_all(path);
  if (!answers) {
    return report(err, answers.error());
  }
  const auto rows = rows_of(*answers, err);
  out << (command.json ? Json{{"rows", rows}, {"unreachable", unreachable(*answers)}}.dump(2) + "\n"
                       : table(columns, rows));
  return Exit::OK;
}

Exit order(const Command& command,
           const ClusterClient& client,
           const std::string& node,
           const std::string& path,
           std::ostream& out,
           std::ostream& err) {
  if (!command.yes) {
    return report(err, {core::Errc::INVALID_ARGUMENT,
                        command.name + " changes the running system: repeat it with --yes"});
  }
  const auto answer = node.empty() ? client.ask("POST", path) : client.ask_node(node, "POST", path);
  if (!answer) {
    return report(err, answer.error());
  }
  out << (command.json ? answer->dump(2)
                       : answer->value("done", "done") + " " + command.target + " on "
                           + answer->value("node", "?"))
      << '\n';
  return Exit::OK;
}

Exit order_actor(const Command& command,
                 const ClusterClient& client,
                 std::ostream& out,
                 std::ostream& err) {
  const auto on = holders(command, client);
  if (!on) {
    return report(err, on.error());
  }
  if (on->size() > 1) {
    std::string names;
    for (const auto& name : *on) {
      names += " " + name;
    }
    return report(err, {core::Errc::INVALID_ARGUMENT, "several nodes have " + command.target
                                                        + ": say which with --on, one of" + names});
  }
  const auto path = "/inspect/" + command.name + "?path=" + query_value(command.target);
  return order(command, client, on->front(), path, out, err);
}

Exit breakers(const Command& command,
              const ClusterClient& client,
              std::ostream& out,
              std::ostream& err) {
  if (!command.action.empty()) {
    return order(command, client, command.on,
                 "/inspect/breakers/" + command.action + "?edge=" + query_value(command.target),
                 out, err);
  }
  return listing(command, client, "/inspect/breakers",
                 {{"NODE", "node"},
                  {"EDGE", "edge"},
                  {"STATE", "state"},
                  {"CALLS", "calls", true},
                  {"FAILURES", "failures", true},
                  {"SLOW", "slow", true},
                  {"OPENED", "opened", true},
                  {"REFUSED", "refused", true}},
                 out, err);
}

} // namespace

Exit run(const Command& command,
         const ClusterClient& client,
         std::ostream& out,
         std::ostream& err) {
  if (command.name == "nodes") {
    return nodes(command, client, out, err);
  }
  if (command.name == "tree") {
    return show_tree(command, client, out, err);
  }
  if (command.name == "ps") {
    return ps(command, client, out, err);
  }
  if (command.name == "show") {
    return show(command, client, out, err);
  }
  if (command.name == "breakers") {
    return breakers(command, client, out, err);
  }
  if (command.name == "dead-letters") {
    return listing(command, client, "/inspect/dead-letters?limit=" + std::to_string(command.limit),
                   {{"NODE", "node"},
                    {"ID", "id", true},
                    {"AT", "at"},
                    {"TO", "to"},
                    {"TYPE", "type"},
                    {"REASON", "reason"},
                    {"TEXT", "text"}},
                   out, err);
  }
  return order_actor(command, client, out, err);
}

} // namespace troupe::inspector
