#pragma once

#include "../../../supervision/support.hpp"
#include "actors/venues/common/limiter_actor.hpp"
#include "messages/message_types.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

/// Limiters on several nodes in virtual time, who see each other as a test says, callers at each of
/// them, and the venue, which counts by its own clock.
namespace limiter_test {

using namespace test;
namespace messages = troupe::messages;
namespace venues = troupe::venues;
using core::Timestamp;
using messages::AcquireBudget;
using messages::BudgetGranted;
using messages::CallClass;
using messages::CallCost;

/// What one node sees of the cluster.
class Seen final : public sup::Placement {
public:
  explicit Seen(std::string self) : self_(std::move(self)) {}
  std::optional<sup::Owner> owner(std::string_view, std::string_view) const override {
    return sup::Owner{owner_, owner_ == self_, epoch_};
  }
  std::vector<std::string> carriers(std::string_view) const override { return nodes_; }
  std::uint64_t epoch() const override { return epoch_; }
  bool expects_others() const override { return expects; }
  caf::actor gateway(std::string_view node) const override {
    const auto at = gateways.find(std::string{node});
    return at == gateways.end() ? caf::actor{} : at->second;
  }
  void watch(const caf::actor& watcher) override { watchers.push_back(watcher); }

  void see(const std::string& owner, std::vector<std::string> nodes) {
    std::vector<std::string> down;
    std::set_difference(nodes_.begin(), nodes_.end(), nodes.begin(), nodes.end(),
                        std::back_inserter(down));
    owner_ = owner;
    nodes_ = std::move(nodes);
    ++epoch_;
    for (const auto& watcher : watchers) {
      caf::anon_send(watcher, sup::ViewChanged{epoch_, down});
    }
  }

  bool expects = false;
  std::map<std::string, caf::actor> gateways; ///< of those that can be reached
  std::vector<caf::actor> watchers;

private:
  std::string self_;
  std::string owner_;
  std::vector<std::string> nodes_; ///< sorted
  std::uint64_t epoch_ = 1;
};

/// Counts as venues do: "W" in aligned windows, "P" in a bucket.
struct Venue {
  std::vector<venues::BudgetLimit> limits;
  std::chrono::nanoseconds skew = 700ms; ///< of its clock
  std::map<std::int64_t, std::uint64_t> windows;
  double tokens = -1.0; ///< at first the bucket is full
  Timestamp filled;
  std::uint64_t refused = 0; ///< by the venue: 429
  std::uint64_t denied = 0;  ///< by a limiter
  std::map<std::string, std::uint64_t> by_caller;
  std::map<std::string, std::uint64_t> by_limit;
  std::string last_error;

  void called(const std::string& caller, const CallCost& cost, Timestamp now) {
    ++by_caller[caller];
    for (const auto& limit : limits) {
      const auto at = cost.find(limit.name);
      if (at == cost.end()) {
        continue;
      }
      by_limit[limit.name] += at->second;
      if (limit.burst == 0) {
        auto& used = windows[(now + skew).ns / limit.window.count()];
        used += at->second;
        refused += used > limit.limit ? 1U : 0U;
        continue;
      }
      const auto full = static_cast<double>(limit.burst);
      const auto more = static_cast<double>((now - filled).count())
                        * static_cast<double>(limit.limit)
                        / static_cast<double>(limit.window.count());
      tokens = tokens < 0.0 ? full : std::min(full, tokens + more);
      filled = now;
      if (tokens < static_cast<double>(at->second)) {
        ++refused;
      } else {
        tokens -= static_cast<double>(at->second);
      }
    }
  }
  [[nodiscard]] std::uint64_t most() const {
    std::uint64_t highest = 0;
    for (const auto& [window, count] : windows) {
      highest = std::max(highest, count);
    }
    return highest;
  }
};

struct Demand {
  std::string name;
  CallCost cost;
  CallClass what = CallClass::MARKET_DATA;
  std::chrono::milliseconds every{100};
  std::chrono::milliseconds wait{5'000};
};

/// Asks the limiter of its node all the time, and calls the venue when it may.
inline caf::behavior
caller(sup::Actor* self, std::shared_ptr<Venue> venue, Demand demand, std::shared_ptr<bool> alive) {
  self->delayed_send(self, demand.every, Note{});
  return {[=](const Note& note) {
    if (!*alive) {
      return;
    }
    const auto limiter = self->runtime().registry.find("v/limiter").actor;
    if (limiter) {
      self
        ->request(
          limiter, 60s,
          AcquireBudget{"V", demand.name, demand.cost, demand.what, core::Duration{demand.wait}})
        .then(
          [=](const BudgetGranted&) {
            if (*alive) {
              venue->called(demand.name, demand.cost, self->runtime().clock.now());
            }
          },
          [=](const caf::error& error) {
            ++venue->denied;
            venue->last_error = core::to_string(core::from_caf(error));
          });
    }
    self->delayed_send(self, demand.every, note);
  }};
}

/// The way into a node: what its gateway and the front of its service do with a limiter's messages.
inline caf::behavior way_in(sup::Actor* self) {
  return {[self](const sup::Routed& routed) -> caf::result<caf::message> {
    const auto limiter = self->runtime().registry.find("v/limiter").actor;
    auto promise = self->make_response_promise();
    if (routed.payload.match_elements<messages::ReportUsage>()) {
      self->send(limiter, venues::ForwardedUsage{routed.payload.get_as<messages::ReportUsage>(0)});
      return caf::message{};
    }
    promise.delegate(limiter, venues::ForwardedBudget{routed.payload.get_as<AcquireBudget>(0)});
    return caf::delegated<caf::message>{};
  }};
}

struct Node {
  std::shared_ptr<Seen> seen;
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);
  std::unique_ptr<sup::LocalRuntime> local;
  caf::actor tree;
  caf::actor gateway;
};

class Cluster {
public:
  explicit Cluster(std::vector<venues::BudgetLimit> limits) { venue->limits = std::move(limits); }
  ~Cluster() {
    for (auto& [name, node] : nodes) {
      node.seen->gateways.clear();
      node.seen->watchers.clear();
      *node.alive = false;
      node.gateway = {};
    }
    for (const auto& actor : world.actors) {
      caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    }
    world.advance(20s);
  }
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  /// Starts a node that sees nobody but itself.
  Node& add(const std::string& name, bool expects = false, bool tells_limits = false) {
    auto& node = nodes[name];
    node.seen = std::make_shared<Seen>(name);
    node.seen->expects = expects;
    node.seen->see(name, {name});
    node.local = std::make_unique<sup::LocalRuntime>(
      world.system, world.clock,
      sup::LocalRuntimeSettings{.node = name, .allow_detached = false, .seed = 7},
      std::make_shared<sup::LocalBus>(name), node.seen);
    const sup::ChildSpec limiter{
      .name = "limiter",
      .start = venues::limiter_actor("V", venue->limits, venues::ConnectorLimits{}, tells_limits),
      .backoff = {.min = 100ms, .jitter = 0.0}};
    node.tree = sup::start_supervisor(node.local->runtime(), {.name = "v", .children = {limiter}});
    world.actors.push_back(node.tree);
    node.gateway = spawn(node, "gateway", way_in);
    world.run();
    return node;
  }
  void demand(const std::string& node, const Demand& demand) {
    auto& at = nodes.at(node);
    (void)spawn(at, demand.name, caller, venue, demand, at.alive);
  }
  /// From now on the node sees these, and reaches those of them that live.
  void see(const std::string& node, const std::string& owner, const std::vector<std::string>& all) {
    auto& seen = *nodes.at(node).seen;
    seen.gateways.clear();
    for (const auto& other : all) {
      if (other != node && *nodes.at(other).alive) {
        seen.gateways[other] = nodes.at(other).gateway;
      }
    }
    seen.see(owner, all);
    world.run();
  }
  /// As kill -9 does: its calls end, and whoever has a connection to it loses that.
  void kill(const std::string& name) {
    auto& dead = nodes.at(name);
    *dead.alive = false;
    for (auto& [other, node] : nodes) {
      node.seen->gateways.erase(name);
    }
    caf::anon_send_exit(dead.gateway, caf::exit_reason::kill);
    caf::anon_send_exit(dead.tree, caf::exit_reason::user_shutdown);
    dead.seen->watchers.clear();
    world.run();
  }

  World world;
  std::map<std::string, Node> nodes;
  std::shared_ptr<Venue> venue = std::make_shared<Venue>();

private:
  template <class F, class... Ts>
  caf::actor spawn(Node& node, const std::string& path, F f, Ts&&... arguments) {
    auto& runtime = node.local->runtime();
    sup::Identity identity{.path = path};
    identity.runtime = std::shared_ptr<sup::Runtime>(runtime.keep_alive.lock(), &runtime);
    const sup::SpawnScope scope{std::move(identity)};
    world.actors.push_back(world.system.spawn(f, std::forward<Ts>(arguments)...));
    world.run();
    return world.actors.back();
  }
};

} // namespace limiter_test
