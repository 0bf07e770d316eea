#pragma once

#include "core/errc.hpp"
#include "messages/correlation.hpp"
#include "nodes/api/stream_protocol.hpp"

#include <map>
#include <mutex>
#include <string>

namespace troupe::api {

/// Which subscriptions to correlations can ever deliver: those to kept universes and to instruments
/// that have a place in them. Any thread may call.
class CorrelationSubscriptions {
public:
  void learn(const messages::UniverseKept& kept);

  /// @returns  INVALID_ARGUMENT for an interval whose universe is not kept and for a qualified
  ///           symbol; NOT_READY naming an instrument that was left out, and why. Nothing is
  ///           refused before the first word of a universe.
  [[nodiscard]] core::Result<void> check(const StreamRequest& request) const;

private:
  mutable std::mutex mutex_;
  std::map<std::string, messages::UniverseKept> kept_; ///< by interval
};

} // namespace troupe::api
