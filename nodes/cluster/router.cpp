#include "nodes/cluster/router.hpp"

#include "supervision/after_handler.hpp"
#include "supervision/messages.hpp"
#include "supervision/trace.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

namespace troupe::cluster {

using supervision::Routed;

Router::Router(caf::actor_config& config) : super(config) {}

void Router::route_with(std::shared_ptr<const ClusterPlacement> placement,
                        std::string node,
                        Front front) {
  const std::unique_lock hold{mutex_};
  placement_ = std::move(placement);
  node_ = std::move(node);
  front_ = std::move(front);
}

void Router::refuse(const caf::mailbox_element& element, caf::error error) {
  if (element.sender && element.mid.is_request()) {
    element.sender->enqueue(ctrl(), element.mid.response_id(), caf::make_message(std::move(error)),
                            nullptr);
  }
}

void Router::watch(const std::string& service, const caf::actor& front) {
  {
    const std::lock_guard hold{watched_mutex_};
    auto& watched = watched_[service];
    if (watched == front.address()) {
      return;
    }
    watched = front.address();
  }
  // Before the request is sent: one that ends with it is not missed. Runs at once for one that has
  // ended already.
  caf::actor_cast<caf::abstract_actor*>(front)->attach_functor(
    [gateway = caf::actor_cast<caf::actor_addr>(ctrl()), service,
     ended = front.address()](const caf::error&) {
      if (const auto to = caf::actor_cast<caf::actor>(gateway)) {
        caf::anon_send<caf::message_priority::high>(to, caf::delete_atom_v, service, ended);
      }
    });
}

bool Router::route(caf::mailbox_element& element, caf::execution_unit* context) {
  const auto& content = element.content();
  if (content.size() != 1 || !content.match_element<Routed>(0)) {
    return false;
  }
  const std::shared_lock hold{mutex_};
  if (!front_) {
    return false;
  }
  const auto& routed = content.get_as<Routed>(0);
  if (!routed.key.empty()) {
    const auto owner = placement_->owner(routed.service, routed.key);
    if (owner && !owner->local) {
      refuse(element, core::to_caf(core::Errc::MOVED, routed.service + " of " + routed.key
                                                        + " is on " + owner->node + " in epoch "
                                                        + std::to_string(owner->epoch)));
      return true;
    }
  }
  const auto front = front_(routed.service);
  if (!front) {
    refuse(element,
           core::to_caf(core::Errc::NOT_FOUND, "no service " + routed.service + " on " + node_));
    return true;
  }
  watch(routed.service, front);
  const supervision::TraceBook::Inherited cause{routed.causal_id};
  front->enqueue(caf::make_mailbox_element(std::move(element.sender), element.mid,
                                           std::move(element.stages), routed.payload),
                 context);
  return true;
}

void Router::enqueue(caf::mailbox_element_ptr element, caf::execution_unit* context) {
  if (!route(*element, context)) {
    super::enqueue(std::move(element), context);
  }
}

caf::invoke_message_result Router::consume(caf::mailbox_element& element) {
  const supervision::AfterHandler span;
  return super::consume(element);
}

bool Router::cleanup(caf::error&& reason, caf::execution_unit* host) {
  {
    const std::unique_lock hold{mutex_};
    front_ = nullptr;
    placement_.reset();
  }
  return super::cleanup(std::move(reason), host);
}

} // namespace troupe::cluster
