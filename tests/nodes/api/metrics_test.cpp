#include "../node_fixture.hpp"
#include "exposition.hpp"
#include "supervision/ask.hpp"

using namespace test;

namespace {

api::NodeViews two_nodes() {
  api::NodeViews views;
  views.cluster = [] {
    api::ClusterFigures figures;
    figures.epoch = 3;
    figures.members = {{"UP", 1}, {"DOWN", 1}};
    figures.peers = {{.peer = "n2",
                      .state = "DOWN",
                      .linked = false,
                      .phi = 9.5,
                      .rtt_ms = 0.2,
                      .bytes_in = 10,
                      .bytes_out = 20,
                      .queued = 1,
                      .queued_bytes = 64,
                      .conflated = 5,
                      .dropped = 0}};
    figures.services = {{.service = "regime",
                         .carriers = {"n1"},
                         .owned = {{"n1", 128}},
                         .owners = {},
                         .loaded = {}}};
    return figures;
  };
  views.feeds = [] {
    troupe::messages::FeedFigures figures;
    figures.targets.uptime = 0.999;
    troupe::messages::VenueSla row;
    row.venue = "SIM-A";
    row.channel = "book";
    row.feeds = 8;
    row.live = 7;
    row.figures.uptime = 0.5;
    row.figures.messages = 12;
    row.figures.latency_p99_ms = 60;
    row.breached = {"latency_p99"};
    figures.venues = {row, row};
    figures.venues[0].channel = "all";
    return std::make_shared<const troupe::messages::FeedFigures>(figures);
  };
  return views;
}

} // namespace

TEST_CASE("metrics: a strict reader takes every line, and the stated families are there") {
  TestNode node{two_nodes()};
  node.send("svc/worker", Note{1});
  node.send("svc/worker", Crash{});
  REQUIRE(eventually([&] { return node.actor("svc/worker").epoch == 2; }));
  auto edge = node.runtime().breakers.edge("a>b@\"n\\1\"");
  CHECK(edge->allow().has_value());
  edge->report(core::Errc::NONE, 3ms);
  const auto [status, text] = node.call("/metrics");
  REQUIRE(status == 200);
  const Exposition metrics{text};
  for (const char* name :
       {"troupe_actor_mailbox_depth", "troupe_actor_messages_total", "troupe_actor_rejected_total",
        "troupe_actor_handler_seconds", "troupe_actor_restarts_total", "troupe_breaker_state",
        "troupe_ask_seconds", "troupe_dead_letters_total", "troupe_cluster_members",
        "troupe_peer_phi", "troupe_shards_owned", "troupe_bus_conflated_total",
        "troupe_scheduler_canary_seconds", "process_resident_memory_bytes",
        "process_cpu_seconds_total"}) {
    CAPTURE(name);
    CHECK(metrics.families.contains(name));
  }
  const auto value = [&](const char* family, const std::map<std::string, std::string>& labels) {
    const auto* sample = metrics.find(family, labels);
    REQUIRE(sample != nullptr);
    return sample->value;
  };
  CHECK(value("troupe_actor_restarts_total", {{"actor", "svc/worker"}, {"reason", "error"}}) == 1);
  CHECK(value("troupe_dead_letters_total",
              {{"to", "svc/worker"}, {"type", "Crash"}, {"reason", "crashed"}})
        == 1);
  CHECK(value("troupe_breaker_state", {{"edge", "a>b@\"n\\1\""}}) == 0);
  CHECK(value("troupe_cluster_members", {{"state", "DOWN"}}) == 1);
  CHECK(value("troupe_cluster_members", {{"state", "SUSPECT"}}) == 0);
  CHECK(value("troupe_peer_phi", {{"peer", "n2"}}) == 9.5);
  CHECK(value("troupe_shards_owned", {{"service", "regime"}}) == 128);
  CHECK(value("troupe_bus_conflated_total", {{"to", "peers"}}) == 5);
  CHECK(value("process_resident_memory_bytes", {}) > 1e6);
  const std::map<std::string, std::string> feed{{"venue", "SIM-A"}, {"channel", "book"}};
  CHECK(value("troupe_feed_uptime_ratio", feed) == 0.5);
  CHECK(value("troupe_feed_messages_total", feed) == 12);
  CHECK(value("troupe_feed_latency_seconds",
              {{"venue", "SIM-A"}, {"channel", "book"}, {"quantile", "0.99"}})
        == 0.06);
  CHECK(value("troupe_feed_sla_breached",
              {{"venue", "SIM-A"}, {"channel", "book"}, {"target", "latency_p99"}})
        == 1);
  CHECK(value("troupe_feed_sla_breached",
              {{"venue", "SIM-A"}, {"channel", "book"}, {"target", "uptime"}})
        == 0);
  CHECK(metrics.find("troupe_feed_live", {{"venue", "SIM-A"}, {"channel", "all"}}) == nullptr);
}

TEST_CASE("metrics: the provided alerts and dashboard ask for what there is") {
  TestNode node{two_nodes()};
  node.send("svc/worker", Crash{});
  REQUIRE(eventually([&] { return node.actor("svc/worker").epoch == 2; }));
  (void)node.runtime().breakers.edge("a>b");
  const Exposition metrics{node.call("/metrics").second};
  for (const char* file : {"/deploy/prometheus/alerts.yml", "/deploy/grafana/troupe.json"}) {
    std::ifstream in{std::string(TROUPE_SOURCE_DIR) + file};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    std::set<std::string> names;
    for (const char* prefix : {"troupe_", "process_"}) {
      for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at + 1)) {
        const auto end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", at);
        auto name = text.substr(at, end - at);
        for (const std::string suffix : {"_bucket", "_sum"}) {
          if (name.ends_with(suffix)) {
            name.resize(name.size() - suffix.size());
          }
        }
        names.insert(name);
      }
    }
    CHECK(names.size() > 10);
    for (const auto& name : names) {
      CAPTURE(name);
      CHECK(metrics.families.contains(name));
    }
  }
}

TEST_CASE("metrics: counters go on where an actor is restarted") {
  TestNode node;
  const auto handled = [&] {
    const Exposition metrics{node.call("/metrics").second};
    return metrics.find("troupe_actor_messages_total", {{"actor", "svc/worker"}})->value;
  };
  for (int i = 0; i < 5; ++i) {
    node.send("svc/worker", Note{i});
  }
  REQUIRE(eventually([&] { return node.actor("svc/worker").handled >= 5; }));
  const auto before = handled();
  CHECK(before >= 5);
  node.send("svc/worker", Crash{});
  REQUIRE(eventually([&] { return node.actor("svc/worker").epoch == 2; }));
  CHECK(handled() >= before + 1);
}

TEST_CASE("metrics: the names of dynamic children do not become labels") {
  CHECK(sup::group_of("market_data/instruments/BTC-USD.SIM-A") == "market_data/instruments/*");
  CHECK(sup::group_of("regime/instruments/BTC-USD/track") == "regime/instruments/*/track");
  CHECK(sup::group_of("api/~17") == "api/*");
  CHECK(sup::group_of("market_data/front") == "market_data/front");
  CHECK(sup::group_of("").empty());
}

TEST_CASE("metrics: the strict reader refuses what is not the format") {
  const std::string head = "# HELP a_total x\n# TYPE a_total counter\n";
  CHECK_NOTHROW(Exposition{head + "a_total{node=\"n\"} 1\n"});
  for (const char* bad :
       {"a_total{node=\"n\"} 1", "a_total{node=\"n\"} x\n", "a_total{node=\"n\",node=\"m\"} 1\n",
        "a_total{node=\"n\"} 1\na_total{node=\"n\"} 2\n", "b_total{node=\"n\"} 1\n",
        "a_total{0=\"n\"} 1\n", "a_total{node=\"n} 1\n", "a_total{node=\"n\"} -1\n", ""}) {
    CAPTURE(bad);
    CHECK_THROWS(Exposition{head + bad});
  }
}
