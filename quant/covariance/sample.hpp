#pragma once

#include "quant/expected.hpp"

#include <Eigen/Core>

namespace troupe::quant {

/// Sample covariance, divisor T - 1.
/// @param returns  shape (T, N), one row per bar, oldest first, any unit
/// @returns        shape (N, N), unit squared; TOO_SHORT where T < 2, BAD_SHAPE where N = 0,
///                 BAD_SAMPLE where a sample is not finite or a product overflows
/// @cost           T N^2 flops (dsyrk), one copy of the returns
[[nodiscard]] Expected<Eigen::MatrixXd>
sample_covariance(const Eigen::Ref<const Eigen::MatrixXd>& returns);

/// Pearson correlation; the failures of sample_covariance, and DEGENERATE where a series is
/// constant.
/// @returns  unit diagonal, entries within -1 and 1
[[nodiscard]] Expected<Eigen::MatrixXd>
sample_correlation(const Eigen::Ref<const Eigen::MatrixXd>& returns);

/// Returns less their column means; a constant column becomes zero to the bit.
[[nodiscard]] Eigen::MatrixXd centred(const Eigen::Ref<const Eigen::MatrixXd>& returns);

/// A covariance as its correlation and the standard deviations.
struct Correlation {
  Eigen::MatrixXd matrix;     ///< unit diagonal, entries within -1 and 1
  Eigen::VectorXd volatility; ///< square roots of the variances
};

/// @param covariance  shape (N, N), symmetric
/// @returns           BAD_SHAPE, BAD_SAMPLE, DEGENERATE where a variance is not above 0
[[nodiscard]] Expected<Correlation>
correlation_of(const Eigen::Ref<const Eigen::MatrixXd>& covariance);

/// D R D with D the volatilities on the diagonal.
/// @returns  BAD_SHAPE where the sizes differ or R is not symmetric, BAD_SAMPLE where a volatility
/// is
///           negative or something is not finite
[[nodiscard]] Expected<Eigen::MatrixXd>
covariance_of(const Eigen::Ref<const Eigen::MatrixXd>& correlation,
              const Eigen::Ref<const Eigen::VectorXd>& volatility);

/// Largest eigenvalue over the smallest one, of a symmetric positive definite matrix (2-norm).
/// @returns  BAD_SHAPE, BAD_SAMPLE; NOT_POSITIVE_DEFINITE where the smallest is at or below the
///           rounding error N * 2^-52 * largest, so that no meaningless figure is given
[[nodiscard]] Expected<double> condition_number(const Eigen::Ref<const Eigen::MatrixXd>& matrix);

/// Mean of the entries below the diagonal. @returns TOO_SHORT where N < 2, BAD_SHAPE, BAD_SAMPLE
[[nodiscard]] Expected<double> mean_pairwise(const Eigen::Ref<const Eigen::MatrixXd>& correlation);

} // namespace troupe::quant
