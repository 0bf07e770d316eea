#pragma once

#include "quant/indicators/bars.hpp"
#include "random_matrices.hpp"

namespace troupe::quant::testing {

/// Bars of a random walk that now and then stands still.
struct Walk {
  Eigen::VectorXd high;
  Eigen::VectorXd low;
  Eigen::VectorXd close;
  [[nodiscard]] BarSeries bars() const { return {high, low, close}; }
};

inline Walk walk(Eigen::Index size, unsigned seed) {
  std::mt19937 generator{seed};
  std::normal_distribution<double> normal;
  std::bernoulli_distribution still{0.1};
  Walk out{Eigen::VectorXd(size), Eigen::VectorXd(size), Eigen::VectorXd(size)};
  double price = 100.0;
  for (Eigen::Index t = 0; t < size; ++t) {
    const double open = price;
    if (!still(generator)) {
      price *= std::exp(0.01 * normal(generator));
    }
    const double reach = still(generator) ? 0.0 : std::abs(normal(generator)) * 0.2;
    out.high[t] = std::max(open, price) + reach;
    out.low[t] = std::min(open, price) - reach;
    out.close[t] = price;
  }
  return out;
}

} // namespace troupe::quant::testing
