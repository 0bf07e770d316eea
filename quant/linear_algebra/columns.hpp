#pragma once

#include <Eigen/Core>

namespace troupe::quant {

// Loops over columns that fit no BLAS routine. Where the processor has AVX2 they run on its
// registers: chosen at run time, and with the same result to the bit, for nothing is fused.

/// y[i] = y[i] (keep[i] keep_own) + take[i] take_own, between -1 and 1: a column of correlations
/// that decays while a bar comes in. The same to the bit with row and column exchanged.
/// @param y, keep, take  n doubles each, apart from each other
void decay_correlations(double* y,
                        const double* keep,
                        double keep_own,
                        const double* take,
                        double take_own,
                        Eigen::Index n);

/// out[i] = x[i] inverse[i] scale, between -1 and 1: a column of a covariance as correlations.
/// What is not a number stays so.
/// @param x, inverse, out  n doubles each; `out` may be `x`
void correlate_column(
  const double* x, const double* inverse, double scale, double* out, Eigen::Index n);

} // namespace troupe::quant
