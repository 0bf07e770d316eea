#include "nodes/cluster/placement.hpp"

namespace troupe::cluster {

ClusterPlacement::ClusterPlacement(std::string self,
                                   std::shared_ptr<const View> view,
                                   bool expects_others)
  : self_(std::move(self)), expects_others_(expects_others) {
  publish(std::move(view), std::make_shared<const Gateways>());
}

std::optional<supervision::Owner> ClusterPlacement::owner(std::string_view service,
                                                          std::string_view key) const {
  const auto state = state_.load();
  const auto found = state->view->owners.find(service);
  if (found == state->view->owners.end()) {
    return std::nullopt;
  }
  const auto& node = found->second[shard_of(key)];
  return supervision::Owner{node, node == self_, state->view->epoch};
}

std::vector<std::string> ClusterPlacement::carriers(std::string_view service) const {
  const auto state = state_.load();
  const auto found = state->view->carriers.find(service);
  return found == state->view->carriers.end() ? std::vector<std::string>{} : found->second;
}

std::uint64_t ClusterPlacement::epoch() const {
  return state_.load()->view->epoch;
}

caf::actor ClusterPlacement::gateway(std::string_view node) const {
  const auto state = state_.load();
  const auto found = state->gateways->find(node);
  return found == state->gateways->end() ? caf::actor{} : found->second;
}

void ClusterPlacement::watch(const caf::actor& watcher) {
  watch_(watcher);
}

std::shared_ptr<const View> ClusterPlacement::view() const {
  return state_.load()->view;
}

void ClusterPlacement::publish(std::shared_ptr<const View> view,
                               std::shared_ptr<const Gateways> gateways) {
  state_.store(std::make_shared<const State>(State{std::move(view), std::move(gateways)}));
}

} // namespace troupe::cluster
