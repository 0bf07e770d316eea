#include "nodes/inspector/commands.hpp"

#include <CLI/CLI.hpp>

#include <fstream>
#include <iostream>
#include <sstream>
#include <thread>

namespace {

using namespace troupe;
using inspector::Command;
using inspector::Exit;

constexpr const char* examples = R"(Examples:
  actor-inspector nodes                              every node of the cluster
  actor-inspector tree market_data                   one service's supervision tree, on every node
  actor-inspector ps --sort p99 --watch 1            actors by handling time, again each second
  actor-inspector show market_data/front             one actor, its figures, how it ended before
  actor-inspector breakers                           circuit breakers
  actor-inspector dead-letters --limit 5             the newest messages that nobody handled
  actor-inspector restart market_data/front --yes --token-file ~/.local/state/troupe/token
Exit codes: 0 ok, 1 error, 2 not found, 3 not running, 4 usage or configuration, 5 timeout)";

struct Options {
  Command command;
  inspector::ClientOptions client;
  std::string token_file;
  double timeout_s = 5;
  double watch_s = 0;
};

void add_commands(CLI::App& app, Options& options) {
  auto& command = options.command;
  const auto named = [&](const char* name, const char* help) {
    auto* const sub = app.add_subcommand(name, help);
    sub->callback([&command, name] { command.name = name; });
    return sub;
  };
  named("nodes", "the cluster's nodes");
  named("tree", "supervision trees")->add_option("service", command.target, "only this service");
  named("ps", "every actor with its figures")
    ->add_option("--sort", command.sort, "mailbox, handled, busy, restarts or p99");
  named("show", "one actor")
    ->add_option("path", command.target, "such as market_data/front")
    ->required();
  named("dead-letters", "messages that nobody handled")
    ->add_option("--limit", command.limit, "how many, per node")
    ->check(CLI::Range(1, 4096));
  auto* const breakers = named("breakers", "circuit breakers, and holding them open or closed");
  breakers->add_option("action", command.action, "open, disable or reset")
    ->check(CLI::IsMember({"open", "disable", "reset"}));
  breakers->add_option("edge", command.target, "name of the breaker");
  for (const auto* name : {"restart", "kill"}) {
    named(name,
          name == std::string("kill") ? "crash an actor, as a fault would" : "restart an actor")
      ->add_option("path", command.target, "such as market_data/front")
      ->required();
  }
}

/// @returns false where the file cannot be read
bool read_token(Options& options) {
  if (options.token_file.empty()) {
    return true;
  }
  std::ifstream in{options.token_file};
  return static_cast<bool>(in >> options.client.token);
}

int run_once(const Options& options) {
  const inspector::ClusterClient client{options.client};
  std::ostringstream out;
  const auto code = inspector::run(options.command, client, out, std::cerr);
  if (options.watch_s > 0) {
    std::cout << "\x1b[H\x1b[2J";
  }
  std::cout << out.str() << std::flush;
  return static_cast<int>(code);
}

} // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Looks into running Troupe nodes over their API."};
  app.footer(examples);
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--node", options.client.node, "API address of any node")->capture_default_str();
  app.add_option("--token", options.client.token, "bearer token")->envname("TROUPE_TOKEN");
  app.add_option("--token-file", options.token_file, "file that holds the bearer token");
  app.add_option("--timeout", options.timeout_s, "seconds per request")
    ->check(CLI::Range(0.1, 600.0));
  app.add_option("--on", options.command.on, "node that a changing command or show is for");
  app.add_flag("--local", options.client.only_this_node,
               "ask only the node given, not its cluster");
  app.add_flag("--json", options.command.json, "JSON instead of tables");
  app.add_flag("--yes", options.command.yes, "really change the running system");
  app.add_option("--watch", options.watch_s, "again every so many seconds")
    ->check(CLI::Range(0.1, 3600.0));
  add_commands(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error, std::cout, std::cerr);
    return code == 0 ? 0 : static_cast<int>(Exit::CONFIG);
  }
  if (!read_token(options)) {
    std::cerr << "error: cannot read a token from " << options.token_file << '\n';
    return static_cast<int>(Exit::CONFIG);
  }
  if (!options.command.action.empty() && options.command.target.empty()) {
    std::cerr << "error: breakers " << options.command.action << " wants the name of an edge\n";
    return static_cast<int>(Exit::CONFIG);
  }
  options.client.timeout =
    std::chrono::nanoseconds{static_cast<std::int64_t>(options.timeout_s * 1e9)};
  int code = run_once(options);
  while (options.watch_s > 0 && code == 0) {
    std::this_thread::sleep_for(std::chrono::duration<double>(options.watch_s));
    code = run_once(options);
  }
  return code;
}
