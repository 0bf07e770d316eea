#pragma once

#include <cmath>

namespace troupe::quant {

/// Sum of logarithms as the logarithm of products: one log per 20 or so factors.
class LogSum {
public:
  /// @pre 1e-200 < x < 1e200
  void add(double x) {
    product_ *= x;
    if (product_ < 1e-100 || product_ > 1e100) {
      sum_ += std::log(product_);
      product_ = 1.0;
    }
  }
  [[nodiscard]] double value() const { return sum_ + std::log(product_); }

private:
  double product_ = 1.0;
  double sum_ = 0.0;
};

} // namespace troupe::quant
