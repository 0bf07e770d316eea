#pragma once

#include "core/time.hpp"
#include "trading/enums.hpp"
#include "trading/values.hpp"

#include <cstdint>

namespace troupe::venues {

/// A print as a venue tells of it, whose instrument is told beside it.
struct TradePrint {
  std::uint64_t id = 0;
  trading::Price price;
  trading::Quantity quantity;
  trading::Side aggressor = trading::Side::BUY;
  core::Timestamp time; ///< it happened
};

/// What a message did to a book.
enum class BookStep : std::uint8_t {
  APPLIED,  ///< the book changed and may be read
  IGNORED,  ///< old news
  BUFFERED, ///< kept until the snapshot is here
  LOST,     ///< the book has lost touch with the venue and is empty: get a snapshot
};

/// Watches the numbers of an instrument's trades, which venues count without a gap.
class TradeNumbers {
public:
  enum class Step : std::uint8_t { NEXT, OLD, GAP };

  /// Where the counting begins: a trade from before the subscription.
  void start_after(std::uint64_t id) { last_ = id; }
  void forget() { last_ = 0; }

  /// @returns OLD for one that was seen (repeated or late), GAP where `missed()` are gone before it
  Step take(std::uint64_t id) {
    if (last_ != 0 && id <= last_) {
      return Step::OLD;
    }
    missed_ = last_ == 0 ? 0 : id - last_ - 1;
    last_ = id;
    return missed_ == 0 ? Step::NEXT : Step::GAP;
  }
  /// The venue says which trade was the last one. @returns whether we have not seen it
  [[nodiscard]] bool is_behind(std::uint64_t last_id) const {
    return last_ != 0 && last_id > last_;
  }

  [[nodiscard]] std::uint64_t last() const { return last_; } ///< 0: none yet
  [[nodiscard]] std::uint64_t missed() const { return missed_; }

private:
  std::uint64_t last_ = 0;
  std::uint64_t missed_ = 0;
};

} // namespace troupe::venues
