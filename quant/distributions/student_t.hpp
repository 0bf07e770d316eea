#pragma once

#include "quant/expected.hpp"

namespace troupe::quant {

// Distribution functions and quantiles by Boost.Math's incomplete beta and error functions
// (relative error a few 1e-15). Every routine refuses what it cannot answer: BAD_PARAMETER where
// the degrees of freedom are not above 0 or a probability is not inside 0 and 1, BAD_SAMPLE where x
// is not a number.

[[nodiscard]] Expected<double> normal_cdf(double x);
[[nodiscard]] Expected<double> normal_quantile(double probability);

/// Student's t with real degrees of freedom, location 0, scale 1 (variance nu / (nu - 2)).
[[nodiscard]] Expected<double> student_t_cdf(double x, double degrees_of_freedom);
[[nodiscard]] Expected<double> student_t_quantile(double probability, double degrees_of_freedom);
/// Natural logarithm of the density.
[[nodiscard]] Expected<double> student_t_log_density(double x, double degrees_of_freedom);

} // namespace troupe::quant
