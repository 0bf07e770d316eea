#include "core/clock.hpp"
#include "nodes/inspector/support.hpp"

#include <algorithm>
#include <ostream>

namespace troupe::inspector {

namespace show {

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

/// One object per node that has the target, each with the node's name.
core::Result<std::vector<Json>> from_holders(const Context& context, const std::string& route) {
  const auto on = holders(context);
  if (!on) {
    return on.error();
  }
  std::vector<Json> all;
  for (const auto& node : *on) {
    auto answer =
      context.client.ask_node(node, "GET", route + "?path=" + query_value(context.command.target));
    if (!answer) {
      return answer.error();
    }
    (*answer)["node"] = node;
    all.push_back(std::move(*answer));
  }
  return all;
}

/// "10m" before now, or RFC 3339 as it is.
core::Result<std::string> since_text(const std::string& since) {
  if (const auto duration = core::Duration::from_text(since)) {
    return (core::SystemClock{}.now() - duration->chrono()).to_text();
  }
  if (core::Timestamp::from_text(since)) {
    return since;
  }
  return core::Error{core::Errc::INVALID_ARGUMENT,
                     "--since: expected a duration such as 10m or RFC 3339, found \"" + since
                       + '"'};
}

const std::vector<Column>& ends_columns() {
  static const std::vector<Column> columns{{"NODE", "node"},     {"AT", "at"},
                                           {"PATH", "path"},     {"EPOCH", "epoch", true},
                                           {"REASON", "reason"}, {"LAST_MESSAGE", "last_message"},
                                           {"ERROR", "error"}};
  return columns;
}

} // namespace show

Exit show_nodes(const Context& context) {
  const auto answer = context.client.ask("GET", "/inspect/nodes");
  if (!answer) {
    return report(context.err, answer.error());
  }
  if (context.command.json) {
    context.out << answer->dump(2) << '\n';
    return Exit::OK;
  }
  context.out << table({{"NODE", "name"},
                        {"STATE", "state"},
                        {"ROLES", "roles"},
                        {"API", "api"},
                        {"CLUSTER", "cluster"},
                        {"PHI", "phi", true},
                        {"RTT ms", "rtt_ms", true},
                        {"SINCE", "since"},
                        {"BUILD", "build"}},
                       answer->get<std::vector<Json>>());
  return Exit::OK;
}

Exit show_tree(const Context& context) {
  const auto& target = context.command.target;
  const auto answers = context.client.ask_all("/inspect/tree");
  if (!answers) {
    return report(context.err, answers.error());
  }
  warn_of_silent(*answers, context.err);
  Json all = Json::array();
  for (const auto& answer : *answers) {
    if (!answer.data) {
      continue;
    }
    auto node = *answer.data;
    if (!target.empty()) {
      show::keep_service(node, target);
    }
    if (target.empty() || !node["children"].empty()) {
      all.push_back(std::move(node));
    }
  }
  if (!target.empty() && all.empty()) {
    return report(context.err, {core::Errc::NOT_FOUND, "no node runs a service named " + target});
  }
  if (context.command.json) {
    context.out << Json{{"nodes", all}, {"unreachable", unreachable(*answers)}}.dump(2) << '\n';
    return Exit::OK;
  }
  for (const auto& node : all) {
    context.out << tree(node);
  }
  return Exit::OK;
}

Exit show_actor(const Context& context) {
  const auto all = show::from_holders(context, "/inspect/actor");
  if (!all) {
    return report(context.err, all.error());
  }
  if (context.command.json) {
    context.out << Json(*all).dump(2) << '\n';
    return Exit::OK;
  }
  for (const auto& one : *all) {
    auto actor = one.at("actor");
    actor["node"] = one.at("node");
    context.out << (&one == &all->front() ? "" : "\n") << fields(actor);
    if (const auto& ends = one.at("ends"); !ends.empty()) {
      context.out << "\nhow its predecessors ended:\n"
                  << table({show::ends_columns().begin() + 1, show::ends_columns().end()},
                           ends.get<std::vector<Json>>());
    }
  }
  return Exit::OK;
}

Exit show_messages(const Context& context) {
  const auto all = show::from_holders(context, "/inspect/messages");
  if (!all) {
    return report(context.err, all.error());
  }
  if (context.command.json) {
    context.out << Json(*all).dump(2) << '\n';
    return Exit::OK;
  }
  for (auto one : *all) {
    const auto types = one["types"].get<std::vector<Json>>();
    const auto recent = one["recent"].get<std::vector<Json>>();
    one.erase("types");
    one.erase("recent");
    context.out << (one.at("node") == all->front().at("node") ? "" : "\n") << fields(one)
                << "\nby type:\n"
                << table({{"TYPE", "type"},
                          {"WAITING", "waiting", true},
                          {"RECEIVED", "received", true},
                          {"BUSY ms", "busy_ms", true},
                          {"MAX us", "max_us", true}},
                         types)
                << "\nhandled last, the newest first:\n"
                << table(
                     {{"TYPE", "type"}, {"AGO ms", "ago_ms", true}, {"TOOK us", "took_us", true}},
                     recent);
  }
  return Exit::OK;
}

Exit show_breakers(const Context& context) {
  return show_rows(context, "/inspect/breakers", "breakers",
                   {{"NODE", "node"},
                    {"EDGE", "edge"},
                    {"STATE", "state"},
                    {"CALLS", "calls", true},
                    {"FAILURES", "failures", true},
                    {"SLOW", "slow", true},
                    {"OPENED", "opened", true},
                    {"REFUSED", "refused", true},
                    {"RETRY ms", "retry_after_ms", true}});
}

Exit show_letters(const Context& context) {
  const auto& command = context.command;
  if (command.action == "show") {
    const auto path = "/inspect/dead-letters?id=" + query_value(command.target);
    const auto answer = command.on.empty() ? context.client.ask("GET", path)
                                           : context.client.ask_node(command.on, "GET", path);
    if (!answer) {
      return report(context.err, answer.error());
    }
    context.out << (command.json ? answer->at(0).dump(2) + "\n" : fields(answer->at(0)));
    return Exit::OK;
  }
  const auto limit = command.limit == 0 ? 20 : command.limit;
  return show_rows(context, "/inspect/dead-letters?limit=" + std::to_string(limit), "dead_letters",
                   {{"NODE", "node"},
                    {"ID", "id", true},
                    {"AT", "at"},
                    {"TO", "to"},
                    {"TYPE", "type"},
                    {"REASON", "reason"},
                    {"TEXT", "text"}});
}

Exit show_restarts(const Context& context) {
  std::string path = "/inspect/restarts";
  if (!context.command.since.empty()) {
    const auto since = show::since_text(context.command.since);
    if (!since) {
      return report(context.err, since.error());
    }
    path += "?since=" + query_value(*since);
  }
  return show_rows(context, path, "restarts", show::ends_columns());
}

Exit show_shards(const Context& context) {
  const auto& symbol = context.command.target;
  const auto answers = context.client.ask_all(
    "/inspect/shards" + (symbol.empty() ? "" : "?symbol=" + query_value(symbol)));
  if (!answers) {
    return report(context.err, answers.error());
  }
  warn_of_silent(*answers, context.err);
  std::vector<Json> rows;
  for (const auto& answer : *answers) {
    if (!answer.data) {
      continue;
    }
    for (const auto& service : answer.data->at("services")) {
      Json row{{"seen_by", answer.node},
               {"epoch", answer.data->at("epoch")},
               {"view", answer.data->at("fingerprint")},
               {"service", service.at("service")},
               {"owned", service.at("owned")},
               {"carriers", service.at("carriers")}};
      if (!symbol.empty()) {
        row["symbol"] = symbol;
        row["shard"] = answer.data->at("shard");
        row["owner"] = service.at("owners").at(0);
      }
      rows.push_back(std::move(row));
    }
  }
  if (context.command.json) {
    Json nodes = Json::array();
    for (const auto& answer : *answers) {
      if (answer.data) {
        nodes.push_back(*answer.data);
        nodes.back()["node"] = answer.node;
      }
    }
    context.out
      << Json{{"shards", rows}, {"nodes", nodes}, {"unreachable", unreachable(*answers)}}.dump(2)
      << '\n';
    return Exit::OK;
  }
  std::vector<Column> columns{
    {"SEEN_BY", "seen_by"}, {"EPOCH", "epoch", true}, {"VIEW", "view"}, {"SERVICE", "service"}};
  if (symbol.empty()) {
    columns.push_back({"SHARDS", "owned"});
  } else {
    columns.insert(columns.end(),
                   {{"SYMBOL", "symbol"}, {"SHARD", "shard", true}, {"OWNER", "owner"}});
  }
  context.out << table(columns, rows);
  return Exit::OK;
}

Exit show_net(const Context& context) {
  const auto answers = context.client.ask_all("/inspect/net");
  if (!answers) {
    return report(context.err, answers.error());
  }
  warn_of_silent(*answers, context.err);
  std::vector<Json> links;
  std::vector<Json> apis;
  std::vector<Json> all;
  for (const auto& answer : *answers) {
    if (!answer.data) {
      continue;
    }
    for (auto link : answer.data->at("peers")) {
      link["node"] = answer.node;
      links.push_back(std::move(link));
    }
    auto api = answer.data->at("api");
    api["node"] = answer.node;
    apis.push_back(std::move(api));
    all.push_back(*answer.data);
    all.back()["node"] = answer.node;
  }
  if (context.command.json) {
    context.out << Json{{"nodes", all}, {"unreachable", unreachable(*answers)}}.dump(2) << '\n';
    return Exit::OK;
  }
  context.out << "links:\n"
              << table({{"NODE", "node"},
                        {"PEER", "peer"},
                        {"STATE", "state"},
                        {"PHI", "phi", true},
                        {"RTT ms", "rtt_ms", true},
                        {"BYTES_IN", "bytes_in", true},
                        {"BYTES_OUT", "bytes_out", true},
                        {"QUEUED", "queued", true},
                        {"QUEUED_BYTES", "queued_bytes", true},
                        {"CONFLATED", "conflated", true},
                        {"DROPPED", "dropped", true}},
                       links)
              << "\nAPI connections:\n"
              << table({{"NODE", "node"},
                        {"OPEN", "connections", true},
                        {"WEBSOCKETS", "websockets", true},
                        {"ACCEPTED", "accepted", true},
                        {"REFUSED", "refused", true},
                        {"BYTES_IN", "bytes_in", true},
                        {"BYTES_OUT", "bytes_out", true},
                        {"SLOW_CUT_OFF", "slow_consumers", true}},
                       apis);
  return Exit::OK;
}

} // namespace troupe::inspector
