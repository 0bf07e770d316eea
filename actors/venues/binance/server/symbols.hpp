#pragma once

#include "actors/venues/exchange_server/json_writer.hpp"
#include "actors/venues/sim/exchange/exchange.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace troupe::venues::binance::server {

using exchange_server::fixed;
using exchange_server::JsonWriter;
using exchange_server::TimeUnit;
namespace engine = sim::exchange;

inline constexpr std::string_view quote_asset = "USDT";
inline constexpr int digits = 8; ///< of every price, quantity and amount on the wire
inline constexpr std::int64_t max_open_orders = 200;
inline constexpr std::int64_t max_algo_orders = 5;
inline constexpr std::int64_t iceberg_parts_max = 10;
inline constexpr std::int64_t trailing_bips_min = 10;
inline constexpr std::int64_t trailing_bips_max = 2'000;

/// BTCUSDT
[[nodiscard]] std::string symbol_of(const engine::Market& market);
/// btcusdt
[[nodiscard]] std::string lower(std::string_view text);
/// @returns the market's number
[[nodiscard]] std::optional<std::size_t> find_symbol(const engine::Exchange& exchange,
                                                     std::string_view symbol);

/// Bounds of an order; see write_filters.
struct Filters {
  trading::Price price_min;
  trading::Price price_max;
  trading::Quantity quantity_min;
  trading::Quantity quantity_max;
  trading::Quantity market_quantity_max;
  trading::Money notional_min;
  trading::Money notional_max;
};
[[nodiscard]] Filters filters_of(const engine::Market& market);

/// One of exchangeInfo's `symbols`.
void write_symbol(JsonWriter& json, const engine::Market& market);
void write_filters(JsonWriter& json, const engine::Market& market);

[[nodiscard]] inline std::string price_text(const engine::Market& market, std::int64_t tick) {
  return fixed(market.price(tick), digits);
}
[[nodiscard]] inline std::string quantity_text(const engine::Market& market, std::int64_t lots) {
  return fixed(market.quantity(lots), digits);
}
[[nodiscard]] inline std::int64_t ms(core::Timestamp t) {
  return core::floor(t, std::chrono::milliseconds{1}).ns / 1'000'000;
}

} // namespace troupe::venues::binance::server
