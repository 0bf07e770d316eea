#include "actors/venues/binance/book_builder.hpp"

namespace troupe::venues::binance {

void BookBuilder::reset() {
  book_.invalidate();
  buffer_.clear();
}

void BookBuilder::keep(const Diff& diff) {
  if (buffer_.size() == buffered_max) {
    buffer_.pop_front();
  }
  buffer_.push_back(diff);
}

BookStep BookBuilder::lose(const Diff& diff) {
  ++gaps_;
  reset();
  keep(diff);
  return BookStep::LOST;
}

BookStep BookBuilder::apply_next(const Diff& diff) {
  if (diff.last_id <= book().sequence()) {
    return BookStep::IGNORED;
  }
  if (diff.first_id > book().sequence() + 1
      || !book_.update(diff.bids, diff.asks, diff.last_id, diff.event)) {
    return lose(diff);
  }
  return BookStep::APPLIED;
}

BookStep BookBuilder::apply(const Diff& diff) {
  if (!book_.valid()) {
    keep(diff);
    return BookStep::BUFFERED;
  }
  return apply_next(diff);
}

BookStep BookBuilder::apply(const DepthSnapshot& snapshot, core::Timestamp now) {
  if (!buffer_.empty() && snapshot.last_id < buffer_.front().first_id) {
    return BookStep::LOST; // it may end before what was kept begins
  }
  if (!book_.load(snapshot.bids, snapshot.asks, snapshot.last_id,
                  buffer_.empty() ? now : buffer_.front().event)) {
    ++gaps_;
    return BookStep::LOST;
  }
  auto kept = std::move(buffer_);
  buffer_.clear();
  while (!kept.empty()) {
    if (apply_next(kept.front()) == BookStep::LOST) {
      kept.pop_front();
      for (const auto& diff : kept) {
        keep(diff);
      }
      return BookStep::LOST;
    }
    kept.pop_front();
  }
  return BookStep::APPLIED;
}

} // namespace troupe::venues::binance
