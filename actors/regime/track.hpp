#pragma once

#include "actors/regime/models/follower.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <span>

namespace troupe::regime {

/// Bars to ask history for: those that open in [start, end), or without a start the newest.
struct HistoryNeed {
  std::optional<core::Timestamp> start;
  std::optional<core::Timestamp> end;
  std::uint32_t limit = 0;
};

/// The bars of one instrument on one interval, brought into order: those of history first, then
/// live ones, each once. Where bars are missing between two live ones it wants history to say
/// whether nothing traded or bars were lost; until then live bars wait.
///
///     REBUILDING     all of history is wanted; live bars are applied and kept for after it
///     FOLLOWING      live bars are applied as they come
///     CHECKING_HOLE  the bars of a hole are wanted; live bars are kept
///
/// The owner asks what is returned as wanted, one thing at a time, and hands in the answer or the
/// failure. After a failure the whole of history is wanted (`rebuild`).
class Track {
public:
  /// Throws std::invalid_argument for settings that check() refuses. @param settings  outlives this
  /// @param moments_max  newest bars kept for fitted models; 0: none
  Track(const Settings& settings, trading::Interval interval, std::size_t moments_max = 0);

  [[nodiscard]] const Classifier& classifier() const { return follower_.classifier(); }
  [[nodiscard]] const Follower& follower() const { return follower_; }
  /// Counts how often all was taken anew from history: the follower's bars are others then.
  [[nodiscard]] std::uint64_t rebuilds() const { return rebuilds_; }

  /// Whether an answer of history is wanted and none came yet.
  [[nodiscard]] bool wants_history() const { return mode_ != Mode::FOLLOWING; }
  /// Whether bars may be missing in what was applied: history could not be asked.
  [[nodiscard]] bool incomplete() const { return incomplete_; }
  /// Live bars that wait or are kept for after a rebuild; at most `waiting_bars_max`.
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

  /// Whether all of history is wanted: bars that come meanwhile may follow on a hole.
  [[nodiscard]] bool rebuilding() const { return mode_ == Mode::REBUILDING; }

  /// Wants all of history: at the start, after lost events, while there are too few bars. What the
  /// rules said up to now stands: history is replayed for the bars after that.
  HistoryNeed rebuild();
  /// What the rules said up to a bar, out of the store: the next answer of history goes on from it.
  void resume(const LabelState& kept) { kept_ = kept; }

  /// Takes a live bar. @returns what must be asked before it can be applied
  [[nodiscard]] std::optional<HistoryNeed> on_bar(const trading::Bar& bar);

  /// Takes what was wanted, ascending; bars that are not closed are passed over.
  /// @returns what is missing next
  [[nodiscard]] std::optional<HistoryNeed> on_history(std::span<const trading::Bar> bars);

  /// What was wanted cannot be had now: goes on with the bars that are there, and is incomplete.
  void on_history_failed();

private:
  enum class Mode : std::uint8_t { REBUILDING, FOLLOWING, CHECKING_HOLE };
  void keep(const trading::Bar& bar);
  [[nodiscard]] std::optional<HistoryNeed> follow(const trading::Bar& bar);
  [[nodiscard]] std::optional<HistoryNeed> follow_waiting();

  const Settings* settings_;
  Follower follower_;
  std::uint64_t rebuilds_ = 0;
  Mode mode_ = Mode::REBUILDING;
  std::deque<trading::Bar> waiting_;
  core::Timestamp checked_until_; ///< holes before this were asked for
  bool incomplete_ = false;
  std::optional<LabelState> kept_; ///< what the rules said before the rebuild
};

/// Bars by which history may lag behind what was lived through.
inline constexpr int history_lag_bars_max = 3;

} // namespace troupe::regime
