#pragma once

#include "core/decimal.hpp"

#include <cstdint>
#include <optional>

namespace troupe::trading {

/// Counts exact decimals in whole steps of an instrument (prices in ticks, quantities in lots), as
/// hot loops want them: 64-bit integers, and the way back.
template <class Value>
class StepScale {
public:
  /// @pre step > 0, else throws core::ErrorException
  explicit StepScale(Value step) : step_(step) {
    if (step.sign() <= 0) {
      throw core::ErrorException(core::Error{core::Errc::INVALID_ARGUMENT,
                                             "expected a positive step, found " + step.to_text()});
    }
    if (step.raw() < exact_limit) {
      small_step_ = static_cast<std::int64_t>(step.raw());
      inverse_ = 1.0 / static_cast<double>(small_step_);
    }
  }

  [[nodiscard]] Value step() const { return step_; }

  /// How many steps `value` is; nullopt where that is not a whole number or beyond 2^61.
  [[nodiscard]] std::optional<std::int64_t> count(Value value) const {
    const auto raw = value.raw();
    if (small_step_ != 0 && raw < exact_limit && raw > -exact_limit) [[likely]] {
      // Below 2^53 the rounded quotient is right or not exact at all: cheaper than a division.
      const auto small = static_cast<std::int64_t>(raw);
      const double quotient = static_cast<double>(small) * inverse_;
      const auto steps = static_cast<std::int64_t>(quotient + (quotient < 0.0 ? -0.5 : 0.5));
      return steps * small_step_ == small ? std::optional{steps} : std::nullopt;
    }
    const auto steps = value.multiple_of(step_);
    if (!value.is_multiple_of(step_) || steps > limit || steps < -limit) {
      return std::nullopt;
    }
    return static_cast<std::int64_t>(steps);
  }

  /// `steps` steps; throws core::ErrorException where that does not fit.
  [[nodiscard]] Value value(std::int64_t steps) const {
    // Two 64-bit factors fit 128 bits whatever they are.
    return small_step_ != 0 ? Value::from_raw(core::int128{steps} * small_step_) : step_ * steps;
  }

private:
  static constexpr core::int128 exact_limit = core::int128{1} << 53U;
  static constexpr core::int128 limit = core::int128{1} << 61U;

  Value step_;
  std::int64_t small_step_ = 0; ///< 0: does not fit a double exactly
  double inverse_ = 0.0;
};

} // namespace troupe::trading
