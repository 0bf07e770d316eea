#include "nodes/inspector/diagnosis.hpp"
#include "nodes/inspector/rates.hpp"
#include "nodes/inspector/screen.hpp"

#include <doctest/doctest.h>

using namespace troupe::inspector;
using Json = nlohmann::json;

namespace {

Json actor(const char* path) {
  return {{"path", path},      {"epoch", 1},        {"state", "RUNNING"},
          {"mailbox", 0},      {"mailbox_cap", 10}, {"received", 100},
          {"sent", 50},        {"rejected", 0},     {"busy_s", 1.0},
          {"current_ms", 0.0}, {"max_us", 1500.0},  {"oldest_waiting_ms", 0.0}};
}

Json process() {
  return {{"canary_ms", 0.1},
          {"network_ms", 0.1},
          {"zombies", 0},
          {"network_thread", 7},
          {"rss", Json::array()},
          {"process", {{"threads", {{{"id", 7}, {"name", "x"}, {"cpu_s", 1.0}}}}}}};
}

Json shards(int epoch, const char* fingerprint) {
  return {{"epoch", epoch}, {"fingerprint", fingerprint}};
}

/// A node with nothing to complain about.
NodeFacts healthy(const char* name) {
  NodeFacts facts;
  facts.node = name;
  facts.actors_before = facts.actors_after = Json::array({actor("a/b")});
  facts.process_before = facts.process_after = process();
  facts.shards_before = facts.shards_after = shards(1, "f");
  facts.net = {{"peers", {{{"peer", "x"}, {"state", "UP"}, {"phi", 0.3}}}}};
  facts.breakers = Json::array({{{"edge", "e"}, {"state", "CLOSED"}}});
  facts.restarts = Json::array();
  return facts;
}

std::vector<std::string> checks(const std::vector<NodeFacts>& nodes) {
  std::vector<std::string> out;
  for (const auto& finding : diagnose(nodes, 1.0)) {
    out.push_back(finding.check);
  }
  return out;
}

using Checks = std::vector<std::string>;

} // namespace

TEST_CASE("doctor: healthy nodes give no findings") {
  CHECK(checks({healthy("a"), healthy("b")}).empty());
}

TEST_CASE("doctor: each thing that is wrong is found, and just below its limit it is not") {
  struct Case {
    const char* check;
    void (*wrong)(NodeFacts&);
    void (*right)(NodeFacts&);
  };
  static const auto rss = [](NodeFacts& facts, std::initializer_list<double> mib, double every_s) {
    auto samples = Json::array();
    double ago = every_s * static_cast<double>(mib.size());
    for (const auto size : mib) {
      samples.push_back({{"ago_s", ago -= every_s}, {"rss_bytes", size * 1024 * 1024}});
    }
    facts.process_after["rss"] = samples;
  };
  const Case table[] = {
    {"mailbox", [](NodeFacts& f) { f.actors_after[0]["mailbox"] = 9; },
     [](NodeFacts& f) { f.actors_after[0]["mailbox"] = 8; }},
    {"busy", [](NodeFacts& f) { f.actors_after[0]["busy_s"] = 1.95; },
     [](NodeFacts& f) { f.actors_after[0]["busy_s"] = 1.85; }},
    {"stuck", [](NodeFacts& f) { f.actors_after[0]["current_ms"] = 1001.0; },
     [](NodeFacts& f) { f.actors_after[0]["current_ms"] = 800.0; }},
    {"restarts",
     [](NodeFacts& f) {
       f.restarts =
         Json::array({{{"path", "a"}, {"abnormal", true}}, {{"path", "a"}, {"abnormal", true}}});
     },
     [](NodeFacts& f) {
       f.restarts = Json::array({{{"path", "a"}, {"abnormal", true}},
                                 {{"path", "b"}, {"abnormal", true}},
                                 {{"path", "a"}, {"abnormal", false}}});
     }},
    {"breaker", [](NodeFacts& f) { f.breakers[0]["state"] = "OPEN"; },
     [](NodeFacts& f) { f.breakers[0]["state"] = "DISABLED"; }},
    {"breaker", [](NodeFacts& f) { f.breakers[0]["state"] = "FORCED_OPEN"; }, [](NodeFacts&) {}},
    {"phi", [](NodeFacts& f) { f.net["peers"][0]["phi"] = 5.1; },
     [](NodeFacts& f) { f.net["peers"][0]["phi"] = 4.9; }},
    {"peer", [](NodeFacts& f) { f.net["peers"][0]["state"] = "DOWN"; }, [](NodeFacts&) {}},
    {"zombies", [](NodeFacts& f) { f.process_after["zombies"] = 1; }, [](NodeFacts&) {}},
    {"scheduler", [](NodeFacts& f) { f.process_after["canary_ms"] = 1001.0; },
     [](NodeFacts& f) { f.process_after["canary_ms"] = 999.0; }},
    {"network", [](NodeFacts& f) { f.process_after["network_ms"] = 1001.0; },
     [](NodeFacts& f) { f.process_after["network_ms"] = 999.0; }},
    {"network", [](NodeFacts& f) { f.process_after["process"]["threads"][0]["cpu_s"] = 1.95; },
     [](NodeFacts& f) { f.process_after["process"]["threads"][0]["cpu_s"] = 1.85; }},
    {"clock",
     [](NodeFacts& f) {
       f.skew_ms = -300;
       f.round_trip_ms = 20;
     },
     [](NodeFacts& f) {
       f.skew_ms = 300;
       f.round_trip_ms = 200;
     }},
    {"memory",
     [](NodeFacts& f) {
       rss(f, {100, 130, 160, 190, 220}, 60);
     },
     [](NodeFacts& f) {
       rss(f, {100, 130, 120, 190, 220}, 60);
     }},
    {"memory",
     [](NodeFacts& f) {
       rss(f, {100, 130, 160, 190, 220}, 60);
     },
     [](NodeFacts& f) {
       rss(f, {100, 130, 160, 190, 220}, 10);
     }},
    {"unreachable", [](NodeFacts& f) { f.error = "TIMEOUT"; }, [](NodeFacts&) {}},
  };
  for (const auto& one : table) {
    auto wrong = healthy("n");
    one.wrong(wrong);
    std::string found;
    for (const auto& check : checks({wrong})) {
      found += check + ' ';
    }
    CHECK(found == std::string(one.check) + ' ');
    auto right = healthy("n");
    one.right(right);
    CHECK(checks({right}).empty());
  }
}

TEST_CASE("doctor: nodes that disagree in both looks are found, a change under way is not") {
  auto one = healthy("a");
  auto other = healthy("b");
  other.shards_after = shards(2, "g");
  CHECK(checks({one, other}).empty());
  other.shards_before = shards(2, "g");
  CHECK(checks({one, other}) == Checks{"epochs"});
  other.shards_before = other.shards_after = shards(2, "f");
  CHECK(checks({one, other}) == Checks{"epochs"});
  other.error = "gone";
  CHECK(checks({one, other}) == Checks{"unreachable"});
}

TEST_CASE("doctor: a node that joined between the looks is left out") {
  auto late = healthy("b");
  late.actors_before = nullptr;
  CHECK(checks({healthy("a"), late}).empty());
}

TEST_CASE("rates: what happened between two looks; a restarted actor counts from its start") {
  auto before = actor("a/b");
  auto after = before;
  after["received"] = 300;
  after["sent"] = 60;
  after["rejected"] = 4;
  after["busy_s"] = 1.5;
  after["oldest_waiting_ms"] = 1234.0;
  auto fresh = actor("a/c");
  fresh["epoch"] = 2;
  const auto rows = with_rates({before, actor("a/c")}, {after, fresh}, 2.0);
  CHECK(rows[0]["in_per_s"] == 100.0);
  CHECK(rows[0]["out_per_s"] == 5.0);
  CHECK(rows[0]["rejected_per_s"] == 2.0);
  CHECK(rows[0]["busy_percent"] == 25.0);
  CHECK(rows[0]["mailbox_text"] == "0(10)");
  CHECK(rows[0]["max_ms"] == 1.5);
  CHECK(rows[0]["oldest_text"] == "1.2s");
  CHECK(rows[0]["state_text"] == "RUNNING");
  CHECK(rows[1]["in_per_s"] == 50.0);
}

TEST_CASE("rates: a handler that does not return counts as busy") {
  auto before = actor("a/b");
  before["current_ms"] = 2000.0;
  before["current_message"] = "Hang";
  auto after = before;
  after["current_ms"] = 3000.0;
  const auto rows = with_rates({before}, {after}, 1.0);
  CHECK(rows[0]["busy_percent"] == 100.0);
  CHECK(rows[0]["state_text"] == "RUNNING 3.0s in Hang");
}

TEST_CASE("rates: every word to sort by has its key") {
  for (const char* word : {"mailbox", "rate", "busy", "restarts", "p99", "handled"}) {
    CHECK_FALSE(sort_key(word).empty());
    CHECK(std::string(sort_words).find(word) != std::string::npos);
  }
  CHECK(sort_key("colour").empty());
}

TEST_CASE("screen: text is cut to the terminal's lines and columns") {
  CHECK(Screen::fitted("abcdef\ngh\nij\n", 2, 4) == "abcd\x1b[K\ngh\x1b[K");
  CHECK(Screen::fitted("", 2, 4).empty());
}
