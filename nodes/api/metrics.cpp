#include "nodes/api/metrics.hpp"

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <vector>

namespace troupe::api {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<std::pair<std::string, std::string>>;

class Families {
public:
  explicit Families(std::string node) : node_(std::move(node)) {}

  void add(const std::string& name,
           const std::string& help,
           MetricType type,
           const Labels& labels,
           double value) {
    ClientMetric metric = labelled(labels);
    (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
    family(name, help, type).metric.push_back(std::move(metric));
  }

  ClientMetric labelled(const Labels& labels) const {
    ClientMetric metric;
    metric.label.push_back({"node", node_});
    for (const auto& [key, value] : labels) {
      metric.label.push_back({key, value});
    }
    return metric;
  }

  MetricFamily& family(const std::string& name, const std::string& help, MetricType type) {
    auto& made = families_[name];
    made.name = name;
    made.help = help;
    made.type = type;
    return made;
  }

  [[nodiscard]] std::string text() const {
    std::vector<MetricFamily> all;
    for (const auto& [name, one] : families_) {
      all.push_back(one);
    }
    return prometheus::TextSerializer{}.Serialize(all);
  }

private:
  std::string node_;
  std::map<std::string, MetricFamily> families_;
};

constexpr auto counter = MetricType::Counter;
constexpr auto gauge = MetricType::Gauge;

double count(std::uint64_t n) {
  return static_cast<double>(n);
}

/// Actors by service and name; those of a dynamic set (instruments) are summed under their parent,
/// so that the number of series does not grow with the number of symbols.
void add_actors(Families& out, const supervision::ActorTable& actors) {
  struct Sum {
    Labels labels;
    double mailbox = 0, handled = 0, rejected = 0, busy = 0, restarts = 0, sent = 0;
  };
  std::map<std::string, Sum> sums;
  for (const auto& actor : actors.actors()) {
    const bool keyed = actor.name.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ~") != std::string::npos;
    const auto path = keyed ? actor.parent + "/*" : actor.path;
    auto& sum = sums[path];
    sum.labels = {{"service", actor.service}, {"actor", path}};
    sum.mailbox += count(actor.mailbox);
    sum.handled += count(actor.handled);
    sum.rejected += count(actor.rejected);
    sum.busy += actor.busy_s;
    sum.restarts += count(actor.restarts);
    sum.sent += count(actor.sent);
  }
  for (const auto& [path, sum] : sums) {
    out.add("troupe_actor_mailbox_depth", "messages that wait", gauge, sum.labels, sum.mailbox);
    out.add("troupe_actor_messages_total", "messages handled", counter, sum.labels, sum.handled);
    out.add("troupe_actor_rejected_total", "refused, mailbox full", counter, sum.labels,
            sum.rejected);
    out.add("troupe_actor_handler_seconds_total", "time in handlers", counter, sum.labels,
            sum.busy);
    out.add("troupe_actor_restarts_total", "restarts", counter, sum.labels, sum.restarts);
    out.add("troupe_actor_sent_total", "messages sent on this node", counter, sum.labels, sum.sent);
  }
}

void add_breakers(Families& out, const supervision::Breakers& breakers) {
  for (const auto& breaker : breakers.snapshot()) {
    const Labels labels{{"edge", breaker.edge}};
    out.add("troupe_breaker_state", "0 closed, 1 open, 2 half-open, 3 forced open, 4 disabled",
            gauge, labels, static_cast<double>(breaker.state));
    out.add("troupe_breaker_opened_total", "times it opened", counter, labels,
            count(breaker.opened));
    out.add("troupe_breaker_refused_total", "calls refused", counter, labels,
            count(breaker.refused));
  }
}

void add_server(Families& out, const net::ServerCounters& server) {
  for (std::size_t i = 1; i < server.requests_by_class.size(); ++i) {
    out.add("troupe_http_requests_total", "answered requests", counter,
            {{"class", std::to_string(i) + "xx"}}, count(server.requests_by_class[i].load()));
  }
  auto metric = out.labelled({});
  std::uint64_t cumulative = 0;
  constexpr double ns_per_s = 1e9;
  for (std::size_t i = 0; i < server.latency_buckets.size(); ++i) {
    cumulative += server.latency_buckets[i].load();
    prometheus::ClientMetric::Bucket bucket;
    bucket.cumulative_count = cumulative;
    bucket.upper_bound =
      i < net::ServerCounters::latency_bounds_ns.size()
        ? static_cast<double>(net::ServerCounters::latency_bounds_ns[i]) / ns_per_s
        : std::numeric_limits<double>::infinity();
    metric.histogram.bucket.push_back(bucket);
  }
  metric.histogram.sample_count = cumulative;
  metric.histogram.sample_sum = count(server.latency_sum_ns.load()) / ns_per_s;
  out.family("troupe_http_request_seconds", "time from request to reply", MetricType::Histogram)
    .metric.push_back(std::move(metric));
  const auto one = [&](const char* name, const char* help, MetricType type, std::uint64_t value) {
    out.add(name, help, type, {}, count(value));
  };
  one("troupe_http_connections", "open connections", gauge, server.connections_open.load());
  one("troupe_http_connections_refused_total", "over a limit", counter,
      server.connections_refused.load());
  one("troupe_http_received_bytes_total", "bytes in", counter, server.bytes_in.load());
  one("troupe_http_sent_bytes_total", "bytes out", counter, server.bytes_out.load());
  one("troupe_ws_sessions", "open WebSockets", gauge, server.websockets_open.load());
  one("troupe_ws_frames_total", "frames sent", counter, server.websocket_frames_out.load());
  one("troupe_ws_conflated_total", "frames replaced by newer ones", counter,
      server.websocket_frames_conflated.load());
  one("troupe_ws_cut_off_total", "slow consumers", counter, server.websocket_cut_off.load());
}

} // namespace

std::string metrics_text(const supervision::Runtime& runtime, const net::ServerCounters& server) {
  Families out{runtime.node};
  add_actors(out, runtime.actors);
  add_breakers(out, runtime.breakers);
  for (const auto& letters : runtime.dead_letters.counts()) {
    out.add("troupe_dead_letters_total", "messages nobody handled", counter,
            {{"to", letters.to}, {"type", letters.type}, {"reason", letters.reason}},
            count(letters.count));
  }
  out.add("troupe_scheduler_canary_seconds", "round trip of the last canary through the scheduler",
          gauge, {}, std::chrono::duration<double>(runtime.health.canary()).count());
  out.add("troupe_ready", "1 when the node is ready", gauge, {}, runtime.health.ready() ? 1 : 0);
  add_server(out, server);
  return out.text();
}

} // namespace troupe::api
