#pragma once

#include "core/decimal.hpp"
#include "core/inspect.hpp"

namespace troupe::trading {

using core::inspect;

/// Exact values. Ten fractional digits hold prices of 1e-10, eight hold every venue's lots; the
/// product of a price and a quantity then has exactly the eighteen digits of Money, so notional
/// values are never rounded. 128 bits, because 1e12 units of 1e-8 do not fit 64; Money reaches
/// 1.7e20. Hot loops (books, matching) count in 64-bit ticks and lots of their instrument instead.
using Price = core::Decimal<struct PriceTag, 10>;
using Quantity = core::Decimal<struct QuantityTag, 8>;
using Money = core::Decimal<struct MoneyTag, 18>;

/// Notional value, exact; throws core::ErrorException where it exceeds 1.7e20.
[[nodiscard]] Money operator*(Price price, Quantity quantity);

} // namespace troupe::trading
