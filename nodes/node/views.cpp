#include "nodes/node/views.hpp"

#include "core/json.hpp"

#include <cinttypes>
#include <cstdio>

namespace troupe::node {

namespace views {

constexpr double us_per_ms = 1'000;

/// A member as the inspector shows it.
struct MemberRow {
  std::string name;
  cluster::MemberState state = cluster::MemberState::JOINING;
  bool self = false;
  std::vector<std::string> roles;
  std::string api;
  std::string cluster;
  double phi = 0;
  double rtt_ms = 0;
  core::Timestamp since;
  std::string build;
  std::string incarnation;
};
BOOST_DESCRIBE_STRUCT(
  MemberRow, (), (name, state, self, roles, api, cluster, phi, rtt_ms, since, build, incarnation))

std::string members_json(const cluster::Cluster& cluster) {
  std::vector<MemberRow> rows;
  const auto view = cluster.view();
  for (const auto& member : view->members) {
    rows.push_back({.name = member.hello.node,
                    .state = member.state,
                    .self = member.self,
                    .roles = member.hello.roles,
                    .api = member.hello.api,
                    .cluster = member.hello.cluster,
                    .phi = member.phi,
                    .rtt_ms = member.rtt_us / us_per_ms,
                    .since = member.since,
                    .build = member.hello.build,
                    .incarnation = std::to_string(member.hello.incarnation)});
  }
  return core::json::encode(rows);
}

std::string hex(std::uint64_t value) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016" PRIx64, value);
  return text.data();
}

std::vector<api::ServiceShards> shards_of(const cluster::View& view) {
  std::vector<api::ServiceShards> all;
  for (const auto& [service, owners] : view.owners) {
    if (service == RoleDrain::unsharded) {
      continue;
    }
    auto& shards = all.emplace_back();
    shards.service = service;
    shards.owners.assign(owners.begin(), owners.end());
    if (const auto carriers = view.carriers.find(service); carriers != view.carriers.end()) {
      shards.carriers = carriers->second;
    }
    for (const auto& node : owners) {
      ++shards.owned[node];
    }
  }
  return all;
}

std::vector<api::PeerFigures> peers_of(const cluster::Cluster& cluster, const cluster::View& view) {
  auto traffic = cluster.traffic();
  auto queues = cluster.bus()->peer_queues();
  std::vector<api::PeerFigures> all;
  for (const auto& member : view.members) {
    if (member.self) {
      continue;
    }
    const auto& bytes = traffic[member.hello.node];
    const auto& queue = queues[member.hello.node];
    all.push_back({.peer = member.hello.node,
                   .state = boost::describe::enum_to_string(member.state, "?"),
                   .linked = member.linked,
                   .phi = member.phi,
                   .rtt_ms = member.rtt_us / us_per_ms,
                   .bytes_in = bytes.bytes_in,
                   .bytes_out = bytes.bytes_out,
                   .queued = queue.events,
                   .queued_bytes = queue.bytes,
                   .conflated = queue.conflated,
                   .dropped = queue.dropped});
  }
  return all;
}

api::ListenerFigures listener_of(const cluster::Cluster& cluster) {
  const auto* stats = cluster.link_stats();
  if (stats == nullptr) {
    return {};
  }
  return {.accepted = stats->accepted.load(),
          .turned_away = stats->turned_away.load(),
          .handshakes_failed = stats->handshakes_failed.load(),
          .hellos_refused = stats->hellos_refused.load(),
          .established = stats->established.load(),
          .pending = stats->pending.load()};
}

api::ClusterFigures cluster_figures(const cluster::Cluster& cluster, const RoleDrain& drain) {
  const auto view = cluster.view();
  const auto bus = cluster.bus()->stats();
  api::ClusterFigures figures;
  figures.epoch = view->epoch;
  figures.fingerprint = hex(view->fingerprint());
  for (const auto& member : view->members) {
    ++figures.members[boost::describe::enum_to_string(member.state, "?")];
  }
  figures.peers = peers_of(cluster, *view);
  figures.listener = listener_of(cluster);
  figures.bus = {.events_in = bus.events_in,
                 .events_out = bus.events_out,
                 .batches_in = bus.batches_in,
                 .batches_out = bus.batches_out};
  figures.services = shards_of(*view);
  figures.roles = drain.configured();
  figures.drained = drain.drained();
  return figures;
}

} // namespace views

api::NodeViews make_views(cluster::Cluster& cluster, RoleDrain& drain) {
  api::NodeViews out;
  out.members = [&cluster] { return views::members_json(cluster); };
  out.cluster = [&cluster, &drain] { return views::cluster_figures(cluster, drain); };
  out.shard_of = [](std::string_view key) { return cluster::shard_of(key); };
  out.joined = [&cluster] {
    const bool joined = cluster.joined();
    return std::pair{joined, std::string{joined ? "" : "no seed has answered yet"}};
  };
  out.post_to_network = [&cluster](std::function<void()> function) {
    cluster.post_to_network(std::move(function));
  };
  out.drain = [&drain](const std::string& role, bool take_away) {
    return drain.change(role, take_away);
  };
  return out;
}

} // namespace troupe::node
