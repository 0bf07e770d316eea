#pragma once

#include "nodes/cluster/out_stream.hpp"
#include "supervision/bus.hpp"

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace troupe::cluster {

struct HubCore;

/// What topics between nodes have cost so far. Read from any thread.
struct HubStats {
  std::uint64_t events_out = 0;
  std::uint64_t batches_out = 0;
  std::uint64_t events_in = 0;
  std::uint64_t batches_in = 0;
  std::uint64_t conflated = 0; ///< replaced by a newer one before they were sent
  std::uint64_t dropped = 0;   ///< for want of room; peers of lossless topics saw a gap
  std::uint64_t waiting_bytes = 0;
};

/// What waits on its way to one peer, over all topics.
struct PeerQueue {
  std::uint64_t events = 0;    ///< that wait for credit
  std::uint64_t bytes = 0;     ///< of them, and of what was sent but not yet taken over
  std::uint64_t conflated = 0; ///< replaced by newer ones before they were sent
  std::uint64_t dropped = 0;   ///< for want of room
};

/// The bus of a node of a cluster: local subscribers at once, other nodes in batches, once per node
/// and topic. An event that came from another node is not passed on to a third: every node links
/// to every node.
class Hub final : public supervision::Bus {
public:
  /// @param incarnation  of this node
  Hub(caf::actor_system& system,
      std::string node,
      std::uint64_t incarnation,
      const HubSettings& settings);
  ~Hub() override;
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  void
  publish(const supervision::Topic& topic, const std::string& key, caf::message event) override;
  void subscribe(const supervision::Topic& topic, const caf::actor& subscriber) override;
  void unsubscribe(const supervision::Topic& topic, const caf::actor& subscriber) override;
  [[nodiscard]] std::size_t backlog() const override;

  /// The actor that talks to the hubs of other nodes; the gateways introduce them to each other:
  /// (open, node, incarnation, hub), (close, node) at a lost link, (delete, node) at its death.
  [[nodiscard]] const caf::actor& actor() const { return actor_; }
  [[nodiscard]] HubStats stats() const;
  [[nodiscard]] std::map<std::string, PeerQueue> peer_queues() const;

  /// Ends the actor; what is published later stays local.
  void stop();

private:
  std::shared_ptr<HubCore> core_;
  caf::actor actor_;
};

} // namespace troupe::cluster
