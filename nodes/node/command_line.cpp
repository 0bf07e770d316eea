#include "nodes/node/command_line.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <iostream>

namespace troupe::node {

namespace {

constexpr const char* examples =
  R"(Settings come from the --config files, merged in order, then from environment variables
(TROUPE__API__LISTEN=127.0.0.1:9090), then from --set; the last wins.
Examples:
  troupe-node --config configs/all-in-one.json
  troupe-node --config configs/roles/regime.json --set cluster.seeds='["127.0.0.1:7071"]'
  troupe-node --config configs/all-in-one.json --replay trades.csv.gz --speed 60
  troupe-node --config configs/all-in-one.json --check-config
Exit codes: 0 stopped in order, 1 error, 4 configuration)";

struct Options {
  std::vector<std::string> configs;
  std::vector<std::string> sets;
  std::vector<std::string> replay;
  double speed = 0;
  bool check = false;
  bool show = false;
  bool hints = false;
};

/// One replay venue of these files in place of the configured venues.
std::string replay_venue(const Options& options) {
  auto files = nlohmann::json::array();
  for (const auto& path : options.replay) {
    files.push_back({{"path", path}});
  }
  const nlohmann::json venue{
    {"name", "REPLAY"}, {"kind", "replay"}, {"speed", options.speed}, {"files", files}};
  return "venues=" + nlohmann::json::array({venue}).dump();
}

core::Result<void>
gather(const Options& options, const char* const* environment, core::SettingsSource& source) {
  for (const auto& path : options.configs) {
    if (auto read = source.add_file(path); !read) {
      return read;
    }
  }
  if (auto read = source.add_environment(environment, "TROUPE__"); !read) {
    return read;
  }
  if (!options.replay.empty()) {
    if (auto read = source.set(replay_venue(options)); !read) {
      return read;
    }
  }
  for (const auto& assignment : options.sets) {
    if (auto read = source.set(assignment); !read) {
      return read;
    }
  }
  return {};
}

} // namespace

std::optional<CommandLine> read_command_line(int argc,
                                             const char* const* argv,
                                             const char* const* environment,
                                             int& exit_code) {
  Options options;
  CLI::App app{"A node of Troupe, an institutional trading system built as actors."};
  app.footer(examples);
  app.set_version_flag("--version", std::string("troupe-node ") + TROUPE_VERSION);
  app.add_option("--config", options.configs, "JSON settings; several are merged in order")
    ->allow_extra_args(false);
  app.add_option("--set", options.sets, "one setting: path=value, the value JSON or a string")
    ->allow_extra_args(false);
  app.add_option("--replay", options.replay,
                 "recorded trades or bars (CSV, plain or .gz) in place of the venues");
  app
    .add_option("--speed", options.speed,
                "of --replay: 1 real time, N times that, 0 as fast as possible")
    ->check(CLI::Range(0.0, 1e6));
  app.add_flag("--check-config", options.check, "check the settings and end");
  app.add_flag("--show-config", options.show,
               "print the settings that are in force, secrets redacted, and end");
  app.add_flag("--hints", options.hints, "print what to try once the node is ready");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error, std::cout, std::cerr) == 0 ? exit_ok : exit_config;
    return std::nullopt;
  }
  CommandLine line;
  line.hints = options.hints;
  line.action = options.check  ? Action::CHECK_CONFIG
                : options.show ? Action::SHOW_CONFIG
                               : Action::RUN;
  if (options.configs.empty()) {
    std::cerr << "error: no --config given; try --config configs/all-in-one.json\n";
    exit_code = exit_config;
    return std::nullopt;
  }
  if (const auto read = gather(options, environment, line.source); !read) {
    std::cerr << "error: " << read.error().message << '\n';
    exit_code = exit_config;
    return std::nullopt;
  }
  return line;
}

} // namespace troupe::node
