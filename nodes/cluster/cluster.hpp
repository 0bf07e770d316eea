#pragma once

#include "core/clock.hpp"
#include "nodes/cluster/gateway.hpp"
#include "nodes/cluster/hub.hpp"
#include "nodes/cluster/settings.hpp"
#include "nodes/cluster/view.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace troupe::cluster {

/// A node's part in the cluster: its links, its membership, its bus and its placement.
///
/// Order: make() before the services, whose bus and placement it is; join() when the fronts can be
/// looked up; leave() before the services stop.
class Cluster {
public:
  struct Options {
    Settings settings;
    Hello self;                         ///< name, incarnation, roles, build, fingerprint, api
    std::uint64_t seed = 0;             ///< of the jitter of retries
    std::string authority_directory;    ///< empty: the user's own
    const core::Clock* clock = nullptr; ///< outlives the cluster and its actors
  };

  /// Gets its certificate and binds its listener; nothing is dialled and nobody is answered yet.
  /// @returns CONFIG_INVALID for names, addresses, keys that cannot be; IO_ERROR where it cannot
  ///          bind or cannot keep the user's authority
  [[nodiscard]] static core::Result<std::unique_ptr<Cluster>> make(caf::actor_system& system,
                                                                   Options options);
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  /// Starts to answer and to dial. @param front  any thread may call it until leave() is done
  void join(Front front);
  /// Ends links and actors; the others see this node go at once.
  void leave();

  [[nodiscard]] const std::shared_ptr<Hub>& bus() const { return hub_; }
  [[nodiscard]] const std::shared_ptr<ClusterPlacement>& placement() const { return placement_; }
  [[nodiscard]] std::shared_ptr<const View> view() const { return placement_->view(); }
  [[nodiscard]] const Address& listening() const { return listening_; }
  [[nodiscard]] const LinkStats* link_stats() const;

  /// Bytes of the newest link to a node, both ways, as on the wire.
  struct Traffic {
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
  };
  [[nodiscard]] std::map<std::string, Traffic> traffic() const;
  /// Whether this node has met another one, has no seeds to wait for, or waited for them long
  /// enough (`join_patience`): dead seeds must not delay a start.
  [[nodiscard]] bool joined() const;
  static constexpr std::chrono::milliseconds join_patience{500};
  /// Runs a function on the thread of CAF's multiplexer, which serves all links. Any thread.
  void post_to_network(std::function<void()> function) const;

  /// This node carries these roles from now on: a drain, or its end.
  void set_roles(const std::vector<std::string>& roles);
  /// Ends the link to a node, as a cut cable would: for drills.
  void cut(const std::string& node);

private:
  Cluster(caf::actor_system& system, Options options);

  caf::actor_system& system_;
  Options options_;
  std::shared_ptr<const TlsContext> tls_;
  Address listening_;
  std::shared_ptr<Hub> hub_;
  std::shared_ptr<ClusterPlacement> placement_;
  struct Gate;
  std::shared_ptr<Gate> gate_;
  std::shared_ptr<Links> links_;
  caf::actor gateway_;
  std::future<void> gateway_ended_;      ///< once everybody who monitored it was told
  std::atomic<std::int64_t> join_ns_{0}; ///< when join() was called, monotonic
};

} // namespace troupe::cluster
