#pragma once

#include "core/inspect.hpp"

#include <caf/message.hpp>
#include <caf/type_id.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::supervision {

using core::inspect;

/// A request on its way to a service of another node: its gateway hands the payload to the
/// service's front, which answers the asker directly.
struct Routed {
  std::string service;
  std::string key;
  std::uint64_t epoch = 0; ///< of the view the asker routed by
  caf::message payload;
  std::uint64_t causal_id = 0; ///< of what the asker was handling, where that is traced; else 0
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, Routed& x) {
  return f(caf::meta::type_name("Routed"), x.service, x.key, x.epoch, x.payload, x.causal_id);
}

/// The cluster's view changed: nodes came, went or changed roles.
struct ViewChanged {
  std::uint64_t epoch = 0;
  std::vector<std::string> down; ///< nodes that were declared down with this change
};
BOOST_DESCRIBE_STRUCT(ViewChanged, (), (epoch, down))

/// The front of a service ended on another node, or was replaced: what was asked of it before and
/// is not answered will not be. To whoever watches the view.
struct FrontDown {
  std::string node;
  std::string service;
};
BOOST_DESCRIBE_STRUCT(FrontDown, (), (node, service))

/// Stands in for events of a lossless topic that could not be kept: whoever needs them asks the
/// source's history.
struct TopicGap {
  std::string topic;
  std::string node; ///< where the events came from
  std::uint64_t lost = 0;
};
BOOST_DESCRIBE_STRUCT(TopicGap, (), (topic, node, lost))

} // namespace troupe::supervision

/// Appended to, never reordered: the order is the wire's. 64 ids are reserved for this layer.
CAF_BEGIN_TYPE_ID_BLOCK(troupe_supervision, first_custom_type_id)
  CAF_ADD_TYPE_ID(troupe_supervision, (troupe::supervision::Routed))
  CAF_ADD_TYPE_ID(troupe_supervision, (troupe::supervision::ViewChanged))
  CAF_ADD_TYPE_ID(troupe_supervision, (troupe::supervision::TopicGap))
  CAF_ADD_TYPE_ID(troupe_supervision, (troupe::supervision::FrontDown))
CAF_END_TYPE_ID_BLOCK(troupe_supervision)

namespace troupe::supervision {
constexpr caf::type_id_t reserved_type_ids = 64;
static_assert(caf::id_block::troupe_supervision::end - caf::id_block::troupe_supervision::begin
              <= reserved_type_ids);
} // namespace troupe::supervision

namespace caf {
class actor_system_config;
}

namespace troupe::supervision {
/// Makes the messages of this layer known to an actor system.
void add_message_types(caf::actor_system_config& config);
} // namespace troupe::supervision
