#pragma once

#include "nodes/cluster/cluster.hpp"

#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace troupe::node {

/// Takes roles away from this node while it runs, and gives them back: its shards move to the other
/// nodes that carry the role. Lasts until it is taken back, over restarts too: it is kept in the
/// data directory. Any thread may call.
class RoleDrain {
public:
  /// The role whose work any node of it can do for any key.
  static constexpr const char* unsharded = "api";

  /// What was taken away before the last start. A file that cannot be read counts as nothing, and
  /// is logged: a node that carries too much is better than one that does not start.
  /// @param roles  as configured; others in the file are ignored
  [[nodiscard]] static std::set<std::string> kept(const std::string& file,
                                                  const std::vector<std::string>& roles);

  /// @param roles    as configured
  /// @param file     where it is kept
  /// @param drained  kept(), which the cluster was made without
  /// @param cluster  outlives this
  RoleDrain(std::vector<std::string> roles,
            std::string file,
            std::set<std::string> drained,
            cluster::Cluster& cluster)
    : roles_(std::move(roles)), file_(std::move(file)), cluster_(cluster),
      drained_(std::move(drained)) {}

  /// @param role  empty: all but `api`, which has no shards
  /// @returns the roles it was done to; NOT_FOUND for a role that is not configured here;
  ///          INVALID_ARGUMENT for `api`; CONFLICT where a role has no other live node; IO_ERROR
  ///          where it cannot be kept, and then nothing is changed
  [[nodiscard]] core::Result<std::vector<std::string>> change(const std::string& role,
                                                              bool take_away);
  [[nodiscard]] const std::vector<std::string>& configured() const { return roles_; }
  [[nodiscard]] std::vector<std::string> drained() const;

private:
  [[nodiscard]] core::Result<std::vector<std::string>> meant(const std::string& role) const;
  const std::vector<std::string> roles_;
  const std::string file_;
  cluster::Cluster& cluster_;
  mutable std::mutex mutex_;
  std::set<std::string> drained_;
};

} // namespace troupe::node
