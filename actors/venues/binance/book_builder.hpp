#pragma once

#include "actors/venues/common/book_track.hpp"
#include "actors/venues/common/level_book.hpp"

#include <cstdint>
#include <deque>
#include <vector>

namespace troupe::venues::binance {

/// A message of the diff stream: quantities are absolute, 0 removes a level.
struct Diff {
  std::uint64_t first_id = 0; ///< U
  std::uint64_t last_id = 0;  ///< u
  core::Timestamp event;      ///< E
  std::vector<trading::Level> bids;
  std::vector<trading::Level> asks;
};

/// GET /api/v3/depth.
struct DepthSnapshot {
  std::uint64_t last_id = 0; ///< lastUpdateId
  std::vector<trading::Level> bids;
  std::vector<trading::Level> asks;
};

/// A local book out of the diff stream and a snapshot, as the venue documents it: diffs are kept
/// until the snapshot is here; of those, u <= lastUpdateId are dropped and the first other one must
/// hold lastUpdateId + 1; from there on each must continue the one before. What does not is LOST:
/// the book is empty until the next snapshot, so that nobody reads a broken one.
class BookBuilder {
public:
  static constexpr std::size_t buffered_max = 1'000; ///< diffs; then the oldest ones go

  BookBuilder(trading::InstrumentId instrument, trading::Price tick)
    : book_(std::move(instrument), tick) {}

  /// @returns BUFFERED while there is no snapshot
  BookStep apply(const Diff& diff);

  /// @returns APPLIED; LOST where it is older than the first kept diff, or a diff does not continue
  ///          it: ask for another one
  BookStep apply(const DepthSnapshot& snapshot, core::Timestamp now);

  /// The stream was lost, and with it the book.
  void reset();

  /// Not valid() while it waits for a snapshot.
  [[nodiscard]] const trading::L2Book& book() const { return book_.book(); }
  [[nodiscard]] std::uint64_t gaps() const { return gaps_; }
  [[nodiscard]] std::size_t buffered() const { return buffer_.size(); }

private:
  BookStep lose(const Diff& diff);
  BookStep apply_next(const Diff& diff);
  void keep(const Diff& diff);

  LevelBook book_;
  std::deque<Diff> buffer_; ///< while there is no snapshot
  std::uint64_t gaps_ = 0;
};

} // namespace troupe::venues::binance
