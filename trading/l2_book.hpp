#pragma once

#include "trading/book.hpp"
#include "trading/tick_ladder.hpp"
#include "trading/tick_scale.hpp"

#include <optional>

namespace troupe::trading {

/// The book of one instrument by price level, kept up to date by a venue's feed. Prices are exact:
/// inside they are whole ticks, and a price off its step is an error. Quantities are exact and may
/// be off the instrument's lot: what partial fills and old rules leave in real books is.
///
/// A reader never sees a crossed book: an update that leaves it crossed is refused with
/// PROTOCOL_ERROR, and the book is empty and not valid() until the next snapshot, for it has lost
/// touch with the venue. Any other refused update has the same effect: a part of it may be lost.
class L2Book {
public:
  /// @param tick  the instrument's price step; throws core::ErrorException where not positive
  L2Book(InstrumentId instrument, Price tick);

  /// Replaces the whole.
  [[nodiscard]] core::Result<void> apply(const BookSnapshot& snapshot);

  /// Sets the levels named. A delta whose sequence is not above the book's is old and ignored.
  /// @returns PROTOCOL_ERROR where the book ends up crossed, a price is off its step or a quantity
  ///          is negative, NOT_READY where there was no snapshot yet
  [[nodiscard]] core::Result<void> apply(const BookDelta& delta);

  /// Part of a batch of updates that ends with finish(): sets one level. @returns false where the
  /// price is off its step or the quantity negative
  [[nodiscard]] bool set(Side side, Price price, Quantity quantity);
  /// Ends a batch. @returns as apply(delta)
  [[nodiscard]] core::Result<void> finish(std::uint64_t sequence, core::Timestamp ts_event);

  /// Empties it: the feed was lost.
  void invalidate();

  /// Whether it stands on a snapshot and every update since was good.
  [[nodiscard]] bool valid() const { return valid_; }
  [[nodiscard]] std::optional<Level> best_bid() const;
  [[nodiscard]] std::optional<Level> best_ask() const;
  /// The best `depth` levels of each side.
  [[nodiscard]] BookSnapshot depth(std::size_t depth) const;
  [[nodiscard]] std::size_t levels(Side side) const {
    return side == Side::BUY ? bids_.size() : asks_.size();
  }

  [[nodiscard]] const InstrumentId& instrument() const { return instrument_; }
  [[nodiscard]] Price tick() const { return ticks_.step(); }
  [[nodiscard]] std::uint64_t sequence() const { return sequence_; }
  [[nodiscard]] core::Timestamp ts_event() const { return ts_event_; }

private:
  [[nodiscard]] core::Result<void> set_levels(Side side, const std::vector<Level>& levels);
  [[nodiscard]] core::Error refuse(std::string what);

  InstrumentId instrument_;
  StepScale<Price> ticks_;
  TickLadder<Side::BUY, Quantity> bids_;
  TickLadder<Side::SELL, Quantity> asks_;
  std::uint64_t sequence_ = 0;
  core::Timestamp ts_event_;
  bool valid_ = false;
};

inline bool L2Book::set(Side side, Price price, Quantity quantity) {
  const auto tick = ticks_.count(price);
  if (!tick || quantity.sign() < 0) {
    return false;
  }
  const auto on = [&](auto& ladder) {
    if (!quantity.is_zero()) {
      ladder.insert(*tick) = quantity;
    } else if (ladder.find(*tick) != nullptr) {
      ladder.erase(*tick);
    }
  };
  side == Side::BUY ? on(bids_) : on(asks_);
  return true;
}

} // namespace troupe::trading
