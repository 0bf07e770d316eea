#pragma once

#include "nodes/cluster/placement.hpp"

#include <caf/event_based_actor.hpp>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>

namespace troupe::cluster {

/// The actor that answers for a service of this node; empty while there is none.
using Front = std::function<caf::actor(std::string_view service)>;

/// The base of the gateway: passes Routed requests on to the services' fronts on the thread that
/// brings them, before they are in any mailbox. The gateway has a thread of its own, and to wake it
/// for each request would cost as much as the network. Fronts answer the asker directly. At the end
/// of a front that requests went to the gateway gets (delete, service, address of the front).
class Router : public caf::event_based_actor {
public:
  using super = caf::event_based_actor;
  explicit Router(caf::actor_config& config);

  /// From now on. @param front  called on any thread until the actor has ended
  void route_with(std::shared_ptr<const ClusterPlacement> placement, std::string node, Front front);

  using caf::abstract_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* context) override;
  using caf::scheduled_actor::consume;
  caf::invoke_message_result consume(caf::mailbox_element& element) override;
  bool cleanup(caf::error&& reason, caf::execution_unit* host) override;

private:
  [[nodiscard]] bool route(caf::mailbox_element& element, caf::execution_unit* context);
  void refuse(const caf::mailbox_element& element, caf::error error);
  void watch(const std::string& service, const caf::actor& front);

  std::shared_mutex mutex_; ///< so that none is under way when cleanup() returns
  std::shared_ptr<const ClusterPlacement> placement_;
  std::string node_;
  Front front_;
  std::mutex watched_mutex_;
  std::map<std::string, caf::actor_addr> watched_; ///< the front that was last sent to, by service
};

} // namespace troupe::cluster
