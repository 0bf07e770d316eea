#pragma once

#include "actors/market_data/activity_track.hpp"
#include "actors/market_data/bar_track.hpp"
#include "actors/market_data/consolidation.hpp"
#include "actors/market_data/feed_watch.hpp"
#include "actors/market_data/requests.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace troupe::market_data {

/// What a batch changed.
struct Applied {
  bool price_changed = false;
  bool book_changed = false;
  std::vector<trading::Trade> printed; ///< trades that nobody was told of yet
  std::vector<trading::Trade> trades;  ///< all valid ones
  ClosedBars bars;
  std::vector<SpecBar> activity; ///< closed ones that nobody was told of yet
  std::optional<messages::BookResync> resync;
};

/// What memory says to a query.
struct Recalled {
  std::vector<trading::Bar> bars; ///< ascending; the open bar, where it belongs there, last
  bool complete = false;          ///< nothing older is needed
  core::Timestamp older_end;      ///< else: older bars of the query open before this
};

/// All that is known of one instrument at one venue.
class VenueTrack {
public:
  struct Settings {
    std::vector<trading::Interval> intervals; ///< ascending
    std::size_t bars_max = 2'000;             ///< per interval
    std::chrono::nanoseconds stale_after = std::chrono::seconds{5};
    ActivityTrack::Settings activity;
    SlaSettings sla;
    bool measured = true; ///< against sla: not where time is that of a recording
  };

  VenueTrack(trading::Instrument instrument, const Settings& settings);

  /// Takes a batch of this instrument. Values that cannot be (no positive price, a crossed book,
  /// another's trade) are left out and counted.
  [[nodiscard]] Applied apply(const venues::FeedBatch& batch, core::Timestamp now);

  [[nodiscard]] const trading::Instrument& instrument() const { return instrument_; }
  [[nodiscard]] const FreshnessTracker& freshness() const { return freshness_; }
  [[nodiscard]] messages::ChannelFreshness channels(core::Timestamp now) const;
  [[nodiscard]] FeedWatch& watch() { return watch_; }
  [[nodiscard]] bool measured() const { return measured_; }
  /// Looks at what time alone has done to it.
  void observe(core::Timestamp now);
  [[nodiscard]] ActivityTrack& activity() { return activity_; }
  [[nodiscard]] const ActivityTrack& activity() const { return activity_; }
  [[nodiscard]] BarTrack& bars() { return bars_; }
  [[nodiscard]] const BarTrack& bars() const { return bars_; }
  [[nodiscard]] const std::optional<trading::BookSnapshot>& book() const { return book_; }
  /// Without the consolidated quote; nothing before the first price.
  [[nodiscard]] std::optional<messages::Ticker> ticker() const;
  [[nodiscard]] VenueQuote quote() const;
  /// What memory holds for a query of one bar more than its limit; @pre it is of time
  [[nodiscard]] Recalled recall(const HistoryQuery& query) const;

  /// Newest trade id that was applied: FeedAck::trades_through.
  [[nodiscard]] std::uint64_t trades_through() const { return trades_through_; }
  /// Newest time of any of its data.
  [[nodiscard]] core::Timestamp as_of() const { return ticker_.ts_event; }
  [[nodiscard]] std::uint64_t refused() const {
    return refused_ + bars_.refused() + activity_.refused();
  }

private:
  [[nodiscard]] std::vector<trading::Trade> valid_trades(const venues::FeedBatch& batch);
  [[nodiscard]] std::vector<venues::RecordedBar> valid_bars(const venues::FeedBatch& batch);
  bool take_book(const trading::BookSnapshot& book);
  void take_trade(const trading::Trade& trade);

  trading::Instrument instrument_;
  FreshnessTracker freshness_;
  FeedWatch watch_;
  bool measured_;
  BarTrack bars_;
  ActivityTrack activity_;
  std::optional<trading::BookSnapshot> book_;
  messages::Ticker ticker_;
  std::uint64_t trades_through_ = 0;
  std::uint64_t refused_ = 0;
};

/// Whether a book may be shown: positive prices and quantities, each side strictly ordered, not
/// crossed or locked.
[[nodiscard]] bool is_sound(const trading::BookSnapshot& book);

} // namespace troupe::market_data
