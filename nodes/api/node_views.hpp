#pragma once

#include "core/describe.hpp"
#include "core/errc.hpp"
#include "messages/feed_board.hpp"
#include "supervision/health.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::api {

/// The link to one other node.
struct PeerFigures {
  std::string peer;
  std::string state; ///< JOINING, UP, SUSPECT or DOWN
  bool linked = false;
  double phi = 0.0;
  double rtt_ms = 0.0;        ///< of the last answered ping
  std::uint64_t bytes_in = 0; ///< of the newest link, encrypted
  std::uint64_t bytes_out = 0;
  std::uint64_t queued = 0;       ///< events of topics that wait for the peer's credit
  std::uint64_t queued_bytes = 0; ///< the same, and what was sent but not yet taken over
  std::uint64_t conflated = 0;    ///< events replaced by newer ones before they were sent
  std::uint64_t dropped = 0;      ///< events for want of room: the peer saw a gap
};
BOOST_DESCRIBE_STRUCT(
  PeerFigures,
  (),
  (peer, state, linked, phi, rtt_ms, bytes_in, bytes_out, queued, queued_bytes, conflated, dropped))

/// What the listener for other nodes saw since the start.
struct ListenerFigures {
  std::uint64_t accepted = 0;
  std::uint64_t turned_away = 0;
  std::uint64_t handshakes_failed = 0;
  std::uint64_t hellos_refused = 0;
  std::uint64_t established = 0;
  std::uint32_t pending = 0; ///< now
};
BOOST_DESCRIBE_STRUCT(
  ListenerFigures,
  (),
  (accepted, turned_away, handshakes_failed, hellos_refused, established, pending))

/// Topics between nodes since the start.
struct BusFigures {
  std::uint64_t events_in = 0;
  std::uint64_t events_out = 0;
  std::uint64_t batches_in = 0;
  std::uint64_t batches_out = 0;
};
BOOST_DESCRIBE_STRUCT(BusFigures, (), (events_in, events_out, batches_in, batches_out))

/// Who owns the shards of one service, as one node sees it.
struct ServiceShards {
  std::string service;
  std::vector<std::string> carriers;
  std::map<std::string, std::uint32_t> owned; ///< shards by node
  std::vector<std::string> owners;            ///< node by number of the shard
  /// How far this node's part of the service is; missing where it says nothing about it.
  std::optional<supervision::LoadedShards> loaded;
};
BOOST_DESCRIBE_STRUCT(ServiceShards, (), (service, carriers, owned, owners, loaded))

/// The cluster as one node sees it; every figure is read without asking an actor.
struct ClusterFigures {
  std::uint64_t epoch = 0;
  std::string fingerprint; ///< of what placement depends on: equal where nodes agree
  std::map<std::string, std::uint32_t> members; ///< by state, this node included
  std::vector<PeerFigures> peers;
  ListenerFigures listener;
  BusFigures bus;
  std::vector<ServiceShards> services;
  std::vector<std::string> roles;   ///< of this node's configuration
  std::vector<std::string> drained; ///< of them, those an operator took away
};
BOOST_DESCRIBE_STRUCT(ClusterFigures,
                      (),
                      (epoch, fingerprint, members, peers, listener, bus, services, roles, drained))

/// What the API shows of the rest of the node, and what it can ask of it. Any thread may call; an
/// empty function is something this node does not have.
struct NodeViews {
  std::function<std::string()> members{}; ///< JSON array: the cluster's nodes as this one sees them
  std::function<ClusterFigures()> cluster{};
  /// Shard of a key, the same for every service.
  std::function<std::uint32_t(std::string_view key)> shard_of{};
  /// Whether this node has joined the cluster, or waited long enough; else why not.
  std::function<std::pair<bool, std::string>()> joined{};
  /// Runs a function on the thread that serves the links between nodes.
  std::function<void(std::function<void()>)> post_to_network{};
  /// Takes a role away from this node, or gives it back; an empty one means all that are sharded.
  /// @returns the roles; NOT_FOUND where it is not configured here, CONFLICT where no other live
  ///          node carries it
  std::function<core::Result<std::vector<std::string>>(const std::string& role, bool take_away)>
    drain{};
  /// What this node measured of its feeds; null before the first time.
  std::function<std::shared_ptr<const messages::FeedFigures>()> feeds{};
  /// Faults of the exchange simulator, JSON, and orders for them; what it has answered so far.
  std::function<std::string()> exchange_faults{};
  std::function<std::string()> exchange_traffic{};
  std::function<core::Result<void>(std::string_view json)> order_exchange_faults{};
};

} // namespace troupe::api
