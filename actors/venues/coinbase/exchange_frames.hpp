#pragma once

#include "actors/venues/common/book_track.hpp"
#include "core/errc.hpp"
#include "trading/book.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Messages of the Coinbase Exchange feed, decoded.
namespace troupe::venues::coinbase {

enum class ExchangeKind : std::uint8_t {
  UNKNOWN, ///< of a type that nobody here asked for: to be ignored
  SNAPSHOT,
  L2UPDATE,
  MATCH,
  LAST_MATCH, ///< the newest trade from before the subscription
  TICKER,
  HEARTBEAT,
  SUBSCRIPTIONS,
  ERROR,
};

struct ExchangeTicker {
  trading::Price price;
  std::optional<trading::Price> best_bid;
  std::optional<trading::Price> best_ask;
  std::uint64_t trade_id = 0; ///< 0: none yet
};

/// One message. Views point into the text it was decoded from; members that its kind does not name
/// hold what an earlier message left.
struct ExchangeFrame {
  ExchangeKind kind = ExchangeKind::UNKNOWN;
  std::string_view product;
  core::Timestamp time;                   ///< 1970 where the message has none (2021's snapshots)
  std::uint64_t sequence = 0;             ///< of the product's engine; 0: none
  std::vector<trading::Level> bids;       ///< SNAPSHOT, L2UPDATE: absolute, 0 removes
  std::vector<trading::Level> asks;       ///< likewise
  TradePrint trade;                       ///< MATCH, LAST_MATCH
  ExchangeTicker ticker;                  ///< TICKER
  std::uint64_t last_trade_id = 0;        ///< HEARTBEAT
  std::vector<std::string_view> channels; ///< SUBSCRIPTIONS: all that there are now
  std::string_view error;                 ///< ERROR
  std::string_view error_reason;
};

/// Decodes messages one after another; in its steady state without an allocation.
class ExchangeDecoder {
public:
  ExchangeDecoder();
  ~ExchangeDecoder();
  ExchangeDecoder(const ExchangeDecoder&) = delete;
  ExchangeDecoder& operator=(const ExchangeDecoder&) = delete;

  /// @param text  one message with room behind its end (wire::padded)
  /// @returns the message, valid until the next call; PROTOCOL_ERROR for what is not as documented
  [[nodiscard]] core::Result<const ExchangeFrame*> decode(const std::string& text);

private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace troupe::venues::coinbase
