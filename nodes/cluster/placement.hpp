#pragma once

#include "nodes/cluster/view.hpp"
#include "supervision/placement.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <memory>

namespace troupe::cluster {

/// Placement over the cluster's view. Any thread reads the newest snapshot without a lock.
class ClusterPlacement final : public supervision::Placement {
public:
  using Gateways = std::map<std::string, caf::actor, std::less<>>;

  /// @param expects_others  it has seeds
  ClusterPlacement(std::string self, std::shared_ptr<const View> view, bool expects_others = false);

  [[nodiscard]] std::optional<supervision::Owner> owner(std::string_view service,
                                                        std::string_view key) const override;
  [[nodiscard]] std::vector<std::string> carriers(std::string_view service) const override;
  [[nodiscard]] std::uint64_t epoch() const override;
  [[nodiscard]] bool expects_others() const override { return expects_others_; }
  [[nodiscard]] caf::actor gateway(std::string_view node) const override;
  void watch(const caf::actor& watcher) override;

  [[nodiscard]] std::shared_ptr<const View> view() const;

  /// For the gateway actor: the new state of things.
  void publish(std::shared_ptr<const View> view, std::shared_ptr<const Gateways> gateways);
  /// For the gateway actor: who keeps the watchers. Set before any other thread calls watch().
  void set_watch(std::function<void(const caf::actor&)> watch) { watch_ = std::move(watch); }

private:
  struct State {
    std::shared_ptr<const View> view;
    std::shared_ptr<const Gateways> gateways;
  };
  std::string self_;
  bool expects_others_;
  std::atomic<std::shared_ptr<const State>> state_;
  std::function<void(const caf::actor&)> watch_;
};

} // namespace troupe::cluster
