#include "core/clock.hpp"
#include "nodes/inspector/diagnosis.hpp"
#include "nodes/inspector/support.hpp"

#include <algorithm>
#include <map>
#include <ostream>

namespace troupe::inspector {

namespace doctoring {

/// Asks one thing of every node and puts it where it belongs.
class Collector {
public:
  explicit Collector(const Context& context) : context_(context) {}

  core::Result<void> ask(const std::string& path, Json NodeFacts::*part) {
    auto answers = context_.client.ask_all(path);
    if (!answers) {
      return answers.error();
    }
    for (const auto& answer : *answers) {
      auto& facts = facts_[answer.node];
      facts.node = answer.node;
      if (!answer.data) {
        facts.error = core::to_string(answer.error);
        continue;
      }
      facts.*part = *answer.data;
      if (part == &NodeFacts::process_after) {
        note_clock(answer, facts);
      }
    }
    return {};
  }

  [[nodiscard]] std::vector<NodeFacts> facts() const {
    std::vector<NodeFacts> all;
    for (const auto& [node, facts] : facts_) {
      all.push_back(facts);
    }
    return all;
  }

private:
  static void note_clock(const NodeAnswer& answer, NodeFacts& facts) {
    constexpr double ns_per_ms = 1e6;
    const auto theirs = core::Timestamp::from_text(answer.data->value("now", ""));
    if (theirs) {
      const auto middle = answer.asked_ns + (answer.answered_ns - answer.asked_ns) / 2;
      facts.skew_ms = static_cast<double>(theirs->ns - middle) / ns_per_ms;
      facts.round_trip_ms = static_cast<double>(answer.answered_ns - answer.asked_ns) / ns_per_ms;
    }
  }

  const Context& context_;
  std::map<std::string, NodeFacts> facts_;
};

struct Question {
  const char* path;
  Json NodeFacts::*part;
};

core::Result<void> ask_all(Collector& collector, const std::vector<Question>& questions) {
  for (const auto& question : questions) {
    if (auto done = collector.ask(question.path, question.part); !done) {
      return done;
    }
  }
  return {};
}

Json to_json(const Finding& finding) {
  return {{"node", finding.node},
          {"check", finding.check},
          {"subject", finding.subject},
          {"text", finding.text}};
}

} // namespace doctoring

Exit doctor(const Context& context) {
  doctoring::Collector collector{context};
  const auto since = "/inspect/restarts?since="
                     + query_value((core::SystemClock{}.now() - std::chrono::minutes{1}).to_text());
  auto asked = doctoring::ask_all(collector, {{"/inspect/shards", &NodeFacts::shards_before},
                                              {"/inspect/process", &NodeFacts::process_before},
                                              {"/inspect/actors", &NodeFacts::actors_before}});
  const auto began_ns = core::monotonic_ns();
  if (asked) {
    context.sleep(context.command.interval_s);
    asked = doctoring::ask_all(collector, {{"/inspect/actors", &NodeFacts::actors_after}});
  }
  const auto seconds =
    static_cast<double>(std::max<std::int64_t>(core::monotonic_ns() - began_ns, 1)) / 1e9;
  if (asked) {
    asked = doctoring::ask_all(collector, {{"/inspect/process", &NodeFacts::process_after},
                                           {"/inspect/shards", &NodeFacts::shards_after},
                                           {"/inspect/net", &NodeFacts::net},
                                           {"/inspect/breakers", &NodeFacts::breakers},
                                           {since.c_str(), &NodeFacts::restarts}});
  }
  if (!asked) {
    return report(context.err, asked.error());
  }
  const auto facts = collector.facts();
  std::vector<Json> rows;
  for (const auto& finding : diagnose(facts, seconds)) {
    rows.push_back(doctoring::to_json(finding));
  }
  if (context.command.json) {
    context.out << Json{{"nodes", facts.size()}, {"findings", rows}}.dump(2) << '\n';
  } else if (rows.empty()) {
    context.out << "nothing found on " << facts.size() << " nodes\n";
  } else {
    context.out << table(
      {{"NODE", "node"}, {"CHECK", "check"}, {"SUBJECT", "subject"}, {"FINDING", "text"}}, rows);
  }
  return rows.empty() ? Exit::OK : Exit::ERROR;
}

} // namespace troupe::inspector
