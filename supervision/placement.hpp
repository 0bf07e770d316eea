#pragma once

#include <caf/actor.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::supervision {

/// Who answers for a key of a service at this moment.
struct Owner {
  std::string node;
  bool local = false;
  std::uint64_t epoch = 0; ///< of the view that says so
};

/// Which node does what. Any thread may call; answers come from an immutable snapshot of the
/// agreed view and cost no message.
class Placement {
public:
  virtual ~Placement() = default;

  /// @returns nullopt while no live node carries the service
  [[nodiscard]] virtual std::optional<Owner> owner(std::string_view service,
                                                   std::string_view key) const = 0;

  /// Names of the live nodes that carry the service, sorted; this node included.
  [[nodiscard]] virtual std::vector<std::string> carriers(std::string_view service) const = 0;

  [[nodiscard]] virtual std::uint64_t epoch() const = 0;

  /// Whether this node was told of others. As long as it has met none of them, what it sees of the
  /// cluster may just be that it has not arrived yet.
  [[nodiscard]] virtual bool expects_others() const { return false; }

  /// The gateway of a live remote node, which takes Routed messages; empty when it is not up.
  [[nodiscard]] virtual caf::actor gateway(std::string_view node) const = 0;

  /// Sends ViewChanged to `watcher` now and at every change, until it ends.
  virtual void watch(const caf::actor& watcher) = 0;
};

} // namespace troupe::supervision
