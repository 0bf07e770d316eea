#pragma once

#include "actors/venues/binance/server/calls.hpp"

namespace troupe::venues::binance::server {

enum class ResponseKind : std::uint8_t { ACK, RESULT, FULL };

/// An order as it was sent, checked against the symbol's filters.
struct OrderForm {
  engine::PlaceOrder order;
  ResponseKind response = ResponseKind::ACK;
};

/// Reads and checks the parameters of a new order; throws ApiError.
/// @param client_id  where none was sent
[[nodiscard]] OrderForm
read_order(const CallContext& context, const Parameters& parameters, std::string client_id);

} // namespace troupe::venues::binance::server
