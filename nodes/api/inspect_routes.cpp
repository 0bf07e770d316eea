#include "nodes/api/inspect_routes.hpp"

#include "nodes/api/own_replies.hpp"
#include "supervision/supervisor.hpp"

#include <algorithm>

namespace troupe::api {

namespace inspect_detail {

using net::Params;
using net::Request;
using net::Response;

/// One actor, and how its predecessors ended.
struct ActorDetail {
  supervision::ActorInfo actor;
  std::vector<supervision::ChildEnd> ends;
};
BOOST_DESCRIBE_STRUCT(ActorDetail, (), (actor, ends))

/// What waits at an actor and what it did last.
struct MailboxDetail {
  std::string path;
  std::uint64_t mailbox = 0;
  std::uint64_t mailbox_cap = 0;
  double oldest_waiting_ms = 0.0;
  std::string current_message;
  double current_ms = 0.0;
  std::uint64_t conflated = 0;
  std::vector<supervision::MessageTypeInfo> types;
  std::vector<supervision::RecentMessage> recent;
};
BOOST_DESCRIBE_STRUCT(MailboxDetail,
                      (),
                      (path,
                       mailbox,
                       mailbox_cap,
                       oldest_waiting_ms,
                       current_message,
                       current_ms,
                       conflated,
                       types,
                       recent))

/// Connections of the API's server.
struct ApiFigures {
  std::uint64_t connections = 0; ///< now
  std::uint64_t websockets = 0;  ///< now
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t slow_consumers = 0; ///< cut off
};
BOOST_DESCRIBE_STRUCT(
  ApiFigures, (), (connections, websockets, accepted, refused, bytes_in, bytes_out, slow_consumers))

struct NetReport {
  std::uint64_t epoch = 0;
  std::vector<PeerFigures> peers;
  ListenerFigures listener;
  BusFigures bus;
  ApiFigures api;
};
BOOST_DESCRIBE_STRUCT(NetReport, (), (epoch, peers, listener, bus, api))

struct ShardReport {
  std::uint64_t epoch = 0;
  std::string fingerprint;
  std::vector<std::string> roles;
  std::vector<std::string> drained;
  std::optional<std::uint32_t> shard; ///< of the symbol asked for
  std::vector<ServiceShards> services;
};
BOOST_DESCRIBE_STRUCT(ShardReport, (), (epoch, fingerprint, roles, drained, shard, services))

struct TraceReport {
  std::string path;
  std::string match;
  std::uint64_t skipped = 0; ///< messages too many a second to look into
  std::vector<supervision::TraceEvent> events;
};
BOOST_DESCRIBE_STRUCT(TraceReport, (), (path, match, skipped, events))

core::Error no_actor(const supervision::Runtime& runtime, const std::string& path) {
  return {core::Errc::NOT_FOUND, "no actor at " + path.substr(0, 200) + " on node " + runtime.node};
}

core::Result<ActorDetail> show_actor(const supervision::Runtime& runtime, const std::string& path) {
  const auto actor = runtime.actors.actor(path);
  if (!actor) {
    return no_actor(runtime, path);
  }
  return ActorDetail{*actor, runtime.actors.ends(path)};
}

core::Result<MailboxDetail> show_messages(const supervision::Runtime& runtime,
                                          const std::string& path) {
  const auto record = runtime.actors.find(path);
  if (!record) {
    return no_actor(runtime, path);
  }
  const auto now_ns = core::monotonic_ns();
  const auto info = record->info(now_ns);
  return MailboxDetail{.path = path,
                       .mailbox = info.mailbox,
                       .mailbox_cap = info.mailbox_cap,
                       .oldest_waiting_ms = info.oldest_waiting_ms,
                       .current_message = info.current_message,
                       .current_ms = info.current_ms,
                       .conflated = record->conflated.load(),
                       .types = record->messages.types(),
                       .recent = record->messages.recent(now_ns)};
}

ClusterFigures cluster_of(const OwnParts& parts) {
  return parts.views.cluster ? parts.views.cluster() : ClusterFigures{};
}

NetReport net_report(const OwnParts& parts) {
  auto cluster = cluster_of(parts);
  const auto& server = parts.counters();
  return {.epoch = cluster.epoch,
          .peers = std::move(cluster.peers),
          .listener = cluster.listener,
          .bus = cluster.bus,
          .api = {.connections = server.connections_open.load(),
                  .websockets = server.websockets_open.load(),
                  .accepted = server.connections_accepted.load(),
                  .refused = server.connections_refused.load(),
                  .bytes_in = server.bytes_in.load(),
                  .bytes_out = server.bytes_out.load(),
                  .slow_consumers = server.websocket_cut_off.load()}};
}

ShardReport shard_report(const OwnParts& parts, const std::optional<std::string_view>& symbol) {
  auto cluster = cluster_of(parts);
  ShardReport report{.epoch = cluster.epoch,
                     .fingerprint = std::move(cluster.fingerprint),
                     .roles = std::move(cluster.roles),
                     .drained = std::move(cluster.drained),
                     .shard = std::nullopt,
                     .services = std::move(cluster.services)};
  for (auto& service : report.services) {
    service.loaded = parts.runtime.health.loaded(service.service);
  }
  if (symbol && parts.views.shard_of) {
    report.shard = parts.views.shard_of(*symbol);
    for (auto& service : report.services) { // of this shard only
      if (*report.shard < service.owners.size()) {
        service.owners = {service.owners[*report.shard]};
      }
    }
  }
  return report;
}

Response show_letters(const OwnParts& parts, const OwnReplies& replies, const Request& request) {
  const auto& letters = parts.runtime.dead_letters;
  const auto fine = only_parameters(request, {"limit", "id"});
  const auto limit = number_parameter(request, "limit", 100, supervision::DeadLetters::capacity);
  const auto id = number_parameter(request, "id", 0, UINT64_MAX);
  if (!fine || !limit || !id) {
    return OwnReplies::error(request, !fine ? fine.error() : !limit ? limit.error() : id.error());
  }
  if (*id == 0) {
    return replies.data(request.request_id, letters.tail(*limit));
  }
  const auto letter = letters.get(*id);
  if (!letter) {
    return OwnReplies::error(request, {core::Errc::NOT_FOUND, "no dead letter has the number "
                                                                + std::to_string(*id) + " on node "
                                                                + parts.runtime.node});
  }
  return replies.data(request.request_id, std::vector{*letter});
}

Response show_restarts(const OwnParts& parts, const OwnReplies& replies, const Request& request) {
  if (const auto fine = only_parameters(request, {"since", "path"}); !fine) {
    return OwnReplies::error(request, fine.error());
  }
  auto ends = parts.runtime.actors.ends(request.parameter("path").value_or(""));
  if (const auto since = request.parameter("since")) {
    const auto from = core::Timestamp::from_text(*since);
    if (!from) {
      return OwnReplies::error(
        request, {core::Errc::INVALID_ARGUMENT,
                  "since: expected RFC 3339, found \"" + std::string(since->substr(0, 80)) + '"'});
    }
    std::erase_if(ends, [&](const auto& end) { return end.at < *from; });
  }
  return replies.data(request.request_id, ends);
}

/// "a,b" -> a, b
std::vector<std::string> names_in(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    if (comma > 0) {
      names.emplace_back(text.substr(0, comma));
    }
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return names;
}

/// Answers when the trace is over. With `from`, nodes whose actor is meant: others follow what it
/// causes there.
void trace(const OwnParts& parts,
           const OwnReplies& replies,
           const Request& request,
           const net::Responder& respond) {
  const auto fine = only_parameters(request, {"path", "match", "from", "seconds", "limit", "text"});
  const auto seconds = number_parameter(
    request, "seconds", 5, std::uint64_t{supervision::TraceBook::duration_most.count()});
  const auto limit = number_parameter(request, "limit", 100, supervision::TraceBook::events_most);
  if (!fine || !seconds || !limit) {
    respond(OwnReplies::error(request, !fine      ? fine.error()
                                       : !seconds ? seconds.error()
                                                  : limit.error()));
    return;
  }
  supervision::TraceRequest wanted;
  wanted.path = request.parameter("path").value_or("");
  wanted.match = request.parameter("match").value_or("");
  if (const auto from = request.parameter("from")) {
    auto names = names_in(*from);
    if (std::find(names.begin(), names.end(), parts.runtime.node) == names.end()) {
      wanted.path.clear(); // the actor is another node's: what it causes here
      wanted.from_nodes = std::move(names);
    }
  }
  wanted.events_max = *limit;
  wanted.duration = std::chrono::seconds{static_cast<std::int64_t>(*seconds)};
  wanted.with_text = request.parameter("text") == "true";
  const auto started =
    parts.monitor.trace(std::move(wanted), [replies, respond](const supervision::Trace& done) {
      respond(
        replies.data(respond.request_id(), TraceReport{done.request().path, done.request().match,
                                                       done.skipped(), done.events()}));
    });
  if (!started) {
    respond(OwnReplies::error(request, started.error()));
  }
}

} // namespace inspect_detail

std::vector<OwnRoute> inspect_routes(const OwnParts& parts) {
  using namespace inspect_detail;
  auto& runtime = parts.runtime;
  const OwnReplies replies{runtime};
  const auto simple = [replies](auto make) {
    return net::SyncHandler{[replies, make](const Request& request, const Params&) {
      if (const auto fine = only_parameters(request, {}); !fine) {
        return OwnReplies::error(request, fine.error());
      }
      return replies.raw(request.request_id, make());
    }};
  };
  const auto of_path = [&runtime, replies](auto show) {
    return net::SyncHandler{[&runtime, replies, show](const Request& request, const Params&) {
      const auto path = required_parameter(request, "path");
      if (!path) {
        return OwnReplies::error(request, path.error());
      }
      const auto found = show(runtime, *path);
      return found ? replies.data(request.request_id, *found)
                   : OwnReplies::error(request, found.error());
    }};
  };
  const auto with_request = [parts, replies](auto show) {
    return net::SyncHandler{[parts, replies, show](const Request& request, const Params&) {
      return show(parts, replies, request);
    }};
  };
  using core::json::encode;
  return {
    own_route("get", "/inspect/nodes", "read", "the cluster's nodes as this one sees them",
              simple([parts] { return parts.views.members ? parts.views.members() : "[]"; })),
    own_route("get", "/inspect/tree", "read", "supervision trees of this node", simple([&runtime] {
                return R"({"name":")" + runtime.node + R"(","children":)"
                       + encode(runtime.actors.tree()) + '}';
              })),
    own_route("get", "/inspect/actors", "read", "every actor of this node with its figures",
              simple([&runtime] { return encode(runtime.actors.actors()); })),
    own_route("get", "/inspect/actor", "read", "one actor by path, and how its predecessors ended",
              of_path(show_actor)),
    own_route("get", "/inspect/messages", "read",
              "what waits at the actor at path and what it handled last, by type",
              of_path(show_messages)),
    own_route("get", "/inspect/restarts", "read",
              "how supervised children ended, oldest first; since a time, of one path",
              with_request(show_restarts)),
    own_route("get", "/inspect/breakers", "read", "circuit breakers of this node",
              simple([&runtime] { return encode(runtime.breakers.snapshot()); })),
    own_route("get", "/inspect/dead-letters", "read",
              "the newest messages that nobody handled, or the one with that id",
              with_request(show_letters)),
    own_route(
      "get", "/inspect/shards", "read",
      "who owns the shards of each service, or those of a symbol, as this node sees it",
      with_request([](const OwnParts& own, const OwnReplies& reply, const Request& request) {
        const auto fine = only_parameters(request, {"symbol"});
        return fine ? reply.data(request.request_id, shard_report(own, request.parameter("symbol")))
                    : OwnReplies::error(request, fine.error());
      })),
    own_route("get", "/inspect/net", "read", "links to other nodes and connections of the API",
              simple([parts] { return encode(net_report(parts)); })),
    own_route("get", "/inspect/process", "read", "memory, threads and clock of this process",
              simple([parts] { return encode(parts.monitor.report()); })),
    own_route("get", "/inspect/trace", "read",
              "follows messages of the actor at path, or those that hold a text, for some seconds "
              "or until so many were seen",
              net::AsyncHandler{[parts, replies](const Request& request, const Params&,
                                                 const net::Responder& respond) {
                trace(parts, replies, request, respond);
              }}),
  };
}

} // namespace troupe::api
