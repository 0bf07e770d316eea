#pragma once

#include "quant/expected.hpp"

#include <Eigen/Core>

namespace troupe::quant {

struct NearestCorrelationSettings {
  double eigenvalue_min = 0.0; ///< smallest eigenvalue of the answer, 0 <= it < 1
  double tolerance = 1e-10;    ///< relative change of an iteration (infinity norm) that ends it
  Eigen::Index iterations_max = 1000;
};

struct NearestCorrelation {
  Eigen::MatrixXd matrix;  ///< unit diagonal, symmetric to the bit, eigenvalues >= eigenvalue_min
  double distance;         ///< Frobenius norm of the answer less the symmetric part of the question
  Eigen::Index iterations; ///< 0 where the question was a correlation matrix already
  bool converged;          ///< false: valid all the same, but a nearer one may exist
};

/// Nearest correlation matrix in the Frobenius norm: alternating projections onto the matrices with
/// eigenvalues >= eigenvalue_min and those with unit diagonal, with Dykstra's correction. What is
/// left of the tolerance is closed by mixing in the identity, so the answer always is one.
/// @param matrix  shape (N, N), symmetric up to rounding; the diagonal need not be 1
/// @returns       BAD_PARAMETER, BAD_SHAPE (not square, not symmetric), BAD_SAMPLE (not finite)
/// @cost          an eigendecomposition, about 9 N^3 flops, per iteration; linear convergence
/// @source        Higham, Computing the nearest correlation matrix: a problem from finance,
///                IMA J. Numerical Analysis 22 (2002), algorithm 3.3
[[nodiscard]] Expected<NearestCorrelation>
nearest_correlation(const Eigen::Ref<const Eigen::MatrixXd>& matrix,
                    const NearestCorrelationSettings& settings = {});

/// Symmetric, unit diagonal, no eigenvalue below -tolerance: a correlation matrix.
/// False where it is not square or not finite.
[[nodiscard]] bool is_correlation(const Eigen::Ref<const Eigen::MatrixXd>& matrix,
                                  double tolerance = 1e-10);

} // namespace troupe::quant
