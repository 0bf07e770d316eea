#pragma once

#include "actors/venues/coinbase/rest.hpp"
#include "trading/l2_book.hpp"

#include <optional>
#include <string>
#include <vector>

namespace troupe::venues::coinbase {

/// Finds what a stream without numbers cannot show: compares one product's book from time to time
/// with the venue's own over REST.
///
/// The two are never of the same moment. So the levels that updates name are noted from `margin`
/// before the question until `margin` after the moment that the answer is of; all others stood
/// still meanwhile, on both sides, and must be equal. A level whose update was lost is therefore
/// found by the first comparison in which it is quiet, and one that is never quiet is healed by its
/// own next update: quantities are absolute.
class BookAudit {
public:
  /// What clocks of the venue's servers, and its channels, may be apart.
  static constexpr std::chrono::seconds margin{1};

  /// To be called often. @param now  our clock  @param venue_time  of the newest message
  /// @returns whether to ask for GET /products/{id}/book?level=2 now
  [[nodiscard]] bool
  is_due(core::Timestamp now, core::Timestamp venue_time, std::chrono::nanoseconds every);
  /// An update names these levels.
  void touch(const std::vector<trading::Level>& bids, const std::vector<trading::Level>& asks);
  /// The answer; nothing where there was none. One that is older than what was noted is dropped.
  void answered(std::optional<RestBook> theirs, core::Timestamp venue_time);
  /// To be called often. @returns what differs, once the stream is past the answer's moment
  [[nodiscard]] std::optional<std::string> conclude(const trading::L2Book& ours,
                                                    core::Timestamp venue_time);
  /// The book was lost: there is nothing to compare.
  void abandon();

  [[nodiscard]] std::uint64_t agreed() const { return agreed_; } ///< comparisons

private:
  enum class Phase : std::uint8_t { IDLE, NOTING, ASKED, ANSWERED };

  Phase phase_ = Phase::IDLE;
  core::Timestamp next_;  ///< our clock; 1970: not set yet
  core::Timestamp since_; ///< the venue's: touched levels are complete from here
  core::Timestamp until_; ///< and are needed until here
  std::vector<trading::Price> bids_;
  std::vector<trading::Price> asks_;
  RestBook theirs_;
  std::uint64_t agreed_ = 0;
};

} // namespace troupe::venues::coinbase
