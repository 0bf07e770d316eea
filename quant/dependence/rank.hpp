#pragma once

#include "quant/expected.hpp"

#include <Eigen/Core>

namespace troupe::quant {

/// Ranks 1 .. n; ties take the mean of the ranks they span.
/// @returns  shape (n); TOO_SHORT where empty, BAD_SAMPLE where a value is not finite
/// @cost     O(n log n)
[[nodiscard]] Expected<Eigen::VectorXd> ranks(const Eigen::Ref<const Eigen::VectorXd>& x);

/// Pseudo-observations rank / (n + 1), strictly inside 0 and 1, column by column.
/// @returns  shape (T, N); the failures of ranks, BAD_SHAPE where N = 0
[[nodiscard]] Expected<Eigen::MatrixXd>
pseudo_observations(const Eigen::Ref<const Eigen::MatrixXd>& returns);

/// Spearman's rho: Pearson's correlation of the average ranks.
/// @param returns  shape (T, N), T >= 2
/// @returns        shape (N, N); BAD_SHAPE, TOO_SHORT, BAD_SAMPLE, DEGENERATE where a series is
///                 constant
[[nodiscard]] Expected<Eigen::MatrixXd>
spearman_correlation(const Eigen::Ref<const Eigen::MatrixXd>& returns);

/// Kendall's tau-b of two series:
///     (concordant - discordant) / sqrt((n0 - ties in x)(n0 - ties in y)),  n0 = n (n - 1) / 2
/// @returns  -1 .. 1; BAD_SHAPE, TOO_SHORT where n < 2, BAD_SAMPLE, DEGENERATE where one is
/// constant
/// @cost     O(n log n)
/// @source   Knight, A computer method for calculating Kendall's tau with ungrouped data, JASA 61
///           (1966)
[[nodiscard]] Expected<double> kendall_tau(const Eigen::Ref<const Eigen::VectorXd>& x,
                                           const Eigen::Ref<const Eigen::VectorXd>& y);

/// Kendall's tau-b of every pair of columns; the same failures.
[[nodiscard]] Expected<Eigen::MatrixXd>
kendall_correlation(const Eigen::Ref<const Eigen::MatrixXd>& returns);

} // namespace troupe::quant
