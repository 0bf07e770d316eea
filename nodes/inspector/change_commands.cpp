#include "nodes/inspector/support.hpp"

#include <algorithm>
#include <ostream>

namespace troupe::inspector {

namespace changing {

Exit check_yes(const Context& context) {
  if (context.command.yes) {
    return Exit::OK;
  }
  return refuse(context.err,
                context.command.name + " changes the running system: repeat it with --yes");
}

/// Gives the order to the node, or to the one asked where it is empty.
core::Result<Json> give(const Context& context, const std::string& node, const std::string& path) {
  return node.empty() ? context.client.ask("POST", path)
                      : context.client.ask_node(node, "POST", path);
}

Exit order(const Context& context, const std::string& node, const std::string& path) {
  if (const auto code = check_yes(context); code != Exit::OK) {
    return code;
  }
  const auto answer = give(context, node, path);
  if (!answer) {
    return report(context.err, answer.error());
  }
  context.out << (context.command.json
                    ? answer->dump(2)
                    : answer->value("done", "done") + " " + context.command.target + " on "
                        + answer->value("node", "?"))
              << '\n';
  return Exit::OK;
}

/// How many shards of the services each node owns, by an answer of /inspect/shards.
Json owned(const Json& shards, const std::vector<std::string>& services) {
  Json out = Json::object();
  for (const auto& service : shards.at("services")) {
    const auto name = service.at("service").get<std::string>();
    if (std::find(services.begin(), services.end(), name) != services.end()) {
      out[name] = service.at("owned");
    }
  }
  return out;
}

/// Whether the node answers for all that it owns by the view that it has.
bool loaded(const Json& shards, const std::vector<std::string>& services) {
  const auto& all = shards.at("services");
  return std::all_of(all.begin(), all.end(), [&](const Json& service) {
    const auto name = service.at("service").get<std::string>();
    const auto state = service.find("loaded");
    if (std::find(services.begin(), services.end(), name) == services.end()
        || state == service.end() || state->is_null()) {
      return true;
    }
    return state->at("waiting") == 0 && state->at("epoch") >= shards.at("epoch");
  });
}

bool moved(const Json& owned, const std::string& node, bool away) {
  return std::all_of(owned.begin(), owned.end(),
                     [&](const Json& by_node) { return (by_node.value(node, 0) == 0) == away; });
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < text.size();) {
    const auto comma = std::min(text.find(", ", at), text.size());
    parts.push_back(text.substr(at, comma - at));
    at = comma + 2;
  }
  return parts;
}

} // namespace changing

Exit change_actor(const Context& context) {
  const auto& command = context.command;
  const auto on = holders(context);
  if (!on) {
    return report(context.err, on.error());
  }
  if (on->size() > 1) {
    std::string names;
    for (const auto& name : *on) {
      names += " " + name;
    }
    return refuse(context.err,
                  "several nodes have " + command.target + ": say which with --on, one of" + names);
  }
  return changing::order(context, on->front(),
                         "/inspect/" + command.name + "?path=" + query_value(command.target));
}

Exit change_breaker(const Context& context) {
  const auto& command = context.command;
  return changing::order(context, command.on,
                         "/inspect/breakers/" + command.action
                           + "?edge=" + query_value(command.target));
}

Exit replay_letter(const Context& context) {
  return changing::order(context, context.command.on,
                         "/inspect/dead-letters/replay?id=" + query_value(context.command.target));
}

Exit change_drain(const Context& context) {
  const auto& command = context.command;
  if (const auto code = changing::check_yes(context); code != Exit::OK) {
    return code;
  }
  const bool away = command.name == "drain";
  const auto answer =
    changing::give(context, command.target,
                   "/inspect/" + command.name
                     + (command.role.empty() ? "" : "?role=" + query_value(command.role)));
  if (!answer) {
    return report(context.err, answer.error());
  }
  const auto roles = changing::split(answer->value("detail", ""));
  constexpr double look_every_s = 0.1;
  const double patience_s = static_cast<double>(context.client.options().timeout.ns) / 1e9;
  for (double waited_s = 0;; waited_s += look_every_s) {
    const auto shards = context.client.ask_all("/inspect/shards");
    if (!shards) {
      return report(context.err, shards.error());
    }
    Json owned = Json::object(); // as the node that was asked sees it: the first
    bool done = true;
    for (const auto& node : *shards) {
      if (node.data) {
        const auto by_node = changing::owned(*node.data, roles);
        owned = owned.empty() ? by_node : owned;
        done = done && changing::moved(by_node, command.target, away)
               && changing::loaded(*node.data, roles);
      }
    }
    if (done) {
      context.out
        << (command.json
              ? Json{{"done", command.name}, {"node", command.target}, {"owned", owned}}.dump(2)
              : command.name + " done on " + command.target + "; shards are now at " + owned.dump())
        << '\n';
      return Exit::OK;
    }
    if (waited_s >= patience_s) {
      return report(context.err,
                    {core::Errc::TIMEOUT, command.name
                                            + " was ordered, but the shards have not moved, or "
                                              "their new owners not loaded them, yet: "
                                            + owned.dump()});
    }
    context.sleep(look_every_s);
  }
}

} // namespace troupe::inspector
