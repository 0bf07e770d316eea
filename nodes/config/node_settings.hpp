#pragma once

#include "actors/correlation/settings.hpp"
#include "actors/market_data/settings.hpp"
#include "actors/regime/settings.hpp"
#include "actors/venues/common/venue.hpp"
#include "actors/venues/exchange_sim/settings.hpp"
#include "core/settings.hpp"
#include "net/auth.hpp"
#include "net/server_settings.hpp"
#include "nodes/cluster/settings.hpp"

#include <string>
#include <vector>

namespace troupe::config {

/// What a node can be told to do.
BOOST_DEFINE_FIXED_ENUM_CLASS(
  Role, std::uint8_t, MARKET_DATA, REGIME, CORRELATION, API, EXCHANGE_SIM)

/// "market-data", as configurations spell it.
[[nodiscard]] std::string_view role_name(Role role);
[[nodiscard]] core::Result<Role> role_from(std::string_view name);

struct NodeSection {
  std::string name = "troupe";
  std::vector<std::string> roles;
  std::string data_dir;                ///< empty: ~/.local/state/troupe
  std::uint32_t scheduler_threads = 0; ///< 0: max(4, cores)
  core::Duration stop_deadline = std::chrono::seconds{4};
};
BOOST_DESCRIBE_STRUCT(NodeSection, (), (name, roles, data_dir, scheduler_threads, stop_deadline))

/// The API server: the limits of net::ServerSettings and who may do what.
struct ApiSection : net::ServerSettings {
  std::vector<net::TokenSettings> tokens;
  bool open_reads = true; ///< no token needed to read; off loopback only with allow_open_reads
  bool allow_open_reads = false; ///< reads without a token although others can reach the port
  bool allow_plain = false;      ///< no TLS although others can reach the port
  core::Duration ask_deadline = std::chrono::seconds{2};
  core::Duration last_good_ttl = std::chrono::seconds{60};
};
BOOST_DESCRIBE_STRUCT(
  ApiSection,
  (net::ServerSettings),
  (tokens, open_reads, allow_open_reads, allow_plain, ask_deadline, last_good_ttl))

struct StorageSection {
  std::string url = "sqlite:history.db"; ///< relative files are in node.data_dir
};
BOOST_DESCRIBE_STRUCT(StorageSection, (), (url))

struct CacheSection {
  std::string url = "memory:";
  core::Duration ttl = std::chrono::seconds{60};
  std::uint32_t entries_max = 100'000;
};
BOOST_DESCRIBE_STRUCT(CacheSection, (), (url, ttl, entries_max))

struct LogSection {
  std::string level = "info";
};
BOOST_DESCRIBE_STRUCT(LogSection, (), (level))

/// The whole configuration of a node.
struct NodeSettings {
  NodeSection node;
  cluster::Settings cluster;
  ApiSection api;
  StorageSection storage;
  CacheSection cache;
  std::vector<core::json::Raw> venues;
  market_data::Settings market_data;
  regime::Settings regime;
  correlation::Settings correlation;
  venues::exchange_sim::Settings exchange_sim;
  LogSection log;

  [[nodiscard]] bool has(Role role) const;
};
BOOST_DESCRIBE_STRUCT(
  NodeSettings,
  (),
  (node, cluster, api, storage, cache, venues, market_data, regime, correlation, exchange_sim, log))

/// Reads and checks the whole: form, then meaning (addresses, roles, limits, what may not go
/// together), with file, path, expected and found of each problem. Fills in the data directory.
[[nodiscard]] core::Result<NodeSettings> read_settings(const core::SettingsSource& source);

} // namespace troupe::config
