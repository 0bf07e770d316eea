#pragma once

#include "actors/venues/binance/frames.hpp"
#include "trading/instrument.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

/// Bodies of Binance's spot REST API, decoded. All take a text with room behind its end
/// (wire::padded) and return PROTOCOL_ERROR for what is not as documented.
namespace troupe::venues::binance {

[[nodiscard]] core::Result<DepthSnapshot> read_depth(const std::string& body);

/// Klines, oldest first; `final` is left false: whether one is closed depends on the time.
[[nodiscard]] core::Result<std::vector<trading::Bar>> read_klines(const std::string& body);

/// GET /api/v3/trades and /aggTrades, oldest first.
[[nodiscard]] core::Result<std::vector<TradePrint>> read_trades(const std::string& body);

[[nodiscard]] core::Result<TickerStats> read_ticker_24h(const std::string& body);
[[nodiscard]] core::Result<BookTickerEvent> read_book_ticker(const std::string& body);
/// GET /api/v3/time.
[[nodiscard]] core::Result<core::Timestamp> read_time(const std::string& body);

/// A limit of the venue: `limit` units in each aligned window.
struct RateLimit {
  std::string type; ///< REQUEST_WEIGHT, RAW_REQUESTS, ORDERS
  std::chrono::nanoseconds window{};
  std::uint64_t limit = 0;
};

struct ExchangeInfo {
  std::vector<RateLimit> rate_limits;
  /// Symbol "BTC-USDT" by the venue's base and quote assets, venue symbol "BTCUSDT"; qualified with
  /// the name given to read_exchange_info.
  std::vector<trading::Instrument> instruments;
  std::size_t skipped = 0; ///< symbols that are no instruments here (odd names, no filters)
};
[[nodiscard]] core::Result<ExchangeInfo> read_exchange_info(const std::string& body,
                                                            const std::string& venue);

/// {"code":-1121,"msg":"Invalid symbol."}.
struct ApiError {
  std::int64_t code = 0;
  std::string message;
};
/// Code 0 and the body's beginning where it is not one of the venue's errors.
[[nodiscard]] ApiError read_error(const std::string& body);

/// When the ban of a 418 ends: the venue says so in the text alone. nullopt where it does not.
[[nodiscard]] std::optional<core::Timestamp> banned_until(std::string_view message);

} // namespace troupe::venues::binance
