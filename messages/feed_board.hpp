#pragma once

#include "messages/feed_sla.hpp"

#include <memory>
#include <mutex>
#include <vector>

namespace troupe::messages {

/// What a node's market data measures of the feeds it owns, for its metrics.
struct FeedFigures {
  SlaTargets targets;
  std::vector<VenueSla> venues; ///< of this node's feeds only, so that nodes add up; per channel
};

/// The newest of them: the service writes, whoever answers reads. Thread-safe.
class FeedBoard {
public:
  void publish(FeedFigures figures);
  /// Null before the first.
  [[nodiscard]] std::shared_ptr<const FeedFigures> newest() const;

private:
  mutable std::mutex mutex_;
  std::shared_ptr<const FeedFigures> newest_;
};

} // namespace troupe::messages
