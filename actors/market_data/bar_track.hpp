#pragma once

#include "actors/market_data/bar_memory.hpp"
#include "actors/venues/common/feed.hpp"
#include "trading/bar_builder.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace troupe::market_data {

/// Bars that were closed by a step.
struct ClosedBars {
  std::vector<trading::IntervalBar> closed;    ///< all: they belong in the store
  std::vector<trading::IntervalBar> published; ///< those among them that nobody was told of yet
};

/// The bars of one instrument at one venue: made from its trades (or from recorded bars), with the
/// newest closed ones kept.
///
/// A subscription whose trades begin at some time C leaves out the beginning of every bar that is
/// open at C. The beginning is asked of the venue's history (seed_ranges, seed); until it is there,
/// trades are held back. Where it cannot be had, bars that are cut at C are dropped rather than
/// published wrong.
class BarTrack {
public:
  /// A stretch of closed bars that makes up the beginning of open ones.
  struct SeedRange {
    trading::Interval interval;
    core::Timestamp start;
    core::Timestamp end;
  };
  static constexpr std::size_t held_trades_max = 200'000;

  /// @param intervals  ascending, distinct, at least one
  BarTrack(std::vector<trading::Interval> intervals, std::size_t bars_max);

  /// Forgets the bars in the making: a subscription begins.
  /// @param complete_from, handled_until  as in FeedBatch
  void begin(core::Timestamp complete_from, core::Timestamp handled_until);

  /// Takes a batch's trades, bars and watermark; trades are valid ones of this instrument.
  void apply(const std::vector<trading::Trade>& trades,
             const std::vector<venues::RecordedBar>& bars,
             core::Timestamp watermark,
             ClosedBars& out);

  [[nodiscard]] bool waits_for_seed() const { return waits_; }
  /// What to ask of history: longer bars first, each range begins where the one before ended.
  [[nodiscard]] const std::vector<SeedRange>& seed_ranges() const { return seed_ranges_; }
  /// Takes the bars of those ranges, in their order, and then what was held back.
  void seed(const std::vector<trading::IntervalBar>& bars, ClosedBars& out);
  /// History cannot be had.
  void give_up_seed(ClosedBars& out);
  /// Whether it could not for the newest beginning.
  [[nodiscard]] bool gave_up() const { return gave_up_; }

  /// Takes older bars, all that there are from the first of them on.
  void remember(trading::Interval interval, std::span<const trading::Bar> bars);

  /// Bars that ended by this time are closed: FeedAck::bars_until.
  [[nodiscard]] core::Timestamp bars_until() const { return bars_until_; }
  /// The bar in the making; it says `incomplete` where trades of it are missing and were not, or
  /// not yet, made good.
  [[nodiscard]] std::optional<trading::Bar> open(trading::Interval interval) const;
  /// @returns null for an interval that is not built
  [[nodiscard]] const BarMemory* memory(trading::Interval interval) const;
  [[nodiscard]] std::uint64_t late() const { return late_before_ + series_.late(); }
  /// Values that overflowed a bar: those trades are left out.
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

private:
  struct Track {
    BarMemory memory;
    core::Timestamp valid_from{INT64_MIN};     ///< bars that open earlier are cut
    core::Timestamp published_open{INT64_MIN}; ///< of the newest bar published
    std::optional<trading::Bar> cut; ///< was open when trades were lost, and waits to be made whole
  };
  struct Held {
    std::vector<trading::Trade> trades;
    std::vector<venues::RecordedBar> bars;
    core::Timestamp watermark;
  };

  void run(const Held& part, ClosedBars& out);
  void run_held(ClosedBars& out);
  void add(const trading::Trade& trade);
  void add(trading::Interval interval, const trading::Bar& bar);
  void collect(core::Timestamp publish_after, ClosedBars& out);
  [[nodiscard]] Track* track(trading::Interval interval);

  std::vector<trading::Interval> intervals_;
  trading::BarSeries series_;
  std::vector<Track> tracks_;
  std::vector<trading::IntervalBar> fresh_;
  core::Timestamp complete_from_{INT64_MIN};
  core::Timestamp handled_until_{INT64_MIN};
  core::Timestamp bars_until_{INT64_MIN};
  bool waits_ = false;
  bool gave_up_ = false;
  std::vector<SeedRange> seed_ranges_;
  std::vector<Held> held_;
  std::size_t held_trades_ = 0;
  std::uint64_t late_before_ = 0;
  std::uint64_t refused_ = 0;
};

} // namespace troupe::market_data
