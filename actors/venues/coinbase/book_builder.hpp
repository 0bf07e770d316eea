#pragma once

#include "actors/venues/common/book_track.hpp"
#include "actors/venues/common/level_book.hpp"

#include <optional>
#include <string>
#include <vector>

namespace troupe::venues::coinbase {

/// A local book out of the snapshot that a subscription begins with and the updates after it.
///
/// The Exchange feed numbers neither: its channel promises delivery. What still shows at once that
/// something is missing, and empties the book: an update that crosses it, one that is older than
/// the update before it, a snapshot that is older than updates which came before it, and an inside
/// that the ticker contradicts `mismatches_max` times in a row (single contradictions are normal,
/// for the channels are not in step). All else BookAudit finds. Advanced Trade numbers every
/// message of a connection: see ConnectionSequence.
class BookBuilder {
public:
  static constexpr unsigned mismatches_max = 8;

  BookBuilder(trading::InstrumentId instrument, trading::Price tick)
    : book_(std::move(instrument), tick) {}

  /// @param time  of the message; 1970 where it has none
  /// @returns APPLIED; IGNORED for a repeated one; LOST where it is no book, or updates that it
  /// does
  ///          not hold came before it
  BookStep apply_snapshot(const std::vector<trading::Level>& bids,
                          const std::vector<trading::Level>& asks,
                          core::Timestamp time);

  /// @returns IGNORED before the snapshot, LOST where something must be missing: subscribe again
  BookStep apply_update(const std::vector<trading::Level>& bids,
                        const std::vector<trading::Level>& asks,
                        core::Timestamp time);

  /// Compares with what another channel says. @returns LOST where it was contradicted too often
  BookStep check_inside(std::optional<trading::Price> bid, std::optional<trading::Price> ask);

  /// The stream was lost, and with it the book.
  void reset();

  /// Not valid() while it waits for a snapshot. Its sequence counts what was applied.
  [[nodiscard]] const trading::L2Book& book() const { return book_.book(); }
  [[nodiscard]] std::uint64_t lost() const { return lost_; }

private:
  BookStep lose();

  LevelBook book_;
  core::Timestamp newest_; ///< of the messages since the book was lost last
  std::uint64_t applied_ = 0;
  std::uint64_t lost_ = 0;
  unsigned mismatches_ = 0; ///< in a row
};

/// Watches the numbers of a connection's messages: 0, 1, 2, ... over all its channels.
class ConnectionSequence {
public:
  enum class Step : std::uint8_t { NEXT, OLD, GAP };
  void restart() { next_ = 0; }
  Step take(std::uint64_t number) {
    if (number < next_) {
      return Step::OLD;
    }
    const auto step = number == next_ ? Step::NEXT : Step::GAP;
    next_ = number + 1;
    return step;
  }

private:
  std::uint64_t next_ = 0;
};

} // namespace troupe::venues::coinbase
