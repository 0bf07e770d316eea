#pragma once

#include "actors/venues/exchange_server/json_writer.hpp"
#include "actors/venues/sim/exchange/exchange.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace troupe::venues::coinbase::server {

using exchange_server::fixed;
using exchange_server::JsonWriter;
namespace engine = sim::exchange;

/// A UUID that is a function of what it names.
[[nodiscard]] std::string uuid_of(std::string_view what, std::uint64_t number);
[[nodiscard]] inline std::string order_uuid(std::uint64_t order) {
  return uuid_of("order", order);
}
[[nodiscard]] std::string account_uuid(std::size_t account, std::string_view currency);
[[nodiscard]] inline std::string profile_uuid(std::size_t account) {
  return uuid_of("profile", account);
}
/// A UUID is what the venue asks for; clients in the field send prefixed ones, which are taken too.
[[nodiscard]] bool is_client_id(std::string_view text);

/// RFC 3339 with microseconds.
[[nodiscard]] std::string time_text(core::Timestamp t);

[[nodiscard]] inline const std::string& product_of(const engine::Market& market) {
  return market.instrument().symbol;
}
[[nodiscard]] std::optional<std::size_t> find_product(const engine::Exchange& exchange,
                                                      std::string_view id);
/// Padded to the product's increment.
[[nodiscard]] std::string price_text(const engine::Market& market, std::int64_t tick);
[[nodiscard]] inline std::string size_text(const engine::Market& market, std::int64_t lots) {
  return fixed(market.quantity(lots), 8);
}
[[nodiscard]] inline std::string_view side_text(trading::Side side) {
  return side == trading::Side::BUY ? "buy" : "sell";
}
/// "0.0008"
[[nodiscard]] std::string rate_text(std::int64_t ppm);

void write_product(JsonWriter& json, const engine::Market& market);
void write_currency(JsonWriter& json, std::string_view currency, bool fiat);
/// @param fresh  just placed: the venue says pending whatever came of it
void write_order(JsonWriter& json,
                 const engine::Exchange& exchange,
                 const engine::Order& order,
                 bool fresh = false);
void write_fill(JsonWriter& json, const engine::Exchange& exchange, const engine::Execution& fill);

} // namespace troupe::venues::coinbase::server
