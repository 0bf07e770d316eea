#include "messages/feed_board.hpp"

#include <utility>

namespace troupe::messages {

void FeedBoard::publish(FeedFigures figures) {
  auto fresh = std::make_shared<const FeedFigures>(std::move(figures));
  const std::lock_guard lock{mutex_};
  newest_.swap(fresh);
}

std::shared_ptr<const FeedFigures> FeedBoard::newest() const {
  const std::lock_guard lock{mutex_};
  return newest_;
}

} // namespace troupe::messages
