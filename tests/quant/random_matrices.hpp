#pragma once

#include <Eigen/Core>
#include <Eigen/QR>

#include <cmath>
#include <random>
#include <rapidcheck.h>

namespace troupe::quant::testing {

inline rc::Gen<unsigned> seeds() {
  return rc::gen::inRange<unsigned>(0, 1'000'000);
}

/// Standard normal entries.
inline Eigen::MatrixXd normal_matrix(Eigen::Index rows, Eigen::Index columns, unsigned seed) {
  std::mt19937 generator{seed};
  std::normal_distribution<double> normal;
  Eigen::MatrixXd out(rows, columns);
  for (double& x : out.reshaped()) {
    x = normal(generator);
  }
  return out;
}

/// Daily returns of instruments with a common factor and volatilities between 1 % and 4 %.
inline Eigen::MatrixXd
factor_returns(Eigen::Index bars, Eigen::Index instruments, unsigned seed, double load = 0.7) {
  const Eigen::MatrixXd noise = normal_matrix(bars, instruments, seed);
  const Eigen::VectorXd market = normal_matrix(bars, 1, seed + 1);
  Eigen::MatrixXd out(bars, instruments);
  for (Eigen::Index j = 0; j < instruments; ++j) {
    const double volatility =
      0.01 + 0.03 * static_cast<double>(j) / static_cast<double>(instruments);
    out.col(j) = volatility * (load * market + std::sqrt(1.0 - load * load) * noise.col(j));
  }
  return out;
}

inline double largest_difference(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
  return (a - b).cwiseAbs().maxCoeff();
}

} // namespace troupe::quant::testing
