#include "nodes/config/node_settings.hpp"

#include "actors/storage/cache_actor.hpp"
#include "actors/storage/url.hpp"
#include "actors/venues/registry.hpp"
#include "nodes/cluster/address.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

namespace troupe::config {

namespace {

struct RoleName {
  Role role;
  std::string_view name;
};

constexpr auto role_names = std::to_array<RoleName>({
  {Role::MARKET_DATA, "market-data"},
  {Role::REGIME, "regime"},
  {Role::CORRELATION, "correlation"},
  {Role::API, "api"},
  {Role::EXCHANGE_SIM, "exchange-sim"},
});

std::string known_roles() {
  std::string text = "one of";
  for (const auto& entry : role_names) {
    text += (entry.name == role_names.front().name ? " " : ", ") + std::string(entry.name);
  }
  return text;
}

std::string default_data_dir() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/') {
    return std::string(state) + "/troupe";
  }
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr && *home != '\0' ? home : ".") + "/.local/state/troupe";
}

using Problems = std::vector<core::json::Problem>;

void check_node(const NodeSettings& settings, Problems& problems) {
  if (!cluster::valid_node_name(settings.node.name)) {
    problems.push_back({"node.name", "1 to 63 letters, digits, dots, dashes or underscores",
                        '"' + settings.node.name + '"'});
  }
  if (settings.node.roles.empty()) {
    problems.push_back({"node.roles", "at least " + known_roles(), "none"});
  }
  for (std::size_t i = 0; i < settings.node.roles.size(); ++i) {
    const auto& name = settings.node.roles[i];
    const auto path = "node.roles[" + std::to_string(i) + "]";
    if (!role_from(name)) {
      problems.push_back({path, known_roles(), '"' + name + '"'});
    } else if (std::count(settings.node.roles.begin(), settings.node.roles.end(), name) > 1) {
      problems.push_back({path, "each role once", '"' + name + "\" again"});
    }
  }
  if (settings.node.scheduler_threads > 256) {
    problems.push_back({"node.scheduler_threads", "0 (as many as cores, at least 4) to 256",
                        std::to_string(settings.node.scheduler_threads)});
  }
  constexpr std::array<std::string_view, 5> levels{"debug", "info", "warn", "error", "off"};
  if (std::find(levels.begin(), levels.end(), settings.log.level) == levels.end()) {
    problems.push_back(
      {"log.level", "one of debug, info, warn, error, off", '"' + settings.log.level + '"'});
  }
}

void check_address(const std::string& path, const std::string& text, Problems& problems) {
  if (!cluster::Address::from_text(text)) {
    problems.push_back({path, "HOST:PORT such as 127.0.0.1:8080", '"' + text + '"'});
  }
}

/// Off loopback, nothing is open by accident.
void check_exposure(const NodeSettings& settings, Problems& problems) {
  const auto api = cluster::Address::from_text(settings.api.listen);
  if (api && !api->loopback()) {
    if (settings.api.tls.certificate.empty() && !settings.api.allow_plain) {
      problems.push_back(
        {"api.listen",
         "api.tls.certificate and api.tls.key (or api.allow_plain=true) when bound "
         "off loopback",
         '"' + settings.api.listen + "\" without TLS"});
    }
    if (settings.api.open_reads && !settings.api.allow_open_reads) {
      problems.push_back(
        {"api.open_reads", "false (or api.allow_open_reads=true) when bound off loopback", "true"});
    }
  }
  if (settings.api.tls.certificate.empty() != settings.api.tls.key.empty()) {
    problems.push_back({"api.tls", "both certificate and key, or neither", "one of them"});
  }
  const auto cluster = cluster::Address::from_text(settings.cluster.listen);
  const auto& tls = settings.cluster.tls;
  const int given = !tls.ca.empty() + !tls.certificate.empty() + !tls.key.empty();
  if (given != 0 && given != 3) {
    problems.push_back({"cluster.tls", "ca, certificate and key, or none of them", "some of them"});
  } else if (cluster && !cluster->loopback() && given == 0) {
    problems.push_back({"cluster.listen",
                        "cluster.tls.ca, certificate and key when bound off loopback",
                        '"' + settings.cluster.listen + "\" without them"});
  }
}

/// Splits "key: expected E, found F", as the storage layer words its refusals.
void add_refusal(const std::string& key, const core::Error& error, Problems& problems) {
  const auto& text = error.message;
  constexpr std::string_view expected = "expected ";
  constexpr std::string_view found = ", found ";
  const auto from = text.find(expected);
  const auto to = text.rfind(found);
  if (from == std::string::npos || to == std::string::npos || to < from) {
    problems.push_back({key, "a usable value", text});
    return;
  }
  problems.push_back({text.substr(0, text.find(':')),
                      text.substr(from + expected.size(), to - from - expected.size()),
                      text.substr(to + found.size())});
}

void check_rate_limit(const std::string& path, const net::RateLimit& limit, Problems& problems) {
  constexpr std::uint64_t requests_max = 1'000'000'000;
  constexpr std::int64_t day_ns = 86'400'000'000'000;
  if (limit.requests > requests_max) {
    problems.push_back({path + ".requests",
                        "at most " + std::to_string(requests_max) + " (0: no limit)",
                        std::to_string(limit.requests)});
  }
  if (limit.per.ns <= 0 || limit.per.ns > day_ns) {
    problems.push_back(
      {path + ".per", "more than 0s and at most 24h", '"' + limit.per.to_text() + '"'});
  }
}

void check_stores(const NodeSettings& settings, Problems& problems) {
  if (const auto url = storage::parse_storage_url(settings.storage.url); !url) {
    add_refusal("storage.url", url.error(), problems);
  }
  const auto cache = storage::check(storage::CacheActorSettings{
    .url = settings.cache.url,
    .ttl = settings.cache.ttl,
    .entries_max = settings.cache.entries_max,
  });
  if (!cache) {
    add_refusal("cache", cache.error(), problems);
  }
}

} // namespace

std::string_view role_name(Role role) {
  for (const auto& entry : role_names) {
    if (entry.role == role) {
      return entry.name;
    }
  }
  return "?";
}

core::Result<Role> role_from(std::string_view name) {
  for (const auto& entry : role_names) {
    if (entry.name == name) {
      return entry.role;
    }
  }
  return core::Error{core::Errc::CONFIG_INVALID,
                     "expected " + known_roles() + ", found \"" + std::string(name) + '"'};
}

bool NodeSettings::has(Role role) const {
  return std::find(node.roles.begin(), node.roles.end(), role_name(role)) != node.roles.end();
}

core::Result<NodeSettings> read_settings(const core::SettingsSource& source) {
  auto settings = source.read<NodeSettings>();
  if (!settings) {
    return settings;
  }
  if (settings->node.data_dir.empty()) {
    settings->node.data_dir = default_data_dir();
  }
  Problems problems;
  check_node(*settings, problems);
  check_address("api.listen", settings->api.listen, problems);
  check_address("cluster.listen", settings->cluster.listen, problems);
  for (std::size_t i = 0; i < settings->cluster.seeds.size(); ++i) {
    check_address("cluster.seeds[" + std::to_string(i) + "]", settings->cluster.seeds[i], problems);
  }
  check_exposure(*settings, problems);
  check_rate_limit("api.rate_limits.read", settings->api.rate_limits.read, problems);
  check_rate_limit("api.rate_limits.command", settings->api.rate_limits.command, problems);
  check_rate_limit("api.websocket_messages", settings->api.websocket_messages, problems);
  check_stores(*settings, problems);
  market_data::check(settings->market_data, problems);
  regime::check(settings->regime, problems);
  venues::exchange_sim::check(settings->exchange_sim, problems);
  correlation::check(settings->correlation, problems);
  if (settings->has(Role::MARKET_DATA) && settings->venues.empty()) {
    problems.push_back({"venues", "at least one venue for the role market-data", "none"});
  }
  // Problems are collected; venues are made again, with the node's clock, when it starts.
  (void)venues::make_venues(settings->venues, {std::make_shared<core::ManualClock>()}, problems);
  if (!problems.empty()) {
    return source.error(problems);
  }
  return settings;
}

} // namespace troupe::config
