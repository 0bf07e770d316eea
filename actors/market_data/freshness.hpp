#pragma once

#include "core/time.hpp"
#include "trading/enums.hpp"

#include <chrono>
#include <string>

namespace troupe::market_data {

/// Whether an instrument's data is fresh, judged by the data and not by the connection:
///
///     DOWN    nothing has come yet, or the venue said that it is unreachable
///     RESYNC  data comes, but the book was lost and is not yet there again
///     LIVE    a batch came within `stale_after`; an empty one whose watermark advances will do
///     STALE   the last one is older than that
///
/// Trades and book are judged each for itself: a book that is fetched anew takes nothing from the
/// trades. The instrument as a whole is as fresh as the worse of the two.
class FreshnessTracker {
public:
  explicit FreshnessTracker(std::chrono::nanoseconds stale_after) : stale_after_(stale_after) {}

  /// A batch came. @param now  the source's clock  @param has_book  it held a book
  void on_data(core::Timestamp now, bool has_book);
  /// The venue is unreachable. @param reason  what was found; may be empty
  void on_disconnected(std::string reason = {});
  /// The stream goes on without its book.
  void on_book_lost(std::string reason);

  [[nodiscard]] trading::Freshness at(core::Timestamp now) const;
  [[nodiscard]] trading::Freshness trades_at(core::Timestamp now) const;
  /// DOWN as long as there never was a book.
  [[nodiscard]] trading::Freshness book_at(core::Timestamp now) const;
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
  std::string told_; ///< why it is not connected, or the book is lost
};

/// The less fresh of the two, in the order of the enumeration.
[[nodiscard]] constexpr trading::Freshness less_fresh(trading::Freshness a, trading::Freshness b) {
  return a < b ? b : a;
}

/// What a value of a source in this state is worth.
[[nodiscard]] trading::Quality quality_of(trading::Freshness freshness);

} // namespace troupe::market_data
