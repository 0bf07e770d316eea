#pragma once

#include "quant/expected.hpp"

#include <Eigen/Core>

namespace troupe::quant {

/// Most states a chain may have here: transitions are dense.
inline constexpr Eigen::Index states_max = 64;

/// Rows of observations or of states, one per time: the layout of the inner loops.
using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Whether a vector is a distribution: not negative, finite, sum 1 within 1e-8.
[[nodiscard]] bool usable_distribution(const Eigen::Ref<const Eigen::VectorXd>& probabilities);

/// Whether a square matrix has a distribution in every row: a[i][j] = P(j next | i now).
[[nodiscard]] bool usable_transition(const Eigen::Ref<const Eigen::MatrixXd>& transition);

/// The distribution a chain returns to: pi' = pi' A.
/// @param transition  shape (K, K), rows sum to 1
/// @returns  shape (K); BAD_PARAMETER, DEGENERATE where it is not unique (a chain that falls apart)
/// @cost     O(K^3)
/// @source   Hamilton, Time Series Analysis (1994), eq. 22.2.26
Expected<Eigen::VectorXd>
stationary_distribution(const Eigen::Ref<const Eigen::MatrixXd>& transition);

/// Expected stay in each state, observations: 1 / (1 - a[i][i]); +infinity in an absorbing state.
[[nodiscard]] Eigen::VectorXd
expected_durations(const Eigen::Ref<const Eigen::MatrixXd>& transition);

} // namespace troupe::quant
