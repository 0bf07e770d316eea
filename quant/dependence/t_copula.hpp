#pragma once

#include "quant/expected.hpp"

#include <Eigen/Core>

namespace troupe::quant {

/// Largest number of series a t copula is fitted to: N (N - 1) / 2 correlations are free.
inline constexpr Eigen::Index t_copula_series_max = 40;

struct TCopula {
  Eigen::MatrixXd correlation; ///< shape (N, N), the copula's parameter, not Pearson's
  double degrees_of_freedom;
};

struct TCopulaFit {
  TCopula copula;
  double log_likelihood;
  Eigen::MatrixXd kendall;         ///< tau-b of the series
  Eigen::MatrixXd tail_dependence; ///< closed form at the estimates, both tails
  bool at_bound; ///< the degrees of freedom stand at a bound: at the upper one the copula is
                 ///< Gaussian for all the data say
};

struct TCopulaSettings {
  double degrees_of_freedom_min = 1.0;
  double degrees_of_freedom_max = 1000.0;
};

/// Log-likelihood of pseudo-observations under a t copula: log of the multivariate t density at the
/// quantiles, less the logs of its margins' densities.
/// @param pseudo  shape (T, N), every entry inside 0 and 1
/// @returns       BAD_SHAPE, BAD_SAMPLE, BAD_PARAMETER (degrees of freedom not above 0),
///                NOT_POSITIVE_DEFINITE
[[nodiscard]] Expected<double>
t_copula_log_likelihood(const Eigen::Ref<const Eigen::MatrixXd>& pseudo, const TCopula& copula);

/// Maximum pseudo-likelihood of a t copula: margins by rank / (T + 1), then correlations and
/// degrees of freedom together. For each number of degrees of freedom the correlations maximise the
/// likelihood under unit diagonal (BFGS over the Cholesky factor, analytic gradient, started at
/// sin(pi tau / 2)); Brent's method over log nu maximises the profile.
/// @param returns  shape (T, N), 2 <= N <= t_copula_series_max, T > N + 1
/// @returns        BAD_SHAPE, BAD_PARAMETER (bounds), TOO_SHORT, BAD_SAMPLE, DEGENERATE (a constant
///                 series), NOT_POSITIVE_DEFINITE (series that determine each other), NOT_CONVERGED
/// @cost           about 25 values of nu, each with T N / 2 quantiles and a few dozen passes of
///                 T N^2 flops
/// @source         Genest, Ghoudi & Rivest, Biometrika 82 (1995); Demarta & McNeil (2005)
[[nodiscard]] Expected<TCopulaFit> fit_t_copula(const Eigen::Ref<const Eigen::MatrixXd>& returns,
                                                const TCopulaSettings& settings = {});

} // namespace troupe::quant
