#pragma once

#include "supervision/placement.hpp"

#include <mutex>
#include <set>

namespace troupe::supervision {

/// Everything lives in this process.
class LocalPlacement final : public Placement {
public:
  /// @param services  that this node carries; empty: any
  explicit LocalPlacement(std::string node, std::set<std::string, std::less<>> services = {});
  [[nodiscard]] std::optional<Owner> owner(std::string_view service,
                                           std::string_view key) const override;
  [[nodiscard]] std::vector<std::string> carriers(std::string_view service) const override;
  [[nodiscard]] std::uint64_t epoch() const override { return 1; }
  [[nodiscard]] caf::actor gateway(std::string_view node) const override;
  void watch(const caf::actor& watcher) override;

private:
  std::string node_;
  std::set<std::string, std::less<>> services_;
};

} // namespace troupe::supervision
