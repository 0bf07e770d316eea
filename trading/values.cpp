#include "trading/values.hpp"

namespace troupe::trading {

Money operator*(Price price, Quantity quantity) {
  static_assert(Price::digits + Quantity::digits == Money::digits);
  core::int128 product = 0;
  if (__builtin_mul_overflow(price.raw(), quantity.raw(), &product)) {
    core::decimal::throw_overflow("price * quantity");
  }
  return Money::from_raw(product);
}

} // namespace troupe::trading
