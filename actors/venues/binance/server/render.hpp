#pragma once

#include "actors/venues/binance/server/symbols.hpp"

#include <string>
#include <string_view>

namespace troupe::venues::binance::server {

/// JSON as the venue writes it; each writes one value.

/// [open time, o, h, l, c, volume, close time, quote volume, trades, taker base, taker quote, "0"]
void write_kline(JsonWriter& json,
                 const engine::Market& market,
                 const engine::CandleInterval& interval,
                 const engine::Candle& candle);
/// GET order and its lists.
void write_order(JsonWriter& json, const engine::Exchange& exchange, const engine::Order& order);
/// The members that RESULT and cancel replies have in common.
void write_order_members(JsonWriter& json,
                         const engine::Exchange& exchange,
                         const engine::Order& order);
/// A canceled order. @param cancel_id  the cancel's own client id
void write_canceled(JsonWriter& json,
                    const engine::Exchange& exchange,
                    const engine::Order& order,
                    std::string_view cancel_id);
/// A book's best levels as REST and the partial streams show them: a whole document.
void write_partial_book(JsonWriter& json, const engine::Market& market, std::size_t limit);

/// A member with a time; -1 for none.
void write_time(JsonWriter& json, std::string_view name, std::optional<core::Timestamp> time);
/// When the order's trailing began to follow the price.
[[nodiscard]] inline std::optional<core::Timestamp> trailing_since(const engine::Order& order) {
  return order.trail_tick == 0 ? std::nullopt : std::optional{order.created};
}

/// Figures of a window as tickers show them.
struct TickerFigures {
  std::string change, change_percent, average, open, high, low, last, volume, quote_volume;
  std::string close_before, last_quantity;
  core::Timestamp from;
  core::Timestamp until;
  std::uint64_t first_id = 0;
  std::uint64_t last_id = 0;
  std::uint64_t count = 0;
};
[[nodiscard]] TickerFigures
ticker_figures(const engine::Market& market, const engine::DayStats& stats, core::Timestamp now);

[[nodiscard]] std::string_view kind_text(engine::OrderKind kind);
[[nodiscard]] std::string_view status_text(engine::OrderStatus status);
[[nodiscard]] std::string_view tif_text(trading::TimeInForce tif);
[[nodiscard]] std::string_view self_trade_text(engine::SelfTradeMode mode);
[[nodiscard]] inline std::string_view side_text(trading::Side side) {
  return side == trading::Side::BUY ? "BUY" : "SELL";
}
/// Number of the order's list, -1 for none.
[[nodiscard]] inline std::int64_t list_id(const engine::Order& order) {
  return order.list == 0 ? -1 : static_cast<std::int64_t>(order.list);
}
/// Mean price of a candle's trades, 8 digits.
[[nodiscard]] std::string mean_price(const engine::Market& market, const engine::Candle& candle);

/// 22 letters and digits that nobody used before, as the venue makes client ids.
[[nodiscard]] std::string make_id(std::uint64_t number, std::size_t length = 22);

} // namespace troupe::venues::binance::server
