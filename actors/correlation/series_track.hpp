#pragma once

#include "actors/correlation/close_series.hpp"
#include "trading/enums.hpp"

#include <cstdint>
#include <string>

namespace troupe::correlation {

/// A page of history to ask for: the newest `limit` bars that open before `end`, or of all.
struct PageNeed {
  std::optional<core::Timestamp> end;
  std::uint32_t limit = 0;

  friend bool operator==(const PageNeed&, const PageNeed&) = default;
};

/// The most bars that history gives at once.
inline constexpr std::uint32_t page_bars_max = 1'000;

/// The closes of one instrument on one interval, kept current by live bars, and the conversation
/// with history that fills what they lack. Pages are asked from the newest bar backwards, until
/// they meet what is there already and enough is there, or history has no more.
class SeriesTrack {
public:
  SeriesTrack(trading::Interval interval, std::size_t closes_max) : series_(interval, closes_max) {}

  void on_live(const trading::Bar& bar, trading::Quality quality);

  /// Whether nothing need be asked: `closes` of them, without holes, and the next bar is not due at
  /// `now`.
  [[nodiscard]] bool satisfies(std::size_t closes, core::Timestamp now) const;

  /// Begins a conversation. @pre not loading()
  PageNeed begin(std::size_t closes, core::Timestamp now);
  /// Takes the page that was needed. @returns the next page; nothing when the conversation is over
  [[nodiscard]] std::optional<PageNeed> on_page(std::span<const trading::Bar> bars);
  /// The page cannot be had: the conversation is over.
  void on_failure(std::string why);
  /// Takes a page that is known not to be all that there is: the conversation is over, holes may
  /// be.
  void on_partial(std::span<const trading::Bar> bars, std::string why);

  [[nodiscard]] bool loading() const { return need_.has_value(); }
  /// Closes that the last conversation was begun for.
  [[nodiscard]] std::size_t wanted() const { return wanted_; }
  [[nodiscard]] const CloseSeries& series() const { return series_; }
  /// Why the last conversation ended early; empty where it did not.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] trading::Quality newest_quality() const { return newest_quality_; }

private:
  CloseSeries series_;
  trading::Quality newest_quality_ = trading::Quality::live;
  std::size_t wanted_ = 0;
  std::optional<PageNeed> need_;
  std::optional<core::Timestamp> top_; ///< newest close of this conversation
  std::string problem_;
};

} // namespace troupe::correlation
