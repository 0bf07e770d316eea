#pragma once

#include "trading/l2_book.hpp"

#include <vector>

namespace troupe::venues {

/// A book that is kept by messages with absolute quantities, as all our venues send them. What it
/// cannot take empties it, until the next snapshot.
class LevelBook {
public:
  LevelBook(trading::InstrumentId instrument, trading::Price tick)
    : book_(std::move(instrument), tick) {}

  /// Replaces the whole. @returns whether the book may be read now
  [[nodiscard]] bool load(const std::vector<trading::Level>& bids,
                          const std::vector<trading::Level>& asks,
                          std::uint64_t sequence,
                          core::Timestamp ts_event);
  /// Sets the levels named. @pre valid()  @returns whether the book may still be read
  [[nodiscard]] bool update(const std::vector<trading::Level>& bids,
                            const std::vector<trading::Level>& asks,
                            std::uint64_t sequence,
                            core::Timestamp ts_event);
  void invalidate() { book_.invalidate(); }

  [[nodiscard]] bool valid() const { return book_.valid(); }
  [[nodiscard]] const trading::L2Book& book() const { return book_; }

private:
  [[nodiscard]] bool set(trading::Side side, const std::vector<trading::Level>& levels);
  void refine(trading::Price price);

  trading::L2Book book_;
};

} // namespace troupe::venues
