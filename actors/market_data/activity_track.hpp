#pragma once

#include "actors/market_data/requests.hpp"
#include "trading/activity_bars.hpp"

#include <deque>
#include <span>
#include <vector>

namespace troupe::market_data {

/// A bar and what it is made of.
struct SpecBar {
  trading::BarSpec spec;
  trading::Bar bar;
};

/// The tick, volume and value bars of one instrument at one venue, the newest closed ones kept.
///
/// Such bars count from 00:00 UTC on. A track that begins later needs that day's trades so far,
/// which are asked of the store (rebuild_from, rebuild, rebuilt); until then trades are held back.
/// Where they cannot be had, the bar that is cut says `incomplete`.
class ActivityTrack {
public:
  struct Settings {
    std::vector<trading::BarSpec> specs; ///< distinct, none of time
    std::size_t bars_max = 2'000;        ///< of each
    bool contiguous_ids = false;         ///< the venue counts trades without a gap
    bool stored = false;                 ///< earlier trades are in the store
  };
  static constexpr std::size_t held_trades_max = 200'000;

  explicit ActivityTrack(Settings settings);

  /// A subscription begins, the first one or, after trades may have been missed, another one.
  /// @param complete_from, handled_through, handled_until  as in FeedBatch
  void begin(core::Timestamp complete_from,
             std::uint64_t handled_through,
             core::Timestamp handled_until);
  /// @param out  closed bars that nobody was told of yet are appended
  void apply(const std::vector<trading::Trade>& trades,
             core::Timestamp watermark,
             std::vector<SpecBar>& out);

  [[nodiscard]] bool waits() const { return waits_; }
  /// 00:00 UTC of the day in which the subscription began.
  [[nodiscard]] core::Timestamp rebuild_from() const { return rebuild_from_; }
  /// Takes stored trades since rebuild_from(), part after part in order of time.
  void rebuild(std::span<const trading::Trade> trades);
  /// That was all of them; what was held back follows.
  void rebuilt(std::vector<SpecBar>& out);
  /// They cannot be had.
  void give_up(std::vector<SpecBar>& out);

  struct Recalled {
    std::vector<trading::ActivityBar>
      bars;                       ///< ascending; the open one, where it belongs there, last
    bool complete = false;        ///< nothing older is needed
    core::Timestamp covered_from; ///< bars that open before this are not kept
  };
  /// What memory holds for a query of one bar more than its limit; @pre builds(query.spec)
  [[nodiscard]] Recalled recall(const HistoryQuery& query) const;
  [[nodiscard]] bool builds(const trading::BarSpec& spec) const { return find(spec) != nullptr; }
  [[nodiscard]] bool contiguous_ids() const { return settings_.contiguous_ids; }

  /// Repeated or late trades of the first spec, and those that overflowed a sum.
  [[nodiscard]] std::uint64_t late() const;
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

private:
  struct Track {
    trading::ActivityBarBuilder builder;
    std::deque<trading::ActivityBar> bars; ///< ascending
    core::Timestamp covered_from{INT64_MAX};
  };
  struct Held {
    std::vector<trading::Trade> trades;
    core::Timestamp watermark;
  };

  [[nodiscard]] const Track* find(const trading::BarSpec& spec) const;
  void
  run(std::span<const trading::Trade> trades, core::Timestamp watermark, std::vector<SpecBar>* out);
  void run_held(std::vector<SpecBar>& out);
  void keep(Track& track, core::Timestamp watermark, std::vector<SpecBar>* out);
  void cover_from(core::Timestamp from);

  Settings settings_;
  std::vector<Track> tracks_;
  std::vector<trading::ActivityBar> fresh_;
  bool begun_ = false;
  bool waits_ = false;
  bool any_stored_ = false;
  core::Timestamp complete_from_{INT64_MIN};
  core::Timestamp rebuild_from_{INT64_MIN};
  core::Timestamp known_until_{INT64_MIN}; ///< nothing is missing before, as far as is known
  std::uint64_t handled_through_ = 0;
  core::Timestamp handled_until_{INT64_MIN};
  std::vector<Held> held_;
  std::size_t held_trades_ = 0;
  std::uint64_t refused_ = 0;
};

} // namespace troupe::market_data
