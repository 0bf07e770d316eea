#pragma once

#include "actors/venues/common/book_track.hpp"
#include "core/errc.hpp"
#include "trading/bar.hpp"
#include "trading/book.hpp"
#include "trading/instrument.hpp"

#include <optional>
#include <string>
#include <vector>

/// Bodies of Coinbase's REST APIs, decoded. All take a text with room behind its end (wire::padded)
/// and return PROTOCOL_ERROR for what is not as documented.
namespace troupe::venues::coinbase {

struct RestBook {
  std::uint64_t sequence = 0; ///< 0: none
  core::Timestamp time;       ///< 1970: none
  std::vector<trading::Level> bids;
  std::vector<trading::Level> asks;
};

struct RestTicker {
  std::optional<trading::Price> bid;
  std::optional<trading::Price> ask;
  std::optional<trading::Quantity> volume_24h; ///< of the base
  TradePrint last;                             ///< Exchange's ticker does not tell its aggressor
};

// ---- Exchange: https://api.exchange.coinbase.com

/// GET /products. @param venue  what the instruments are qualified with
[[nodiscard]] core::Result<std::vector<trading::Instrument>>
read_products(const std::string& body, const std::string& venue);
/// GET /products/{id}/candles: oldest first here, newest first on the wire. The venue counts no
/// trades, and `final` is left false: whether a bar is closed depends on the time.
[[nodiscard]] core::Result<std::vector<trading::Bar>>
read_candles(const std::string& body, std::chrono::seconds granularity);
/// GET /products/{id}/book?level=1 or 2.
[[nodiscard]] core::Result<RestBook> read_book(const std::string& body);
/// GET /products/{id}/trades: oldest first here, newest first on the wire.
[[nodiscard]] core::Result<std::vector<TradePrint>> read_trades(const std::string& body);
[[nodiscard]] core::Result<RestTicker> read_ticker(const std::string& body);
/// GET /time.
[[nodiscard]] core::Result<core::Timestamp> read_time(const std::string& body);
/// {"message": "..."}, or the body's beginning; Advanced Trade's errors too.
[[nodiscard]] std::string read_error(const std::string& body);

// ---- Advanced Trade: https://api.coinbase.com/api/v3/brokerage

/// GET /market/products.
[[nodiscard]] core::Result<std::vector<trading::Instrument>>
read_advanced_products(const std::string& body, const std::string& venue);
[[nodiscard]] core::Result<std::vector<trading::Bar>>
read_advanced_candles(const std::string& body, std::chrono::seconds granularity);
/// GET /market/product_book.
[[nodiscard]] core::Result<RestBook> read_advanced_book(const std::string& body);
/// GET /market/products/{id}/ticker: its newest trade, and the inside.
[[nodiscard]] core::Result<RestTicker> read_advanced_ticker(const std::string& body);
/// The trades of the same body, oldest first.
[[nodiscard]] core::Result<std::vector<TradePrint>> read_advanced_trades(const std::string& body);

} // namespace troupe::venues::coinbase
