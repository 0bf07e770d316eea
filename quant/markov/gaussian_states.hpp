#pragma once

#include "quant/markov/chain.hpp"

#include <cstdint>
#include <vector>

namespace troupe::quant {

/// Restrictions on the covariance matrices of Gaussian states.
enum class CovarianceType : std::uint8_t {
  FULL,
  DIAGONAL,
  SPHERICAL, ///< one variance per state
  TIED,      ///< one full matrix for all states
};

/// K Gaussian densities in d dimensions.
struct GaussianStates {
  Eigen::MatrixXd means;                    ///< shape (K, d)
  std::vector<Eigen::MatrixXd> covariances; ///< K of shape (d, d), full whatever the restriction

  [[nodiscard]] Eigen::Index states() const { return means.rows(); }
  [[nodiscard]] Eigen::Index dimension() const { return means.cols(); }
  /// 1 .. states_max states, finite means, covariances finite, symmetric and positive definite.
  [[nodiscard]] bool usable() const;
  /// Number of free parameters of means and covariances.
  [[nodiscard]] Eigen::Index parameter_count(CovarianceType type) const;
  /// State numbers by ascending total variance (trace), equals by their first mean.
  [[nodiscard]] std::vector<Eigen::Index> by_variance() const;
  [[nodiscard]] GaussianStates permuted(const std::vector<Eigen::Index>& order) const;
};

/// Evaluates the densities of many observations.
class GaussianDensities {
public:
  /// @pre states.usable()
  explicit GaussianDensities(const GaussianStates& states);

  /// ln p(x | state), in the order of the states.
  /// @param x    shape (d)
  /// @param out  shape (K)
  void log_density(const double* x, double* out) const;
  /// @param x    shape (T, d)
  /// @param out  resized to (T, K)
  void log_densities(const RowMatrix& x, RowMatrix& out) const;

private:
  Eigen::Index states_;
  Eigen::Index dimension_;
  RowMatrix means_;
  std::vector<RowMatrix> whitening_; ///< inverse Cholesky factors
  std::vector<double> constants_;
};

/// Means and covariances from weighted observations: the M step.
/// @param x         shape (T, d)
/// @param weights   shape (T, K), not negative
/// @param floor     smallest variance by dimension, shape (d), above 0: keeps a state from
///                  collapsing onto one observation
/// @param states    in: means near which sums are taken; out: the estimate. A state whose weights
///                  sum to less than 1e-8 stays as it is.
/// @cost     O(T K d^2)
void reestimate(const RowMatrix& x,
                const RowMatrix& weights,
                CovarianceType type,
                const Eigen::Ref<const Eigen::VectorXd>& floor,
                GaussianStates& states);

/// Observations a Gaussian model is fitted to: finite, below 1e100 in magnitude, and each column
/// with variation.
/// @returns  shape (d): the columns' population variances; BAD_SHAPE (no columns), TOO_SHORT (fewer
///           than `observations_min` rows), BAD_SAMPLE, DEGENERATE
Expected<Eigen::VectorXd> checked_variances(const Eigen::Ref<const Eigen::MatrixXd>& x,
                                            Eigen::Index observations_min);

} // namespace troupe::quant
