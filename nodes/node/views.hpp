#pragma once

#include "nodes/api/node_views.hpp"
#include "nodes/cluster/cluster.hpp"
#include "nodes/node/role_drain.hpp"

namespace troupe::node {

/// What the API shows of the cluster. @param cluster, drain  outlive what is returned
[[nodiscard]] api::NodeViews make_views(cluster::Cluster& cluster, RoleDrain& drain);

} // namespace troupe::node
