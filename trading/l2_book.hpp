#pragma once

#include "trading/book.hpp"
#include "trading/tick_ladder.hpp"
#include "trading/tick_scale.hpp"

#include <array>
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
  [[nodiscard]] std::optional<Level> best_bid() const { return best(Side::BUY); }
  [[nodiscard]] std::optional<Level> best_ask() const { return best(Side::SELL); }
  /// The best `depth` levels of each side.
  [[nodiscard]] BookSnapshot depth(std::size_t depth) const;
  /// The same into a snapshot that exists: without an allocation where it held as many before.
  void depth(std::size_t depth, BookSnapshot& out) const;
  [[nodiscard]] std::size_t levels(Side side) const { return ladder(side).size(); }

  [[nodiscard]] const InstrumentId& instrument() const { return instrument_; }
  [[nodiscard]] Price tick() const { return ticks_.step(); }
  [[nodiscard]] std::uint64_t sequence() const { return sequence_; }
  [[nodiscard]] core::Timestamp ts_event() const { return ts_event_; }

private:
  /// One type for both sides, so that a stream that mixes them takes no branch: asks are kept at
  /// their negated ticks, and the best is the largest on either side.
  using Ladder = TickLadder<Side::BUY, Quantity>;

  [[nodiscard]] static constexpr std::int64_t sign(Side side) {
    return 1 - 2 * static_cast<std::int64_t>(side);
  }
  [[nodiscard]] const Ladder& ladder(Side side) const {
    return ladders_[static_cast<std::size_t>(side)];
  }
  [[nodiscard]] bool is_crossed() const {
    const auto& [bids, asks] = ladders_;
    return !bids.empty() && !asks.empty() && bids.best_tick() >= -asks.best_tick();
  }
  [[nodiscard]] std::optional<Level> best(Side side) const;
  [[nodiscard]] core::Result<void> set_levels(Side side, const std::vector<Level>& levels);
  [[nodiscard]] core::Error refuse(std::string what);
  [[nodiscard]] core::Error finish_refused();

  InstrumentId instrument_;
  StepScale<Price> ticks_;
  /// Three quarters of it lie behind the best: a quarter of a percent of a price of 100 000 in
  /// cents, within which nineteen of twenty changes of a liquid book are.
  static constexpr std::size_t window_ticks = std::size_t{1} << 15U;
  std::array<Ladder, 2> ladders_{Ladder{window_ticks}, Ladder{window_ticks}}; ///< by Side
  std::uint64_t sequence_ = 0;
  core::Timestamp ts_event_;
  bool valid_ = false;
};

inline bool L2Book::set(Side side, Price price, Quantity quantity) {
  const auto tick = ticks_.count(price);
  if (!tick || quantity.sign() < 0) {
    return false;
  }
  ladders_[static_cast<std::size_t>(side)].put(*tick * sign(side), quantity, !quantity.is_zero());
  return true;
}

inline core::Result<void> L2Book::finish(std::uint64_t sequence, core::Timestamp ts_event) {
  if (!valid_ || is_crossed()) [[unlikely]] {
    return finish_refused();
  }
  sequence_ = sequence;
  ts_event_ = ts_event;
  return {};
}

inline std::optional<Level> L2Book::best(Side side) const {
  const auto& from = ladder(side);
  if (!valid_ || from.empty()) {
    return std::nullopt;
  }
  return Level{ticks_.value(from.best_tick() * sign(side)), from.best()};
}

} // namespace troupe::trading
