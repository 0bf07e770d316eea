#pragma once

#include "quant/expected.hpp"

#include <Eigen/Core>

#include <cstdint>
#include <span>
#include <vector>

namespace troupe::quant {

/// Observations of one instrument, oldest first.
struct Observations {
  std::span<const std::int64_t> times; ///< nanoseconds, not decreasing
  std::span<const double> values;
};

/// Previous-tick sampling: at each moment of a grid, the last value at or before it.
/// @param grid          ascending moments, nanoseconds
/// @param age_max_ns    a value older than this is missing; 0 or less means any age will do
/// @returns             shape (grid); NaN marks what is missing, for pairwise_covariance to read.
///                      BAD_SHAPE where times and values differ in number, BAD_SAMPLE where times
///                      or the grid go back or a value is not finite
/// @cost                O(T + grid)
/// @source              Dacorogna, Gencay, Mueller, Olsen & Pictet, An Introduction to
/// High-Frequency
///                      Finance (2001), section 3.2
[[nodiscard]] Expected<Eigen::VectorXd> previous_tick(const Observations& observations,
                                                      std::span<const std::int64_t> grid,
                                                      std::int64_t age_max_ns = 0);

/// Log returns between consecutive rows; missing (NaN) where either price is.
/// @param prices  shape (T, N), above 0 or NaN; T >= 2
/// @returns       shape (T - 1, N); TOO_SHORT, BAD_SAMPLE where a price is infinite or not above 0
[[nodiscard]] Expected<Eigen::MatrixXd>
log_returns(const Eigen::Ref<const Eigen::MatrixXd>& prices);

/// Covariances of series with gaps, each pair over the bars that both have.
struct PairwiseCovariance {
  std::vector<Eigen::Index> kept;     ///< columns in the answer, ascending
  std::vector<Eigen::Index> excluded; ///< columns left out: some pair of them overlapped too little
  Eigen::MatrixXd covariance;  ///< shape (kept, kept), divisor n_ij - 1, means over the overlap
  Eigen::MatrixXd correlation; ///< shape (kept, kept), with the variances over the overlap
  Eigen::MatrixXi counts;      ///< shape (N, N), of all columns: bars both series have
  bool positive_semidefinite;  ///< of the correlation; where not, nearest_correlation repairs
};

/// Pairwise-complete sample covariance.
/// A pair below the minimum overlap has no covariance; then the column with the most such pairs (of
/// equals the one with fewer observations, then the later one) is left out, until none is.
/// @param returns      shape (T, N); NaN marks a missing return
/// @param overlap_min  2 .. T, bars
/// @returns            BAD_SHAPE where N = 0, BAD_PARAMETER, BAD_SAMPLE where a return is infinite,
///                     TOO_SHORT where no column has overlap_min bars, DEGENERATE where a kept
///                     column does not vary over an overlap
/// @cost               4 matrix products of T N^2 flops
[[nodiscard]] Expected<PairwiseCovariance>
pairwise_covariance(const Eigen::Ref<const Eigen::MatrixXd>& returns, Eigen::Index overlap_min);

} // namespace troupe::quant
