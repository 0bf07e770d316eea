#pragma once

#include "actors/market_data/freshness.hpp"
#include "actors/market_data/sla_tracker.hpp"
#include "actors/venues/common/feed.hpp"

#include <bitset>
#include <optional>
#include <string>
#include <vector>

namespace troupe::market_data {

/// Watches the feed of one instrument at one venue: how well trades and book are delivered, and
/// when the book is fetched anew.
class FeedWatch {
public:
  FeedWatch(trading::InstrumentId instrument, const SlaSettings& settings);

  // ---- what a batch says, in the order of the batches
  /// The stream is down. @returns what to tell, where the book was good until then
  [[nodiscard]] std::optional<messages::BookResync> disconnected(const venues::FeedBatch& batch,
                                                                 core::Timestamp now);
  [[nodiscard]] std::optional<messages::BookResync> book_lost(const venues::FeedBatch& batch,
                                                              core::Timestamp now);
  /// @param has_book  it held a book that may be shown
  /// @returns what to tell, where the book is whole again
  [[nodiscard]] std::optional<messages::BookResync>
  data(const venues::FeedBatch& batch, bool has_book, core::Timestamp now);

  /// What the bars lack was made good; or will not be.
  void bars_healed() { trades_.on_healed(); }
  void bars_unhealable(core::Timestamp now) {
    if (trades_.in_gap()) { // else bars were cut by our own start
      trades_.on_unhealable(now);
    }
  }

  /// What a batch brought has been told to others.
  void published(const venues::FeedBatch& batch, core::Timestamp now);

  /// After each change, and now and then.
  void observe(const FreshnessTracker& freshness, core::Timestamp now);

  /// What was measured, a channel that never had data left out. @param node  that measures
  [[nodiscard]] std::vector<messages::FeedSlaMeasured>
  measured(const FreshnessTracker& freshness, const std::string& node, core::Timestamp now);
  /// Targets that are newly missed or met again, of what was measured last.
  [[nodiscard]] std::vector<messages::SlaBreach>
  breaches(const std::vector<messages::FeedSlaMeasured>& measured);

private:
  [[nodiscard]] std::optional<messages::BookResync>
  lose_book(const std::string& reason, std::uint32_t attempts, core::Timestamp now);

  trading::InstrumentId instrument_;
  SlaSettings settings_;
  SlaTracker trades_;
  SlaTracker book_;
  bool had_data_ = false;
  bool had_book_ = false;
  std::optional<core::Timestamp> lost_since_; ///< the book
  std::string lost_reason_;
  std::uint32_t attempts_ = 0;
  std::bitset<6> missed_; ///< targets, by channel: what was told last
};

} // namespace troupe::market_data
