#include "actors/venues/coinbase/book_builder.hpp"

#include <algorithm>

namespace troupe::venues::coinbase {

void BookBuilder::reset() {
  book_.invalidate();
  newest_ = {};
  mismatches_ = 0;
}

BookStep BookBuilder::lose() {
  ++lost_;
  reset();
  return BookStep::LOST;
}

BookStep BookBuilder::apply_snapshot(const std::vector<trading::Level>& bids,
                                     const std::vector<trading::Level>& asks,
                                     core::Timestamp time) {
  if (time > core::Timestamp{} && time < newest_) {
    // Repeated, or overtaken by updates that it does not hold.
    return book_.valid() ? BookStep::IGNORED : lose();
  }
  reset();
  if (!book_.load(bids, asks, ++applied_, time)) {
    return lose();
  }
  newest_ = time;
  return BookStep::APPLIED;
}

BookStep BookBuilder::apply_update(const std::vector<trading::Level>& bids,
                                   const std::vector<trading::Level>& asks,
                                   core::Timestamp time) {
  if (!book_.valid()) {
    newest_ = std::max(newest_, time);
    return BookStep::IGNORED;
  }
  if (time < newest_ || !book_.update(bids, asks, ++applied_, time)) {
    return lose();
  }
  newest_ = time;
  return BookStep::APPLIED;
}

BookStep BookBuilder::check_inside(std::optional<trading::Price> bid,
                                   std::optional<trading::Price> ask) {
  if (!book_.valid()) {
    return BookStep::IGNORED;
  }
  const auto our_bid = book().best_bid();
  const auto our_ask = book().best_ask();
  const bool agrees =
    (!bid || (our_bid && our_bid->price == *bid)) && (!ask || (our_ask && our_ask->price == *ask));
  mismatches_ = agrees ? 0 : mismatches_ + 1;
  return mismatches_ < mismatches_max ? BookStep::IGNORED : lose();
}

} // namespace troupe::venues::coinbase
