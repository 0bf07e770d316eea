#pragma once

#include "core/time.hpp"
#include "trading/enums.hpp"

#include <chrono>
#include <string>

namespace troupe::market_data {

/// Whether an instrument's data is fresh, judged by the data and not by the connection:
///
///     DOWN    nothing has come yet, or the venue said that it is unreachable
///     RESYNC  data comes again after DOWN, but not yet the book that was lost with it
///     LIVE    a batch came within `stale_after`; an empty one whose watermark advances will do
///     STALE   the last one is older than that
class FreshnessTracker {
public:
  explicit FreshnessTracker(std::chrono::nanoseconds stale_after) : stale_after_(stale_after) {}

  /// A batch came. @param now  the source's clock  @param has_book  it held a book
  void on_data(core::Timestamp now, bool has_book);
  /// The venue is unreachable.
  void on_disconnected();

  [[nodiscard]] trading::Freshness at(core::Timestamp now) const;
  /// Why it is not LIVE; empty where it is.
  [[nodiscard]] std::string reason(core::Timestamp now) const;
  /// When the last batch came; 1970 before the first.
  [[nodiscard]] core::Timestamp last_data() const { return last_data_; }
  /// Whether the venue ever said anything: data, or that it is unreachable.
  [[nodiscard]] bool answered() const { return heard_ || told_down_; }
  /// The last moment at which it is LIVE if nothing more comes; @pre it is LIVE now
  [[nodiscard]] core::Timestamp live_until() const { return last_data_ + stale_after_; }

private:
  std::chrono::nanoseconds stale_after_;
  core::Timestamp last_data_;
  bool heard_ = false; ///< any data
  bool told_down_ = false;
  bool connected_ = false;
  bool had_book_ = false;
  bool book_lost_ = false;
};

/// What a value of a source in this state is worth.
[[nodiscard]] trading::Quality quality_of(trading::Freshness freshness);

} // namespace troupe::market_data
