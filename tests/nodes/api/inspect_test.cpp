#include "../node_fixture.hpp"
#include "net/auth.hpp"
#include "nodes/api/audit_log.hpp"
#include "nodes/api/node_monitor.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <set>
#include <sys/stat.h>

using namespace test;
using Json = nlohmann::json;

namespace {

Json data_of(const std::pair<unsigned, std::string>& reply) {
  CAPTURE(reply.second);
  REQUIRE(reply.first == 200);
  return Json::parse(reply.second).at("data");
}

std::vector<Json> lines_of(const std::string& file) {
  std::vector<Json> lines;
  std::ifstream in{file};
  for (std::string line; std::getline(in, line);) {
    lines.push_back(Json::parse(line));
  }
  return lines;
}

/// The condition of that name in a list of a health report; null where there is none.
Json condition(const std::string& body, const char* list, const std::string& name) {
  const auto report = Json::parse(body);
  for (const auto& one : report.at(list)) {
    if (one.at("name") == name) {
      return one;
    }
  }
  return nullptr;
}

} // namespace

TEST_CASE("inspect: a stuck actor shows what it hangs in and what waits behind it") {
  TestNode node;
  node.send("svc/worker", Hang{});
  REQUIRE(eventually([&] { return node.actor("svc/worker").current_message == "Hang"; }));
  node.send("svc/worker", Note{1});
  node.send("svc/worker", Note{2});
  const auto messages = data_of(node.call("/inspect/messages?path=svc/worker"));
  CHECK(messages["current_message"] == "Hang");
  CHECK(messages["mailbox"] == 3);
  std::map<std::string, int> waiting;
  for (const auto& type : messages["types"]) {
    waiting[type["type"]] = type["waiting"];
  }
  CHECK(waiting["Note"] == 2);
  CHECK(waiting["Hang"] == 1);
  node.release();
  REQUIRE(eventually([&] { return node.actor("svc/worker").handled >= 3; }));
  const auto after = data_of(node.call("/inspect/messages?path=svc/worker"));
  CHECK(after["mailbox"] == 0);
  CHECK(after["recent"][0]["type"] == "Note");
  CHECK(node.call("/inspect/messages?path=no/such").first == 404);
  CHECK(node.call("/inspect/messages").first == 400);
}

TEST_CASE("inspect: a trace shows messages in and out under one causal id, and is bounded") {
  TestNode node;
  std::thread traffic{[&] {
    (void)eventually([&] { return node.runtime().actors.find("svc/worker")->traced.load(); });
    for (std::uint64_t i = 1; i <= 3; ++i) { // one after the other: three events each
      node.runtime().registry.send("svc/worker", caf::make_message(Pass{"svc/other"}));
      (void)eventually([&] { return node.actor("svc/worker").handled == i; });
    }
  }};
  const auto trace = data_of(node.call("/inspect/trace?path=svc/worker&seconds=30&limit=9"));
  traffic.join();
  REQUIRE(trace["events"].size() == 9);
  std::map<std::uint64_t, std::vector<std::string>> steps;
  for (const auto& event : trace["events"]) {
    CHECK(event["actor"] == "svc/worker");
    steps[event["causal_id"]].push_back(event["kind"]);
    if (event["kind"] == "SENT") {
      CHECK(event["peer"] == "svc/other");
      CHECK(event["type"] == "Note");
    } else {
      CHECK(event["type"] == "Pass");
    }
    CHECK(event["text"] == "");
  }
  CHECK(steps.size() == 3);
  for (const auto& [id, step] : steps) {
    CHECK(step == std::vector<std::string>{"ENTERED", "SENT", "HANDLED"});
  }
  CHECK_FALSE(node.runtime().actors.find("svc/worker")->traced);
}

TEST_CASE("inspect: a trace ends at its time too, and bad bounds are refused") {
  TestNode node;
  CHECK(data_of(node.call("/inspect/trace?path=svc/worker&seconds=1"))["events"].empty());
  CHECK(node.call("/inspect/trace?path=no/such&seconds=1").first == 404);
  CHECK(node.call("/inspect/trace?seconds=1").first == 400);
  CHECK(node.call("/inspect/trace?path=svc/worker&match=x").first == 400);
  CHECK(node.call("/inspect/trace?path=svc/worker&seconds=61").first == 400);
  CHECK(node.call("/inspect/trace?path=svc/worker&limit=0").first == 400);
  CHECK(node.call("/inspect/trace?path=svc/worker&colour=red").first == 400);
}

TEST_CASE("inspect: what operators change is audited with who, what and how it ended") {
  TestNode node;
  const auto audit = node.data() + "/audit.jsonl";
  const auto token = node.token();
  CHECK(node.call("/inspect/restart?path=svc/worker", "POST").first == 401);
  CHECK(lines_of(audit).empty());
  CHECK(node.call("/inspect/restart?path=svc/worker", "POST", token).first == 200);
  CHECK(node.call("/inspect/kill?path=no/such", "POST", token).first == 404);
  CHECK(node.call("/inspect/drain", "POST", token).first == 503);
  const auto lines = lines_of(audit);
  REQUIRE(lines.size() == 6);
  const char* expected[][3] = {{"restart", "svc/worker", "ordered"},
                               {"restart", "svc/worker", "done"},
                               {"kill", "no/such", "ordered"},
                               {"kill", "no/such", "NOT_FOUND"},
                               {"drain", "", "ordered"},
                               {"drain", "", "UNAVAILABLE"}};
  for (std::size_t i = 0; i < lines.size(); ++i) {
    CHECK(lines[i]["command"] == expected[i][0]);
    CHECK(lines[i]["target"] == expected[i][1]);
    CHECK(lines[i]["outcome"] == expected[i][2]);
    CHECK(lines[i]["by"] == "node");
    CHECK(lines[i]["node"] == "n1");
    CHECK(lines[i]["from"] == "127.0.0.1");
  }
  struct stat status {};
  REQUIRE(::stat(audit.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600U);
}

TEST_CASE("audit: each line carries the hash of the one before, over restarts of the node") {
  TestNode node;
  const std::string directory = node.data() + "/audit";
  std::filesystem::create_directory(directory);
  for (int run = 0; run < 2; ++run) {
    auto audit = api::AuditLog::open(directory).value();
    CHECK(audit
            ->append({.at = {1},
                      .node = "n",
                      .by = "x",
                      .from = {},
                      .request_id = {},
                      .command = "c",
                      .target = "\"t\"\n",
                      .outcome = "done",
                      .previous = {}})
            .has_value());
    CHECK(audit
            ->append({.at = {2},
                      .node = "n",
                      .by = "x",
                      .from = {},
                      .request_id = {},
                      .command = "c",
                      .target = {},
                      .outcome = "done",
                      .previous = {}})
            .has_value());
  }
  std::ifstream in{directory + "/audit.jsonl"};
  std::string previous;
  int count = 0;
  for (std::string line; std::getline(in, line); ++count) {
    CHECK(Json::parse(line)["previous"]
          == (previous.empty() ? "" : troupe::net::sha256_hex(previous)));
    previous = line;
  }
  CHECK(count == 4);
  CHECK_FALSE(api::AuditLog::open(directory + "/none").has_value());
}

TEST_CASE("inspect: dead letters are shown one by one; only what may be seen twice is replayed") {
  TestNode node;
  const auto token = node.token();
  auto& letters = node.runtime().dead_letters;
  letters.add("a", "svc/worker", "test", caf::make_message(Note{5}));
  letters.add("a", "svc/worker", "test", caf::make_message(Crash{}));
  letters.add("a", "gone", "test", caf::make_message(Note{6}));
  letters.add("a", "svc/worker", "test", caf::make_message(Order{})); // whatever the list says
  const auto tail = data_of(node.call("/inspect/dead-letters"));
  REQUIRE(tail.size() == 4);
  const auto id = [&](std::size_t i) { return std::to_string(tail[i]["id"].get<int>()); };
  CHECK(data_of(node.call("/inspect/dead-letters?id=" + id(1)))[0]["type"] == "Crash");
  CHECK(node.call("/inspect/dead-letters?id=999").first == 404);
  const auto before = node.actor("svc/worker").handled;
  const auto replay = [&](const std::string& what) {
    return node.call("/inspect/dead-letters/replay?id=" + what, "POST", token).first;
  };
  CHECK(replay(id(0)) == 200);
  CHECK(eventually([&] { return node.actor("svc/worker").handled == before + 1; }));
  CHECK(replay(id(1)) == core::traits(core::Errc::DENIED).http_status);
  CHECK(replay(id(2)) == 404);
  CHECK(replay(id(3)) == core::traits(core::Errc::DENIED).http_status);
  CHECK(replay("999") == 404);
  CHECK(replay("x") == 400);
  CHECK(node.actor("svc/worker").epoch == 1); // it was not crashed
}

TEST_CASE("inspect: restarts since a time, breakers held open, closed and given back") {
  TestNode node;
  const auto token = node.token();
  node.send("svc/worker", Crash{});
  REQUIRE(eventually([&] { return node.actor("svc/worker").epoch == 2; }));
  const auto ends = data_of(node.call("/inspect/restarts"));
  REQUIRE(ends.size() == 1);
  CHECK(ends[0]["last_message"] == "Crash");
  CHECK(ends[0]["abnormal"] == true);
  CHECK(data_of(node.call("/inspect/restarts?since=2100-01-01T00:00:00Z")).empty());
  CHECK(node.call("/inspect/restarts?since=yesterday").first == 400);
  (void)node.runtime().breakers.edge("svc>db");
  const auto state = [&](const char* action) {
    CHECK(
      node.call(std::string("/inspect/breakers/") + action + "?edge=svc%3Edb", "POST", token).first
      == 200);
    return data_of(node.call("/inspect/breakers"))[0]["state"].get<std::string>();
  };
  CHECK(state("open") == "FORCED_OPEN");
  CHECK(eventually([&] {
    return !condition(node.call("/health").second, "degraded", "breaker svc>db").is_null();
  }));
  CHECK(state("close") == "DISABLED");
  CHECK(state("reset") == "CLOSED");
  CHECK(eventually([&] {
    return condition(node.call("/health").second, "degraded", "breaker svc>db").is_null();
  }));
}

TEST_CASE("health: live needs the network thread's answer, ready the cluster, startup latches") {
  const auto joined = std::make_shared<std::atomic<bool>>(false);
  const auto answering = std::make_shared<std::atomic<bool>>(true);
  api::NodeViews views;
  views.joined = [joined] { return std::pair{joined->load(), std::string("alone")}; };
  views.post_to_network = [answering](const std::function<void()>& function) {
    if (*answering) {
      function();
    }
  };
  TestNode node{views};
  CHECK(node.call("/health/startup").first == 503);
  CHECK(node.call("/health/ready").first == 503);
  CHECK(condition(node.call("/health").second, "conditions", "cluster")["reason"] == "alone");
  *joined = true;
  CHECK(eventually([&] { return node.call("/health/ready").first == 200; }));
  CHECK(node.call("/health/startup").first == 200);
  CHECK(node.call("/health/live").first == 200);
  CHECK(node.call("/health").first == 200);
  *answering = false;
  CHECK(eventually([&] { return node.call("/health/live").first == 503; }));
  CHECK(condition(node.call("/health").second, "alive", "network")["ok"] == false);
  *joined = false;
  CHECK(eventually([&] { return node.call("/health/ready").first == 503; }));
  CHECK(node.call("/health/startup").first == 200);
}

TEST_CASE("health: not ready while the breaker of a needed dependency is not closed") {
  TestNode node;
  CHECK(eventually([&] { return node.call("/health/ready").first == 200; }));
  auto& breakers = node.runtime().breakers;
  (void)breakers.edge("cache>redis"); // there is another answer: memory
  (void)breakers.edge("venue>rest", {.needed = true});
  REQUIRE(breakers.force_open("cache>redis").has_value());
  CHECK(eventually([&] {
    return !condition(node.call("/health").second, "degraded", "breaker cache>redis").is_null();
  }));
  CHECK(node.call("/health/ready").first == 200);
  REQUIRE(breakers.force_open("venue>rest").has_value());
  CHECK(eventually([&] { return node.call("/health/ready").first == 503; }));
  CHECK(condition(node.call("/health").second, "conditions", "dependencies")["reason"]
        == "venue>rest FORCED_OPEN");
  CHECK(node.call("/health/live").first == 200);
  REQUIRE(breakers.reset("venue>rest").has_value());
  CHECK(eventually([&] { return node.call("/health/ready").first == 200; }));
}

TEST_CASE("inspect: a trace of an actor elsewhere shows what it causes here") {
  TestNode node;
  const auto cause = sup::TraceBook::origin_of("desk") << 32U | 9;
  std::thread traffic{[&] {
    (void)eventually([&] { return node.runtime().actors.find("svc/worker")->traced.load(); });
    const sup::TraceBook::Inherited inherited{cause};
    node.runtime().registry.send("svc/worker", caf::make_message(Note{1}));
  }};
  const auto trace =
    data_of(node.call("/inspect/trace?path=no/such&from=other,desk&seconds=30&limit=2"));
  traffic.join();
  REQUIRE(trace["events"].size() == 2);
  CHECK(trace["events"][1]["kind"] == "HANDLED");
  CHECK(trace["events"][1]["causal_id"] == cause);
}

TEST_CASE("inspect: the process shows memory, threads by name and its clock") {
  TestNode node;
  const auto process = data_of(node.call("/inspect/process"));
  CHECK(process["process"]["rss_bytes"] > 1'000'000);
  CHECK(process["pid"] > 0);
  CHECK(core::Timestamp::from_text(process["now"].get<std::string>()).has_value());
  std::set<std::string> threads;
  for (const auto& thread : process["process"]["threads"]) {
    threads.insert(thread["name"]);
  }
  CHECK(threads.contains("troupe.api"));
  CHECK(threads.contains("troupe.monitor"));
}
