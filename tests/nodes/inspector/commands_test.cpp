#include "../node_fixture.hpp"
#include "nodes/inspector/commands.hpp"

#include <nlohmann/json.hpp>

#include <set>
#include <sstream>

using namespace test;
using namespace troupe::inspector;
using Json = nlohmann::json;

namespace {

struct Ran {
  Exit code;
  std::string out;
  std::string err;
};

Ran run_command(const TestNode& node, Command command, const std::string& token = "") {
  ClientOptions options;
  options.node = node.url();
  options.token = token;
  options.timeout = 30s;
  const ClusterClient client{options};
  if (command.interval_s == 1.0) {
    command.interval_s = 0.05;
  }
  std::ostringstream out;
  std::ostringstream err;
  const auto code = run({command, client, out, err, [](double seconds) {
                           std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
                         }});
  return {code, out.str(), err.str()};
}

Ran read_json(const TestNode& node, Command command) {
  command.json = true;
  auto ran = run_command(node, command);
  CAPTURE(ran.err);
  CHECK(ran.code == Exit::OK);
  return ran;
}

Json row_of(const Json& rows, const std::string& path) {
  for (const auto& row : rows) {
    if (row.at("path") == path) {
      return row;
    }
  }
  return nullptr;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("inspector: every reading command works on a node without a view of the cluster") {
  TestNode node;
  for (const char* name : {"nodes", "tree", "ps", "top", "restarts", "breakers", "dead-letters",
                           "shards", "net", "export"}) {
    CAPTURE(name);
    Command command;
    command.name = name;
    const auto ran = run_command(node, command);
    CAPTURE(ran.err);
    CHECK(ran.code == Exit::OK);
    CHECK_FALSE(Json::parse(read_json(node, command).out).is_null());
  }
}

TEST_CASE("inspector: a stuck actor shows in top, messages and doctor") {
  TestNode node;
  node.send("svc/worker", Hang{});
  REQUIRE(eventually([&] { return node.actor("svc/worker").current_ms > 1'000; }));
  node.send("svc/worker", Note{1});
  Command top;
  top.name = "top";
  top.sort = "busy";
  const auto rows = Json::parse(read_json(node, top).out)["actors"];
  const auto stuck = row_of(rows, "svc/worker");
  CHECK(stuck["busy_percent"] > 50.0); // the looks take their own time on a loaded machine
  CHECK(contains(stuck["state_text"], "in Hang"));
  CHECK(stuck["mailbox_text"] == "2(10)");
  const auto text = run_command(node, top);
  for (const char* heading :
       {"NODE", "PATH", "STATE", "MAILBOX(cap)", "IN/s", "OUT/s", "BUSY%", "P50us", "P99us",
        "MAXms", "OLDEST", "REJECTED/s", "RESTARTS", "LAST_ERROR"}) {
    CHECK(contains(text.out, heading));
  }
  Command messages;
  messages.name = "messages";
  messages.target = "svc/worker";
  CHECK(contains(run_command(node, messages).out, "Hang"));
  Command doctor;
  doctor.name = "doctor";
  const auto found = run_command(node, doctor);
  CHECK(found.code == Exit::ERROR);
  CHECK(contains(found.out, "its handler of Hang has run for"));
}

TEST_CASE("inspector: unreachable nodes are named, those declared down are tried") {
  TestNode other{{}, "n2"};
  api::NodeViews views;
  views.members = [url = other.url()] {
    return R"([{"name":"n1","self":true,"state":"UP"},
               {"name":"n2","self":false,"state":"DOWN","since":"t","api":")"
           + url + R"("},
               {"name":"n3","self":false,"state":"UP","api":"http://127.0.0.1:1"},
               {"name":"n4","self":false,"state":"DOWN","since":"t","api":"http://127.0.0.1:1"}])";
  };
  TestNode node{views};
  Command ps;
  ps.name = "ps";
  const auto ran = run_command(node, ps);
  CHECK(ran.code == Exit::OK);
  CHECK(contains(ran.err, "n2: declared DOWN since t, but its API answers"));
  CHECK(contains(ran.err, "n3 does not answer: UNAVAILABLE"));
  CHECK(contains(ran.err, "n4 does not answer: NODE_DOWN"));
  const auto json = Json::parse(read_json(node, ps).out);
  CHECK(json["unreachable"].size() == 2);
  std::set<std::string> nodes;
  for (const auto& row : json["actors"]) {
    nodes.insert(row["node"]);
  }
  CHECK(nodes == std::set<std::string>{"n1", "n2"});
  Command show;
  show.name = "show";
  show.target = "svc/worker";
  show.on = "n9";
  const auto unknown = run_command(node, show);
  CHECK(unknown.code == Exit::NOT_FOUND);
  CHECK(contains(unknown.err, "there are: n1, n2, n3, n4"));
}

TEST_CASE("inspector: changing commands want --yes and a token, and say what they did") {
  TestNode node;
  Command kill;
  kill.name = "kill";
  kill.target = "svc/worker";
  CHECK(run_command(node, kill, node.token()).code == Exit::CONFIG);
  kill.yes = true;
  CHECK(run_command(node, kill).code == Exit::ERROR);
  CHECK(run_command(node, kill, node.token()).code == Exit::OK);
  CHECK(eventually([&] { return node.actor("svc/worker").epoch == 2; }));
  kill.target = "no/such";
  CHECK(run_command(node, kill, node.token()).code == Exit::NOT_FOUND);
  Command drain;
  drain.name = "drain";
  drain.target = "n1";
  CHECK(run_command(node, drain, node.token()).code == Exit::CONFIG);
}

TEST_CASE("inspector: drain waits until the shards have moved") {
  const auto owned = std::make_shared<std::atomic<int>>(0);
  api::NodeViews views;
  views.members = [] { return R"([{"name":"n1","self":true,"state":"UP"}])"; };
  views.drain = [owned](const std::string& role, bool) -> core::Result<std::vector<std::string>> {
    if (role == "nonsense") {
      return core::Error{core::Errc::NOT_FOUND, "no such role"};
    }
    return std::vector<std::string>{"regime"};
  };
  views.cluster = [owned] {
    api::ClusterFigures figures;
    auto& service = figures.services.emplace_back();
    service.service = "regime";
    if (++*owned < 3) { // moves after some looks
      service.owned["n1"] = 128;
    } else {
      service.owned["n2"] = 128;
    }
    return figures;
  };
  TestNode node{views};
  Command drain;
  drain.name = "drain";
  drain.target = "n1";
  drain.yes = true;
  const auto ran = run_command(node, drain, node.token());
  CAPTURE(ran.err);
  CHECK(ran.code == Exit::OK);
  CHECK(*owned >= 3);
  CHECK(contains(ran.out, "n2"));
  drain.role = "nonsense";
  CHECK(run_command(node, drain, node.token()).code == Exit::NOT_FOUND);
}

TEST_CASE("inspector: trace takes a path, or a text that messages hold") {
  TestNode node;
  std::atomic<bool> done{false};
  std::thread traffic{[&] {
    while (!done) {
      node.runtime().registry.send("svc/worker", caf::make_message(Note{1}));
      std::this_thread::sleep_for(5ms);
    }
  }};
  Command trace;
  trace.name = "trace";
  trace.target = "svc/worker";
  trace.limit = 4;
  trace.seconds = 30;
  const auto events = Json::parse(read_json(node, trace).out)["events"];
  CHECK(events.size() == 4);
  CHECK(events[0]["type"] == "Note");
  trace.target = "no/such";
  CHECK(run_command(node, trace).code == Exit::NOT_FOUND);
  trace.target = "text-that-no-message-holds";
  trace.seconds = 1;
  CHECK(Json::parse(read_json(node, trace).out)["events"].empty());
  done = true;
  traffic.join();
}

TEST_CASE("inspector: exit codes tell what went wrong") {
  TestNode node;
  Command command;
  command.name = "ps";
  command.sort = "colour";
  CHECK(run_command(node, command).code == Exit::CONFIG);
  command = {};
  command.name = "tree";
  command.target = "nonsense";
  CHECK(run_command(node, command).code == Exit::NOT_FOUND);
  command = {};
  command.name = "restarts";
  command.since = "yesterday";
  CHECK(run_command(node, command).code == Exit::CONFIG);
  command.since = "10m";
  CHECK(run_command(node, command).code == Exit::OK);
  command = {};
  command.name = "nodes";
  ClientOptions gone;
  gone.node = "127.0.0.1:1";
  const ClusterClient client{gone};
  std::ostringstream out;
  std::ostringstream err;
  CHECK(run({command, client, out, err, {}}) == Exit::NOT_RUNNING);
  CHECK(contains(err.str(), "UNAVAILABLE"));
  CHECK(out.str().empty());
}
