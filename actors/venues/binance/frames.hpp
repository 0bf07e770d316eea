#pragma once

#include "actors/venues/binance/book_builder.hpp"
#include "core/errc.hpp"
#include "trading/bar.hpp"
#include "trading/trade.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// Messages of Binance's spot market streams, decoded.
namespace troupe::venues::binance {

enum class FrameKind : std::uint8_t {
  UNKNOWN, ///< of a type that nobody here asked for: to be ignored
  DEPTH_UPDATE,
  PARTIAL_DEPTH, ///< of @depth5, 10, 20: a whole top of book
  TRADE,
  AGG_TRADE,
  BOOK_TICKER,
  KLINE,
  TICKER_24H,
  REPLY, ///< to a control message
  ERROR, ///< likewise
  SERVER_SHUTDOWN,
};

struct BookTickerEvent {
  std::uint64_t update_id = 0;
  trading::Level bid;
  trading::Level ask;
};

struct KlineEvent {
  std::string_view interval; ///< "1m"
  trading::Bar bar;          ///< final where the venue says so
};

/// 24 hours, rolling; the venue's REST answer and stream alike.
struct TickerStats {
  trading::Price last;
  trading::Quantity last_quantity;
  std::optional<trading::Price> bid;
  std::optional<trading::Quantity> bid_quantity;
  std::optional<trading::Price> ask;
  std::optional<trading::Quantity> ask_quantity;
  trading::Price open;
  trading::Price high;
  trading::Price low;
  trading::Price previous_close;
  trading::Price change;
  trading::Price vwap;
  std::string_view change_percent; ///< as the venue prints it
  trading::Quantity base_volume;
  trading::Money quote_volume;
  core::Timestamp close_time;
};

/// One message. Views point into the text it was decoded from; members that its kind does not name
/// hold what an earlier message left.
struct Frame {
  FrameKind kind = FrameKind::UNKNOWN;
  std::string_view stream; ///< "btcusdt@trade" in combined mode, else empty
  std::string_view symbol; ///< "BTCUSDT"; a partial depth has none
  core::Timestamp event;   ///< E; a bookTicker and a partial depth have none
  Diff diff;
  DepthSnapshot depth;
  TradePrint trade; ///< of @trade or @aggTrade
  BookTickerEvent book_ticker;
  KlineEvent kline;
  TickerStats ticker;
  std::int64_t reply_id = 0; ///< 0: none
  std::int64_t error_code = 0;
  std::string_view error_text;
};

/// Decodes messages one after another; in its steady state without an allocation.
class FrameDecoder {
public:
  FrameDecoder();
  ~FrameDecoder();
  FrameDecoder(const FrameDecoder&) = delete;
  FrameDecoder& operator=(const FrameDecoder&) = delete;

  /// @param text  one message, raw or wrapped as {"stream", "data"}, with room behind its end
  ///              (wire::padded)
  /// @returns the message, valid until the next call; PROTOCOL_ERROR for what is not as documented
  [[nodiscard]] core::Result<const Frame*> decode(const std::string& text);

private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace troupe::venues::binance
