#include "supervision/local_placement.hpp"

#include "supervision/messages.hpp"

#include <caf/send.hpp>

namespace troupe::supervision {

LocalPlacement::LocalPlacement(std::string node, std::set<std::string, std::less<>> services)
  : node_(std::move(node)), services_(std::move(services)) {}

std::optional<Owner> LocalPlacement::owner(std::string_view service, std::string_view) const {
  if (!services_.empty() && !services_.contains(service)) {
    return std::nullopt;
  }
  return Owner{node_, true, epoch()};
}

std::vector<std::string> LocalPlacement::carriers(std::string_view service) const {
  if (!services_.empty() && !services_.contains(service)) {
    return {};
  }
  return {node_};
}

caf::actor LocalPlacement::gateway(std::string_view) const {
  return {};
}

void LocalPlacement::watch(const caf::actor& watcher) {
  caf::anon_send(watcher, ViewChanged{epoch(), {}});
}

} // namespace troupe::supervision
