#include "nodes/inspector/support.hpp"

#include <algorithm>
#include <ostream>

namespace troupe::inspector {

namespace tracing {

/// Nodes that have an actor at the path.
std::vector<std::string> nodes_of(const std::vector<NodeAnswer>& actors, const std::string& path) {
  std::vector<std::string> out;
  for (const auto& answer : actors) {
    if (answer.data && std::any_of(answer.data->begin(), answer.data->end(), [&](const Json& row) {
          return row.value("path", "") == path;
        })) {
      out.push_back(answer.node);
    }
  }
  return out;
}

/// What to ask every node for: a node without the actor follows what it causes there.
/// @param others  there are nodes that may not have the actor
std::string route_of(const Command& command, const std::vector<std::string>& nodes, bool others) {
  std::string route = std::string("/inspect/trace?") + (nodes.empty() ? "match=" : "path=")
                      + query_value(command.target) + "&seconds=" + std::to_string(command.seconds)
                      + "&limit=" + std::to_string(command.limit == 0 ? 100 : command.limit)
                      + (command.text ? "&text=true" : "");
  for (std::size_t i = 0; others && i < nodes.size(); ++i) {
    route += (i == 0 ? "&from=" : ",") + query_value(nodes[i]);
  }
  return route;
}

std::vector<Json> events_of(const std::vector<NodeAnswer>& answers, std::uint64_t& skipped) {
  std::vector<Json> events;
  for (const auto& answer : answers) {
    if (!answer.data) {
      continue;
    }
    skipped += answer.data->value("skipped", std::uint64_t{0});
    for (auto event : answer.data->at("events")) {
      event["node"] = answer.node;
      events.push_back(std::move(event));
    }
  }
  std::stable_sort(events.begin(), events.end(), [](const Json& a, const Json& b) {
    return a.at("at").get<std::string>() < b.at("at").get<std::string>();
  });
  return events;
}

} // namespace tracing

Exit trace(const Context& context) {
  const auto& command = context.command;
  const auto actors = context.client.ask_all("/inspect/actors");
  if (!actors) {
    return report(context.err, actors.error());
  }
  auto nodes = tracing::nodes_of(*actors, command.target);
  if (!command.on.empty() && !nodes.empty()) {
    if (std::find(nodes.begin(), nodes.end(), command.on) == nodes.end()) {
      return report(context.err,
                    {core::Errc::NOT_FOUND, command.on + " has no actor at " + command.target});
    }
    nodes = {command.on};
  }
  if (nodes.empty() && command.target.find('/') != std::string::npos) {
    return report(context.err,
                  {core::Errc::NOT_FOUND, "no node has an actor at " + command.target});
  }
  const auto route = tracing::route_of(command, nodes, actors->size() > 1);
  auto answers = context.client.ask_all(route, std::chrono::seconds{command.seconds});
  if (!answers) {
    return report(context.err, answers.error());
  }
  std::erase_if(*answers, [&](const NodeAnswer& answer) { // has no such actor, or was not meant
    return answer.error.code == core::Errc::NOT_FOUND
           || (nodes.empty() && !command.on.empty() && answer.node != command.on);
  });
  warn_of_silent(*answers, context.err);
  std::uint64_t skipped = 0;
  const auto events = tracing::events_of(*answers, skipped);
  if (skipped > 0) {
    context.err << "warning: " << skipped << " messages were too many a second to look into\n";
  }
  if (command.json) {
    context.out << Json{{"events", events},
                        {"skipped", skipped},
                        {"unreachable", unreachable(*answers)}}
                     .dump(2)
                << '\n';
    return Exit::OK;
  }
  std::vector<Column> columns{{"AT", "at"},
                              {"NODE", "node"},
                              {"KIND", "kind"},
                              {"ACTOR", "actor"},
                              {"FROM/TO", "peer"},
                              {"TYPE", "type"},
                              {"CAUSE", "causal_id", true},
                              {"WAITED us", "waited_us", true},
                              {"TOOK us", "took_us", true}};
  if (command.text) {
    columns.push_back({"TEXT", "text"});
  }
  context.out << table(columns, events);
  return Exit::OK;
}

Exit export_all(const Context& context) {
  static const std::vector<std::pair<const char*, const char*>> parts{
    {"health", "/health"},
    {"nodes", "/inspect/nodes"},
    {"tree", "/inspect/tree"},
    {"actors", "/inspect/actors"},
    {"restarts", "/inspect/restarts"},
    {"breakers", "/inspect/breakers"},
    {"dead_letters", "/inspect/dead-letters?limit=4096"},
    {"shards", "/inspect/shards"},
    {"net", "/inspect/net"},
    {"process", "/inspect/process"}};
  Json nodes = Json::object();
  Json silent = Json::array();
  for (const auto& [name, path] : parts) {
    const auto answers = context.client.ask_all(path);
    if (!answers) {
      return report(context.err, answers.error());
    }
    for (const auto& answer : *answers) {
      if (answer.data) {
        nodes[answer.node][name] = *answer.data;
      }
    }
    silent = unreachable(*answers);
  }
  for (const auto& node : silent) {
    context.err << "warning: node " << node.at("node").get<std::string>()
                << " does not answer: " << node.at("error").get<std::string>() << '\n';
  }
  context.out << Json{{"nodes", nodes}, {"unreachable", silent}}.dump(2) << '\n';
  return Exit::OK;
}

} // namespace troupe::inspector
