#pragma once

#include "actors/venues/common/book_track.hpp"
#include "core/errc.hpp"
#include "trading/book.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Messages of the Coinbase Advanced Trade feed, decoded.
namespace troupe::venues::coinbase {

enum class AdvancedKind : std::uint8_t {
  UNKNOWN, ///< of a channel that nobody here asked for: counted, else ignored
  L2_DATA,
  MARKET_TRADES,
  HEARTBEATS,
  TICKER,
  SUBSCRIPTIONS,
  ERROR, ///< has no sequence number
};

/// Of one product in one l2_data message.
struct AdvancedBook {
  bool is_snapshot = false;
  std::string_view product;
  std::vector<trading::Level> bids; ///< absolute, 0 removes
  std::vector<trading::Level> asks;
};

struct AdvancedTrade {
  bool is_history = false; ///< of the snapshot that a subscription begins with: not new
  std::string_view product;
  TradePrint print;
};

struct AdvancedTicker {
  std::string_view product;
  trading::Price price;
  std::optional<trading::Price> best_bid; ///< ticker_batch has none
  std::optional<trading::Price> best_ask;
};

/// One message. Views point into the text it was decoded from.
struct AdvancedFrame {
  AdvancedKind kind = AdvancedKind::UNKNOWN;
  core::Timestamp time;
  std::optional<std::uint64_t> sequence; ///< of the connection, over all channels
  std::vector<AdvancedTrade> trades;     ///< oldest first
  std::vector<AdvancedTicker> tickers;
  std::uint64_t heartbeats = 0;
  std::vector<std::string_view> channels; ///< SUBSCRIPTIONS: all that there are now
  std::string_view error;
  [[nodiscard]] std::span<const AdvancedBook> books() const {
    return {book_room.data(), book_count};
  }

  /// Of the decoder: room that outlives a message.
  std::vector<AdvancedBook> book_room;
  std::size_t book_count = 0;
};

/// Decodes messages one after another; in its steady state without an allocation.
class AdvancedDecoder {
public:
  AdvancedDecoder();
  ~AdvancedDecoder();
  AdvancedDecoder(const AdvancedDecoder&) = delete;
  AdvancedDecoder& operator=(const AdvancedDecoder&) = delete;

  /// @param text  one message with room behind its end (wire::padded)
  /// @returns the message, valid until the next call; PROTOCOL_ERROR for what is not as documented
  [[nodiscard]] core::Result<const AdvancedFrame*> decode(const std::string& text);

private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace troupe::venues::coinbase
