#include "nodes/api/metrics.hpp"

#include "nodes/api/metric_families.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace troupe::api {

namespace metrics {

using Families = MetricFamilies;
using Labels = MetricFamilies::Labels;

constexpr double ns_per_s = 1e9;

double number(std::uint64_t n) {
  return static_cast<double>(n);
}

template <std::size_t N>
std::vector<double> bounds_in_seconds(const std::array<std::int64_t, N>& bounds_ns) {
  std::vector<double> out;
  for (const auto bound : bounds_ns) {
    out.push_back(static_cast<double>(bound) / ns_per_s);
  }
  return out;
}

/// Powers of two of nanoseconds that are bounds of the histograms of handling times: 1 us to 4 s.
constexpr std::array<unsigned, 12> handler_bounds{10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32};

void add_handler_seconds(Families& out,
                         const Labels& labels,
                         const supervision::ActorTotals& totals) {
  std::vector<double> bounds;
  std::vector<std::uint64_t> counts(handler_bounds.size() + 1, 0);
  for (const auto power : handler_bounds) {
    bounds.push_back(number(std::uint64_t{1} << power) / ns_per_s);
  }
  for (std::size_t width = 0, bucket = 0; width < totals.histogram.size(); ++width) {
    while (bucket < handler_bounds.size() && width > handler_bounds[bucket]) {
      ++bucket;
    }
    counts[bucket] += totals.histogram[width];
  }
  out.histogram("troupe_actor_handler_seconds", "time in handlers", labels, bounds, counts,
                static_cast<double>(totals.busy_ns) / ns_per_s);
}

void add_actors(Families& out, const supervision::ActorTable& actors) {
  for (const auto& totals : actors.totals()) {
    const Labels labels{{"service", totals.service}, {"actor", totals.group}};
    out.gauge("troupe_actor_running", "actors that run", labels, number(totals.actors));
    out.gauge("troupe_actor_mailbox_depth", "messages that wait", labels, number(totals.mailbox));
    out.counter("troupe_actor_messages_total", "messages handled", labels, totals.handled);
    out.counter("troupe_actor_rejected_total", "refused, mailbox full", labels, totals.rejected);
    out.counter("troupe_actor_sent_total", "messages sent on this node", labels, totals.sent);
    add_handler_seconds(out, labels, totals);
  }
  for (const auto& restarts : actors.restart_counts()) {
    out.counter(
      "troupe_actor_restarts_total", "restarts by how the predecessor ended",
      {{"service", restarts.service}, {"actor", restarts.group}, {"reason", restarts.reason}},
      restarts.count);
  }
  out.gauge("troupe_actor_zombies", "handlers that do not return", {}, number(actors.zombies()));
}

void add_breakers(Families& out, const supervision::Breakers& breakers) {
  for (const auto& breaker : breakers.snapshot()) {
    const Labels labels{{"edge", breaker.edge}};
    out.gauge("troupe_breaker_state", "0 closed, 1 open, 2 half-open, 3 held open, 4 held closed",
              labels, static_cast<double>(breaker.state));
    out.counter("troupe_breaker_opened_total", "times it opened", labels, breaker.opened);
    out.counter("troupe_breaker_refused_total", "calls refused", labels, breaker.refused);
  }
  const auto bounds = bounds_in_seconds(supervision::EdgeLatency::bounds_ns);
  for (const auto& latency : breakers.latencies()) {
    out.histogram("troupe_ask_seconds", "time from ask to answer, refusal or failure",
                  {{"edge", latency.edge}}, bounds,
                  {latency.buckets.begin(), latency.buckets.end()},
                  static_cast<double>(latency.sum_ns) / ns_per_s);
  }
}

void add_dead_letters(Families& out, const supervision::DeadLetters& letters) {
  std::map<std::array<std::string, 3>, std::uint64_t> sums;
  for (const auto& count : letters.counts()) {
    sums[{supervision::group_of(count.to), count.type, count.reason}] += count.count;
  }
  for (const auto& [key, count] : sums) {
    out.counter("troupe_dead_letters_total", "messages nobody handled",
                {{"to", key[0]}, {"type", key[1]}, {"reason", key[2]}}, count);
  }
}

void add_cluster(Families& out, const ClusterFigures& cluster, const std::string& node) {
  for (const auto* state : {"JOINING", "UP", "SUSPECT", "DOWN"}) {
    const auto found = cluster.members.find(state);
    out.gauge("troupe_cluster_members", "nodes by state, this one included", {{"state", state}},
              found == cluster.members.end() ? 0.0 : found->second);
  }
  out.gauge("troupe_cluster_epoch", "of the view", {}, number(cluster.epoch));
  for (const auto& peer : cluster.peers) {
    const Labels labels{{"peer", peer.peer}};
    constexpr double ms_per_s = 1e3;
    out.gauge("troupe_peer_phi", "how unlikely the peer's silence is: 5 suspect, 8 dead", labels,
              peer.phi);
    out.gauge("troupe_peer_rtt_seconds", "of the last answered ping", labels,
              peer.rtt_ms / ms_per_s);
    out.gauge("troupe_peer_queued_bytes", "events on their way to the peer", labels,
              number(peer.queued_bytes));
    out.counter("troupe_peer_received_bytes_total", "of the newest link", labels, peer.bytes_in);
    out.counter("troupe_peer_sent_bytes_total", "of the newest link", labels, peer.bytes_out);
    out.counter("troupe_peer_dropped_total", "events dropped for want of room", labels,
                peer.dropped);
  }
  for (const auto& service : cluster.services) {
    const auto found = service.owned.find(node);
    out.gauge("troupe_shards_owned", "shards this node owns", {{"service", service.service}},
              found == service.owned.end() ? 0.0 : found->second);
  }
}

void add_bus(Families& out,
             const ClusterFigures& cluster,
             const supervision::ActorTable& actors,
             const net::ServerCounters& server) {
  std::uint64_t to_actors = 0;
  for (const auto& totals : actors.totals()) {
    to_actors += totals.conflated;
  }
  std::uint64_t to_peers = 0;
  for (const auto& peer : cluster.peers) {
    to_peers += peer.conflated;
  }
  const auto conflated = [&](const char* to, std::uint64_t count) {
    out.counter("troupe_bus_conflated_total", "events replaced by newer ones before they were seen",
                {{"to", to}}, count);
  };
  conflated("actors", to_actors);
  conflated("peers", to_peers);
  conflated("streams", server.websocket_frames_conflated.load());
  out.counter("troupe_bus_received_events_total", "from other nodes", {}, cluster.bus.events_in);
  out.counter("troupe_bus_sent_events_total", "to other nodes", {}, cluster.bus.events_out);
}

void add_server(Families& out, const net::ServerCounters& server) {
  for (std::size_t i = 1; i < server.requests_by_class.size(); ++i) {
    out.counter("troupe_http_requests_total", "answered requests",
                {{"class", std::to_string(i) + "xx"}}, server.requests_by_class[i].load());
  }
  std::vector<std::uint64_t> counts;
  for (const auto& bucket : server.latency_buckets) {
    counts.push_back(bucket.load());
  }
  out.histogram("troupe_http_request_seconds", "time from request to reply", {},
                bounds_in_seconds(net::ServerCounters::latency_bounds_ns), counts,
                number(server.latency_sum_ns.load()) / ns_per_s);
  out.gauge("troupe_http_connections", "open connections", {},
            number(server.connections_open.load()));
  out.gauge("troupe_ws_sessions", "open WebSockets", {}, number(server.websockets_open.load()));
  const auto total = [&](const char* name, const char* help, std::uint64_t value) {
    out.counter(name, help, {}, value);
  };
  total("troupe_http_connections_refused_total", "over a limit", server.connections_refused.load());
  total("troupe_http_rate_limited_total", "over a caller's rate limit", server.rate_limited.load());
  total("troupe_http_received_bytes_total", "bytes in", server.bytes_in.load());
  total("troupe_http_sent_bytes_total", "bytes out", server.bytes_out.load());
  total("troupe_ws_frames_total", "frames sent", server.websocket_frames_out.load());
  total("troupe_ws_cut_off_total", "slow consumers", server.websocket_cut_off.load());
}

void add_process(Families& out, const NodeMonitor& monitor, const supervision::Health& health) {
  const auto report = monitor.report();
  out.gauge("process_resident_memory_bytes", "resident memory", {},
            number(report.process.rss_bytes));
  out.counter("process_cpu_seconds_total", "user and system", {}, report.process.cpu_s);
  out.gauge("process_open_fds", "open descriptors", {}, report.process.open_fds);
  std::map<std::string, double> cpu_by_name;
  for (const auto& thread : report.process.threads) {
    cpu_by_name[thread.name] += thread.cpu_s;
  }
  for (const auto& [name, cpu_s] : cpu_by_name) {
    out.gauge("troupe_thread_cpu_seconds", "of the threads of that name that live now",
              {{"thread", name}}, cpu_s);
  }
  out.gauge("troupe_build_info", "1", {{"version", report.version}}, 1.0);
  out.gauge("troupe_uptime_seconds", "since the API's start", {}, report.uptime_s);
  out.gauge("troupe_network_canary_seconds", "round trip through the thread of the links", {},
            std::chrono::duration<double>(monitor.network_delay()).count());
  out.gauge("troupe_scheduler_canary_seconds",
            "round trip of the last canary through the scheduler", {},
            std::chrono::duration<double>(health.canary()).count());
  out.gauge("troupe_live", "1 while the node is live", {}, health.live() ? 1.0 : 0.0);
  out.gauge("troupe_ready", "1 while the node is ready", {}, health.ready() ? 1.0 : 0.0);
}

void add_feed(Families& out, const messages::VenueSla& row, const messages::SlaTargets& targets) {
  const Labels labels{{"venue", row.venue}, {"channel", row.channel}};
  const auto& figures = row.figures;
  constexpr double ms_per_s = 1e3;
  out.gauge("troupe_feed_instruments", "feeds that this node owns", labels, row.feeds);
  out.gauge("troupe_feed_live", "of them, those that are LIVE", labels, row.live);
  out.gauge("troupe_feed_uptime_ratio", "LIVE time in the window", labels, figures.uptime);
  out.gauge("troupe_feed_uptime_target_ratio", "what it is held to", labels, targets.uptime);
  out.gauge("troupe_feed_error_budget_used_ratio", "of the time that may be lost; above 1: breach",
            labels, figures.error_budget_used);
  out.counter("troupe_feed_messages_total", "the venue's messages", labels, figures.messages);
  out.gauge("troupe_feed_gaps", "losses in the window", labels, number(figures.gaps));
  out.gauge("troupe_feed_unhealed_gaps", "losses not made good in time", labels,
            number(figures.unhealed_gaps));
  out.gauge("troupe_feed_resyncs", "books fetched anew in the window", labels,
            number(figures.resyncs));
  out.gauge("troupe_feed_staleness_seconds", "age of the newest data, of the oldest feed", labels,
            static_cast<double>(figures.staleness_ms) / ms_per_s);
  out.gauge("troupe_feed_breached", "feeds that miss a target", labels, row.feeds_breached);
  for (const auto& [quantile, ms] :
       {std::pair{"0.5", figures.latency_p50_ms}, std::pair{"0.99", figures.latency_p99_ms}}) {
    auto with_quantile = labels;
    with_quantile.emplace_back("quantile", quantile);
    out.gauge("troupe_feed_latency_seconds", "from receipt to publication", with_quantile,
              ms.value_or(0.0) / ms_per_s);
  }
  for (const auto* const target : {"uptime", "latency_p99", "gaps"}) {
    auto with_target = labels;
    with_target.emplace_back("target", target);
    const bool missed =
      std::find(row.breached.begin(), row.breached.end(), target) != row.breached.end();
    out.gauge("troupe_feed_sla_breached", "1 while the feeds as a whole miss the target",
              with_target, missed ? 1.0 : 0.0);
  }
}

void add_feeds(Families& out, const NodeViews& views) {
  const auto figures = views.feeds ? views.feeds() : nullptr;
  if (figures != nullptr) {
    for (const auto& row : figures->venues) {
      if (row.channel != "all") { // the channels add up to it
        add_feed(out, row, figures->targets);
      }
    }
  }
}

} // namespace metrics

std::string metrics_text(const OwnParts& parts) {
  MetricFamilies out{parts.runtime.node};
  const auto cluster = parts.views.cluster ? parts.views.cluster() : ClusterFigures{};
  metrics::add_actors(out, parts.runtime.actors);
  metrics::add_breakers(out, parts.runtime.breakers);
  metrics::add_dead_letters(out, parts.runtime.dead_letters);
  metrics::add_cluster(out, cluster, parts.runtime.node);
  metrics::add_bus(out, cluster, parts.runtime.actors, parts.counters());
  metrics::add_server(out, parts.counters());
  metrics::add_feeds(out, parts.views);
  metrics::add_process(out, parts.monitor, parts.runtime.health);
  return out.text();
}

} // namespace troupe::api
