#include "actors/venues/common/level_book.hpp"

namespace troupe::venues {

/// Orders from before a venue made its tick coarser may rest between the new ones. A book with a
/// finer step takes them: with the next snapshot.
void LevelBook::refine(trading::Price price) {
  auto step = book_.tick();
  while (!price.is_multiple_of(step) && step.raw() % 10 == 0) {
    step = trading::Price::from_raw(step.raw() / 10);
  }
  if (!price.is_multiple_of(step)) {
    step = trading::Price::from_raw(1);
  }
  book_ = trading::L2Book{book_.instrument(), step};
}

bool LevelBook::set(trading::Side side, const std::vector<trading::Level>& levels) {
  for (const auto& level : levels) {
    if (level.price.sign() <= 0) {
      return false;
    }
    if (!book_.set(side, level.price, level.quantity)) {
      if (!level.price.is_multiple_of(book_.tick())) {
        refine(level.price);
      }
      return false;
    }
  }
  return true;
}

bool LevelBook::load(const std::vector<trading::Level>& bids,
                     const std::vector<trading::Level>& asks,
                     std::uint64_t sequence,
                     core::Timestamp ts_event) {
  constexpr int attempts = trading::Price::digits + 1; // a finer step each time
  for (int i = 0; i < attempts; ++i) {
    const auto tick = book_.tick();
    (void)book_.apply(trading::BookSnapshot{}); // empty and valid
    if (update(bids, asks, sequence, ts_event)) {
      return true;
    }
    if (book_.tick() == tick) {
      break;
    }
  }
  return false;
}

bool LevelBook::update(const std::vector<trading::Level>& bids,
                       const std::vector<trading::Level>& asks,
                       std::uint64_t sequence,
                       core::Timestamp ts_event) {
  if (set(trading::Side::BUY, bids) && set(trading::Side::SELL, asks)
      && book_.finish(sequence, ts_event)) {
    return true;
  }
  book_.invalidate();
  return false;
}

} // namespace troupe::venues
