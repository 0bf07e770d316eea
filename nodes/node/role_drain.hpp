#pragma once

#include "nodes/cluster/cluster.hpp"

#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace troupe::node {

/// Takes roles away from this node while it runs, and gives them back: its shards move to the other
/// nodes that carry the role. Lasts until it is taken back or the node ends. Any thread may call.
class RoleDrain {
public:
  /// The role whose work any node of it can do for any key.
  static constexpr const char* unsharded = "api";

  /// @param roles    as configured
  /// @param cluster  outlives this
  RoleDrain(std::vector<std::string> roles, cluster::Cluster& cluster)
    : roles_(std::move(roles)), cluster_(cluster) {}

  /// @param role  empty: all but `api`, which has no shards
  /// @returns the roles it was done to; NOT_FOUND for a role that is not configured here;
  ///          INVALID_ARGUMENT for `api`; CONFLICT where a role has no other live node
  [[nodiscard]] core::Result<std::vector<std::string>> change(const std::string& role,
                                                              bool take_away);
  [[nodiscard]] const std::vector<std::string>& configured() const { return roles_; }
  [[nodiscard]] std::vector<std::string> drained() const;

private:
  [[nodiscard]] core::Result<std::vector<std::string>> meant(const std::string& role) const;
  const std::vector<std::string> roles_;
  cluster::Cluster& cluster_;
  mutable std::mutex mutex_;
  std::set<std::string> drained_;
};

} // namespace troupe::node
