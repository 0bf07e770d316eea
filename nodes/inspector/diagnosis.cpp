#include "nodes/inspector/diagnosis.hpp"

#include "nodes/inspector/rates.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

namespace troupe::inspector {

namespace diagnosis {

using Json = nlohmann::json;

constexpr double mailbox_share = 0.8;
constexpr double busy_percent = 90.0;
constexpr double handler_ms = 1e3;
constexpr double phi_suspect = 5.0;
constexpr double canary_ms = 1e3;
constexpr double skew_ms = 250.0;
constexpr double growth_window_s = 180.0;
constexpr double growth_share = 1.2;
constexpr double mib = 1024.0 * 1024.0;
constexpr double growth_bytes = 64.0 * mib;

std::string text(double value) {
  std::array<char, 48> out{};
  std::snprintf(out.data(), out.size(), "%.4g", value);
  return out.data();
}

class Findings {
public:
  explicit Findings(std::string node) : node_(std::move(node)) {}
  void add(const char* check, std::string subject, std::string what) {
    found.push_back({node_, check, std::move(subject), std::move(what)});
  }
  std::vector<Finding> found;

private:
  std::string node_;
};

void look_at_actors(const NodeFacts& facts, double seconds, Findings& out) {
  const auto rows = with_rates(facts.actors_before.get<std::vector<Json>>(),
                               facts.actors_after.get<std::vector<Json>>(), seconds);
  for (const auto& row : rows) {
    const auto path = row.value("path", "?");
    const auto mailbox = row.value("mailbox", 0.0);
    const auto cap = row.value("mailbox_cap", 0.0);
    if (cap > 0 && mailbox > mailbox_share * cap) {
      out.add("mailbox", path, text(mailbox) + " of " + text(cap) + " messages wait");
    }
    if (const auto ms = row.value("current_ms", 0.0); ms > handler_ms) {
      out.add("stuck", path,
              "its handler of " + row.value("current_message", "?") + " has run for "
                + text(ms / 1e3) + " s");
    } else if (row.value("busy_percent", 0.0) > busy_percent) {
      out.add("busy", path,
              "in its handlers " + text(row.value("busy_percent", 0.0)) + " % of the time");
    }
  }
}

void look_at_restarts(const Json& ends, Findings& out) {
  std::map<std::string, int> abnormal;
  for (const auto& end : ends) {
    abnormal[end.value("path", "?")] += end.value("abnormal", false) ? 1 : 0;
  }
  for (const auto& [path, count] : abnormal) {
    if (count > 1) {
      out.add("restarts", path, std::to_string(count) + " abnormal ends in the last minute");
    }
  }
}

void look_at_breakers(const Json& breakers, Findings& out) {
  for (const auto& breaker : breakers) {
    const auto state = breaker.value("state", "?");
    if (state == "FORCED_OPEN") {
      out.add("breaker", breaker.value("edge", "?"), "held open by an operator");
    } else if (state != "CLOSED" && state != "DISABLED") {
      out.add("breaker", breaker.value("edge", "?"), state);
    }
  }
}

void look_at_net(const Json& net, Findings& out) {
  for (const auto& peer : net.value("peers", Json::array())) {
    const auto name = peer.value("peer", "?");
    if (peer.value("state", "") == "DOWN") {
      out.add("peer", name, "DOWN");
    } else if (peer.value("phi", 0.0) > phi_suspect) {
      out.add("phi", name, "phi is " + text(peer.value("phi", 0.0)));
    }
  }
}

/// Steady: each quarter of the time ends with more than the one before.
void look_at_memory(const Json& samples, Findings& out) {
  if (samples.size() < 4
      || samples.front().value("ago_s", 0.0) - samples.back().value("ago_s", 0.0)
           < growth_window_s) {
    return;
  }
  const auto at = [&](std::size_t quarter) {
    return samples[(samples.size() - 1) * quarter / 4].value("rss_bytes", 0.0);
  };
  bool steady = true;
  for (std::size_t quarter = 1; quarter <= 4; ++quarter) {
    steady = steady && at(quarter) > at(quarter - 1);
  }
  const auto grown = at(4) - at(0);
  if (steady && grown > growth_bytes && at(4) > growth_share * at(0)) {
    out.add("memory", "rss",
            "grew steadily from " + text(at(0) / mib) + " to " + text(at(4) / mib) + " MiB");
  }
}

bool serves_network(const Json& process, const Json& thread) {
  const auto name = thread.value("name", "");
  return thread.value("id", 0) == process.value("network_thread", -1) || name == "troupe.links"
         || name == "troupe.api";
}

void look_at_network_threads(const NodeFacts& facts, double seconds, Findings& out) {
  std::map<int, double> before;
  for (const auto& thread : facts.process_before.at("process").at("threads")) {
    before[thread.value("id", 0)] = thread.value("cpu_s", 0.0);
  }
  for (const auto& thread : facts.process_after.at("process").at("threads")) {
    const auto was = before.find(thread.value("id", 0));
    if (was == before.end() || !serves_network(facts.process_after, thread)) {
      continue;
    }
    const auto percent = (thread.value("cpu_s", 0.0) - was->second) / seconds * 100.0;
    if (percent > busy_percent) {
      out.add("network", thread.value("name", "?"), "busy " + text(percent) + " % of the time");
    }
  }
}

void look_at_process(const NodeFacts& facts, double seconds, Findings& out) {
  const auto& now = facts.process_after;
  if (now.value("canary_ms", 0.0) > canary_ms) {
    out.add("scheduler", "canary", "a message took " + text(now.value("canary_ms", 0.0)) + " ms");
  }
  if (now.value("network_ms", 0.0) > canary_ms) {
    out.add("network", "canary",
            "the network thread took " + text(now.value("network_ms", 0.0)) + " ms");
  }
  if (const auto zombies = now.value("zombies", 0); zombies > 0) {
    out.add("zombies", "handlers", std::to_string(zombies) + " do not return");
  }
  look_at_memory(now.value("rss", Json::array()), out);
  look_at_network_threads(facts, seconds, out);
  const auto off_ms = std::abs(facts.skew_ms) - facts.round_trip_ms / 2;
  if (off_ms > skew_ms) {
    out.add("clock", "utc", "off by " + text(facts.skew_ms) + " ms from this machine's");
  }
}

/// It answered all questions; a node that joined in between did not get the first ones.
bool complete(const NodeFacts& facts) {
  const auto parts = {&facts.actors_before, &facts.actors_after,  &facts.process_before,
                      &facts.process_after, &facts.shards_before, &facts.shards_after,
                      &facts.net,           &facts.breakers,      &facts.restarts};
  return facts.error.empty() && std::none_of(parts.begin(), parts.end(), [](const auto* part) {
           return part->is_null();
         });
}

/// One value of every node that answered, where they are not all equal; else empty.
std::string
differing(const std::vector<NodeFacts>& nodes, Json NodeFacts::*shards, const char* key) {
  std::map<std::string, std::string> by_value;
  for (const auto& facts : nodes) {
    if (complete(facts)) {
      auto& who = by_value[(facts.*shards).at(key).dump()];
      who += (who.empty() ? "" : ", ") + facts.node;
    }
  }
  std::string out;
  for (const auto& [value, who] : by_value) {
    out += (out.empty() ? "" : "; ") + who + " " + value;
  }
  return by_value.size() > 1 ? out : std::string{};
}

void look_at_views(const std::vector<NodeFacts>& nodes, std::vector<Finding>& out) {
  for (const auto* key : {"fingerprint", "epoch"}) {
    const auto now = differing(nodes, &NodeFacts::shards_after, key);
    if (!now.empty() && !differing(nodes, &NodeFacts::shards_before, key).empty()) {
      out.push_back({"", "epochs", key, "nodes disagree about the placement: " + now});
      return; // the other one differs with it
    }
  }
}

} // namespace diagnosis

std::vector<Finding> diagnose(const std::vector<NodeFacts>& nodes, double seconds) {
  std::vector<Finding> all;
  for (const auto& facts : nodes) {
    diagnosis::Findings out{facts.node};
    if (!facts.error.empty()) {
      out.add("unreachable", facts.node, facts.error);
    } else if (diagnosis::complete(facts)) {
      diagnosis::look_at_actors(facts, seconds, out);
      diagnosis::look_at_restarts(facts.restarts, out);
      diagnosis::look_at_breakers(facts.breakers, out);
      diagnosis::look_at_net(facts.net, out);
      diagnosis::look_at_process(facts, seconds, out);
    }
    all.insert(all.end(), out.found.begin(), out.found.end());
  }
  diagnosis::look_at_views(nodes, all);
  return all;
}

} // namespace troupe::inspector
