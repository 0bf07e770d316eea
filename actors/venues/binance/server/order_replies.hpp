#pragma once

#include "actors/venues/binance/server/order_form.hpp"

#include <string>

/// What calls that place, change and cancel orders have in common.
namespace troupe::venues::binance::server {

/// A client id as the venue makes them.
/// @param salt  tells ids of one moment and one newest order apart
[[nodiscard]] std::string fresh_id(const CallContext& context, std::uint64_t salt);

/// Throws the venue's words for it.
[[noreturn]] void refuse_order(engine::Refusal refusal);

/// The reply to a new order.
void write_placed(JsonWriter& json,
                  const engine::Exchange& exchange,
                  const engine::Order& order,
                  ResponseKind response);

/// The client id of a cancel: what was sent under `name`, else a fresh one.
[[nodiscard]] std::string
cancel_id_of(const CallContext& context, const Parameters& parameters, const char* name);

/// Cancels it, and with it its list. @returns the reply to the cancel of the one
[[nodiscard]] std::string
cancel(CallContext& context, const engine::Order& order, std::string cancel_id);

// ---- order_lists.cpp
/// A list's members. @param reports  with its orders as they stand, canceled ones by `cancel_id`
void write_list(JsonWriter& json,
                const engine::Exchange& exchange,
                const engine::OrderList& list,
                bool started,
                bool reports,
                std::string_view cancel_id);

} // namespace troupe::venues::binance::server
