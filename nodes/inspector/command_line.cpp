#include "nodes/inspector/command_line.hpp"

#include "nodes/inspector/rates.hpp"

#include <CLI/CLI.hpp>

#include <fstream>
#include <iostream>

namespace troupe::inspector {

namespace command_line {

constexpr const char* footer =
  R"(Reading needs no token on a node with open reads; what changes the system needs --yes and a token
with scope admin (--token-file DATA_DIR/token), and is written to DATA_DIR/audit.jsonl of the node.
Figures come from shared counters over each node's own API: a stuck actor and a sick cluster layer
still show. Nodes that do not answer are named on standard error.
actor-inspector COMMAND --help shows examples.
Exit codes: 0 ok, 1 error (doctor: something was found), 2 not found, 3 not running, 4 usage or
configuration, 5 timeout)";

struct Options {
  Invocation out;
  std::string token_file;
  double timeout_s = 5;
};

CLI::App*
add(CLI::App& app, Options& options, const char* name, const char* help, const char* examples) {
  auto* const sub = app.add_subcommand(name, help);
  sub->footer(std::string("Examples:\n") + examples);
  sub->callback([&options, sub, name] {
    options.out.command.name = name;
    const auto* const sort = sub->get_option_no_throw("--sort");
    if (name == std::string("top") && sort->count() == 0) {
      options.out.command.sort = "rate"; // what happens now is what top is looked at for
    }
  });
  return sub;
}

void add_sort(CLI::App* sub, Command& command) {
  sub->add_option("--sort", command.sort, std::string("by one of ") + sort_words);
  sub->add_option("--limit", command.limit, "rows at most")->check(CLI::Range(1, 100'000));
  sub->add_option("--interval", command.interval_s, "seconds between the two looks rates need")
    ->check(CLI::Range(0.05, 60.0))
    ->capture_default_str();
}

// clang-format off
void add_reading(CLI::App& app, Options& options) {
  auto& command = options.out.command;
  add(app, options, "nodes", "the cluster's nodes as the asked one sees them",
      "  actor-inspector nodes\n  actor-inspector --node http://10.0.0.7:8080 nodes --watch 1");
  add(app, options, "tree", "supervision trees",
      "  actor-inspector tree\n  actor-inspector tree market_data")
    ->add_option("service", command.target, "only this service");
  add_sort(add(app, options, "ps", "every actor with its figures since its start; --sort rate and busy take two looks",
      "  actor-inspector ps --sort p99\n  actor-inspector ps --sort rate --limit 10\n  actor-inspector ps --json"), command);
  auto* const top = add(app, options, "top", "what every actor does now; redrawn until Ctrl-C in a terminal",
      "  actor-inspector top\n  actor-inspector top --sort busy --interval 2\n  actor-inspector top --once --json");
  add_sort(top, command);
  top->add_flag("--once", options.out.once, "one look, also in a terminal");
  add(app, options, "show", "one actor, and how its predecessors ended",
      "  actor-inspector show market_data/front")
    ->add_option("path", command.target, "such as market_data/front")->required();
  add(app, options, "messages", "what waits at an actor and what it handled last, by type",
      "  actor-inspector messages market_data/front --watch 1")
    ->add_option("path", command.target, "such as market_data/front")->required();
  add(app, options, "restarts", "how supervised children ended",
      "  actor-inspector restarts\n  actor-inspector restarts --since 10m\n  actor-inspector restarts --since 2026-01-31T12:00:00Z")
    ->add_option("--since", command.since, "a duration before now, or RFC 3339");
  add(app, options, "shards", "who owns the shards of each service, as each node sees it",
      "  actor-inspector shards\n  actor-inspector shards BTC-USD")
    ->add_option("symbol", command.target, "only the shard of this symbol");
  add(app, options, "net", "links between nodes, and connections of the API",
      "  actor-inspector net --watch 1");
  auto* const trace = add(app, options, "trace", "follows messages of an actor, or those that hold a text, for a bounded time",
      "  actor-inspector trace market_data/front --seconds 2 --limit 20\n  actor-inspector trace 7f3a-order-id --text");
  trace->add_option("target", command.target, "path of an actor, or an order id or any other text")->required();
  trace->add_option("--seconds", command.seconds, "at most so long")->check(CLI::Range(1, 60))->capture_default_str();
  trace->add_option("--limit", command.limit, "at most so many events per node (100)")->check(CLI::Range(1, 10'000));
  trace->add_flag("--text", command.text, "show what the messages say");
  add(app, options, "doctor", "looks for what is not as it should be; exit code 1 when it finds something",
      "  actor-inspector doctor\n  actor-inspector doctor --json")
    ->add_option("--interval", command.interval_s, "seconds between its two looks")->check(CLI::Range(0.05, 60.0))->capture_default_str();
  add(app, options, "export", "everything of every node, as JSON",
      "  actor-inspector export > state.json");
}

void add_changing(CLI::App& app, Options& options) {
  auto& command = options.out.command;
  auto* const breakers = add(app, options, "breakers", "circuit breakers; holds one open or closed, or gives it back to itself",
      "  actor-inspector breakers\n  actor-inspector breakers open 'market_data>store' --yes --token-file TOKEN\n  actor-inspector breakers reset 'market_data>store' --yes --token-file TOKEN");
  breakers->add_option("action", command.action, "open, close or reset")->check(CLI::IsMember({"open", "close", "reset"}));
  breakers->add_option("edge", command.target, "name of the breaker");
  auto* const letters = add(app, options, "dead-letters", "messages that nobody handled",
      "  actor-inspector dead-letters --limit 5 --watch 1\n  actor-inspector dead-letters show 17\n  actor-inspector dead-letters replay 17 --yes --token-file TOKEN");
  letters->add_option("action", command.action, "tail, show or replay; orders and requests cannot be replayed")->check(CLI::IsMember({"tail", "show", "replay"}));
  letters->add_option("id", command.target, "number of the letter, on the asked node or that of --on");
  letters->add_option("--limit", command.limit, "how many, per node (20)")->check(CLI::Range(1, 4096));
  add(app, options, "restart", "stops an actor in order and starts it again",
      "  actor-inspector restart market_data/front --yes --token-file TOKEN")
    ->add_option("path", command.target, "such as market_data/front")->required();
  add(app, options, "kill", "crashes an actor, as a fault would",
      "  actor-inspector kill market_data/front --yes --token-file TOKEN")
    ->add_option("path", command.target, "such as market_data/front")->required();
  for (const auto* name : {"drain", "undrain"}) {
    const bool away = std::string(name) == "drain";
    auto* const sub = add(app, options, name,
        away ? "moves a node's shards to other nodes, before it is stopped; waits until they have moved" : "takes drained roles back",
        away ? "  actor-inspector drain node-b regime --yes --token-file TOKEN\n  actor-inspector drain node-b --yes --token-file TOKEN"
             : "  actor-inspector undrain node-b --yes --token-file TOKEN");
    sub->add_option("node", command.target, "its name")->required();
    sub->add_option("role", command.role, "only this role");
  }
}
// clang-format on

/// @returns what is wrong; empty for nothing
std::string problem_of(Options& options) {
  const auto& command = options.out.command;
  const bool wants_target =
    !command.action.empty() && command.action != "tail" && command.target.empty();
  if (wants_target) {
    return command.name + " " + command.action + " wants "
           + (command.name == "breakers" ? "the name of an edge" : "the number of a letter");
  }
  if (!options.token_file.empty()) {
    std::ifstream in{options.token_file};
    if (!(in >> options.out.client.token)) {
      return "cannot read a token from " + options.token_file;
    }
  }
  return {};
}

} // namespace command_line

std::optional<Invocation> read_command_line(int argc, char** argv, int& code) {
  command_line::Options options;
  auto& out = options.out;
  CLI::App app{"Looks into running Troupe nodes over their API, and changes them."};
  app.footer(command_line::footer);
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--node", out.client.node, "API address of any node")->capture_default_str();
  app.add_option("--token", out.client.token, "bearer token")->envname("TROUPE_TOKEN");
  app.add_option("--token-file", options.token_file, "file that holds the bearer token");
  app.add_option("--timeout", options.timeout_s, "seconds per request")
    ->check(CLI::Range(0.1, 600.0))
    ->capture_default_str();
  app.add_option("--on", out.command.on, "node that the command is for, by name");
  app.add_flag("--local", out.client.only_this_node, "ask only the node given, not its cluster");
  app.add_flag("--json", out.command.json, "JSON instead of tables; with --watch one line each");
  app.add_flag("--yes", out.command.yes, "really change the running system");
  app.add_option("--watch", out.watch_s, "again every so many seconds, until Ctrl-C")
    ->check(CLI::Range(0.1, 3600.0));
  command_line::add_reading(app, options);
  command_line::add_changing(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    code = app.exit(error, std::cout, std::cerr) == 0 ? 0 : static_cast<int>(Exit::CONFIG);
    return std::nullopt;
  }
  if (const auto problem = command_line::problem_of(options); !problem.empty()) {
    std::cerr << "error: " << problem << '\n';
    code = static_cast<int>(Exit::CONFIG);
    return std::nullopt;
  }
  out.client.timeout = std::chrono::nanoseconds{static_cast<std::int64_t>(options.timeout_s * 1e9)};
  return out;
}

} // namespace troupe::inspector
