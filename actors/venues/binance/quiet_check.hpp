#pragma once

#include "core/time.hpp"

#include <cstdint>

namespace troupe::venues::binance {

/// Whether a book that no message changes is quiet, or has missed the last message before a quiet
/// time: a gap shows with the next message only. The venue's own number, asked for over REST,
/// tells.
class QuietCheck {
public:
  /// A message that the number counts may be on its way for so long.
  static constexpr std::chrono::seconds grace{2};

  /// A message of the diff stream came: its numbers tell.
  void heard(core::Timestamp now) {
    quiet_since_ = now;
    behind_ = 0;
    losses_ = 0;
  }
  /// The book was given up because of is_behind(). @returns how often since the last message
  unsigned lost(core::Timestamp now) {
    quiet_since_ = now;
    behind_ = 0;
    return ++losses_;
  }
  /// @returns whether to ask for the venue's number now
  [[nodiscard]] bool is_due(core::Timestamp now, std::chrono::nanoseconds every) {
    if (behind_ != 0 || now - quiet_since_ < every) {
      return false;
    }
    quiet_since_ = now;
    return true;
  }
  void answered(std::uint64_t venue_id, std::uint64_t our_id, core::Timestamp now) {
    if (venue_id > our_id) {
      behind_ = venue_id;
      behind_since_ = now;
    }
  }
  /// @returns whether what the venue counted did not come
  [[nodiscard]] bool is_behind(std::uint64_t our_id, core::Timestamp now) const {
    return our_id < behind_ && now - behind_since_ >= grace;
  }

private:
  core::Timestamp quiet_since_;
  std::uint64_t behind_ = 0; ///< the venue's number; 0: nothing is known to be missing
  core::Timestamp behind_since_;
  unsigned losses_ = 0;
};

} // namespace troupe::venues::binance
