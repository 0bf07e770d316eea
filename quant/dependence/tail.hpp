#pragma once

#include "quant/expected.hpp"

#include <Eigen/Core>

#include <cstdint>

namespace troupe::quant {

/// Tail dependence of a bivariate Student-t copula, the same in both tails:
///     lambda = 2 T(-sqrt((nu + 1)(1 - rho)/(1 + rho))),  T of nu + 1 degrees of freedom
/// @param rho  -1 .. 1; 1 gives 1 and -1 gives 0
/// @returns    BAD_PARAMETER where rho is outside or nu is not above 0
/// @source     Demarta & McNeil, The t copula and related copulas, Int. Statistical Review 73
/// (2005)
[[nodiscard]] Expected<double> t_tail_dependence(double rho, double degrees_of_freedom);

/// Matrix of it from a correlation matrix. @returns BAD_SHAPE, BAD_SAMPLE, BAD_PARAMETER
[[nodiscard]] Expected<Eigen::MatrixXd>
t_tail_dependence(const Eigen::Ref<const Eigen::MatrixXd>& correlation, double degrees_of_freedom);

/// Empirical tail dependence of every pair at a level:
///     lower = #{u_i <= alpha, u_j <= alpha} / (T alpha);  upper the same of 1 - alpha
/// with pseudo-observations u = rank / (T + 1). The diagonal is 1 by definition.
struct TailDependence {
  Eigen::MatrixXd lower;       ///< shape (N, N)
  Eigen::MatrixXd upper;       ///< shape (N, N)
  Eigen::MatrixXd joint_lower; ///< counts behind them: few of them say little
  Eigen::MatrixXd joint_upper;
};

/// @param returns  shape (T, N)
/// @param alpha    0 < alpha < 0.5
/// @returns        BAD_PARAMETER, BAD_SHAPE where N = 0, BAD_SAMPLE, TOO_SHORT where T alpha < 1
/// @cost           N T log T and a matrix product of T N^2 flops
[[nodiscard]] Expected<TailDependence>
empirical_tail_dependence(const Eigen::Ref<const Eigen::MatrixXd>& returns, double alpha);

struct ExceedanceCorrelation {
  double correlation;
  Eigen::Index observations; ///< bars in which both exceed
};

enum class Tail : std::uint8_t { LOWER, UPPER };

/// Correlation of two series over the bars in which both lie beyond a threshold: above mean +
/// threshold sd in the upper tail, below mean - threshold sd in the lower one.
/// @param threshold         >= 0, standard deviations
/// @param observations_min  3 or more; fewer joint exceedances give TOO_SHORT
/// @returns  BAD_SHAPE, BAD_SAMPLE, BAD_PARAMETER, TOO_SHORT, DEGENERATE (no variation, in the
/// whole
///           or among the exceedances)
/// @source   Longin & Solnik, Extreme correlation of international equity markets, J. Finance 56
///           (2001); Ang & Chen, Asymmetric correlations of equity portfolios, JFE 63 (2002)
[[nodiscard]] Expected<ExceedanceCorrelation>
exceedance_correlation(const Eigen::Ref<const Eigen::VectorXd>& x,
                       const Eigen::Ref<const Eigen::VectorXd>& y,
                       double threshold,
                       Tail tail,
                       Eigen::Index observations_min = 10);

} // namespace troupe::quant
