#pragma once

#include <algorithm>
#include <cmath>

namespace troupe::quant {

/// A variable kept in [low, high] by x = low + (high - low)(1 + sin u)/2, so that an unconstrained
/// search over u stays inside and can reach the bounds at a finite u, where dx/du is 0.
/// @source  F. James, MINUIT Reference Manual (1994), section 1.2.1
struct SineBound {
  double low = 0.0;
  double high = 1.0;

  [[nodiscard]] double value(double u) const {
    return low + 0.5 * (high - low) * (1.0 + std::sin(u));
  }
  /// dx/du
  [[nodiscard]] double derivative(double u) const { return 0.5 * (high - low) * std::cos(u); }

  /// The u of an x, moved a little inside: at a bound the gradient in u is 0 and a search that
  /// starts there would stay.
  [[nodiscard]] double inverse(double x) const {
    const double share = std::clamp((x - low) / (high - low), 1e-6, 1.0 - 1e-6);
    return std::asin(2.0 * share - 1.0);
  }
  /// Whether an x is at a bound for practical purposes: within `share` of the range.
  [[nodiscard]] bool at_bound(double x, double share = 1e-7) const {
    const double margin = share * (high - low);
    return x <= low + margin || x >= high - margin;
  }
};

} // namespace troupe::quant
