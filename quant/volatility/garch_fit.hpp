#pragma once

#include "quant/volatility/garch.hpp"

namespace troupe::quant {

/// Fewest observations a GARCH fit takes; with so few its parameters mean little.
inline constexpr Eigen::Index garch_observations_min = 30;

struct GarchFitSettings {
  GarchModel model;
  /// Largest persistence admitted. Below 1 the fitted process is covariance stationary and its
  /// forecasts converge, so that is the default; heavy-tailed fits of exchange rates may wish for
  /// more. None: no such limit (alpha + gamma/2 + beta up to 2), the forecasts may then explode.
  std::optional<double> persistence_max = 0.9999;
  bool standard_errors = true;
  int iterations_max = 200;
};

struct GarchFit {
  GarchModel model;
  GarchParameters parameters;
  double log_likelihood = 0.0;
  /// Inverse observed Hessian A^-1, in the order of GarchModel::parameter_count(). Where
  /// `at_bound`, the active bounds are taken as known: the rest varies along them, a parameter that
  /// is pinned has variance 0. None where the Hessian is not positive definite, or not asked for.
  std::optional<Eigen::MatrixXd> covariance;
  /// Sandwich A^-1 B A^-1, B the outer product of the scores: valid where the innovations are not
  /// what was assumed. Bollerslev & Wooldridge, Econometric Reviews 11 (1992).
  std::optional<Eigen::MatrixXd> robust_covariance;
  Eigen::VectorXd variances;  ///< h[1..T], shape (T)
  double variance_next = 0.0; ///< h[T+1]
  bool at_bound = false;      ///< persistence at its limit, or alpha, beta, alpha + gamma at 0
  bool converged = false;
  int iterations = 0;

  /// Square roots of the diagonals of `covariance` and `robust_covariance`.
  [[nodiscard]] std::optional<Eigen::VectorXd> standard_errors() const;
  [[nodiscard]] std::optional<Eigen::VectorXd> robust_standard_errors() const;

  /// e[t] / sqrt(h[t]), shape (T).
  [[nodiscard]] Eigen::VectorXd
  standardised_residuals(const Eigen::Ref<const Eigen::VectorXd>& returns) const;
};

/// Quasi-maximum likelihood of GARCH(1,1) or GJR(1,1).
/// Starts with variance targeting (omega = (1 - persistence) * sample variance) at the best of a
/// grid of persistences and reactions, goes on by BFGS with the analytic gradient and the outer
/// product of the scores as first metric; bounds by MINUIT's transformation. Works on returns
/// scaled to unit variance, so that units do not matter.
/// @param returns  shape (T), T >= garch_observations_min, oldest first, any unit
/// @returns  BAD_PARAMETER (a persistence_max outside (0, 2]), TOO_SHORT, BAD_SAMPLE, DEGENERATE
///           (no variation), NOT_CONVERGED
/// @cost     O(T) per evaluation, some 40 evaluations
/// @source   Bollerslev (1986); gradient of Fiorentini, Calzolari & Panattoni (1996); variance
///           targeting: Engle & Mezrich, Risk 9 (1996)
Expected<GarchFit> fit_garch(const Eigen::Ref<const Eigen::VectorXd>& returns,
                             const GarchFitSettings& settings = {});

} // namespace troupe::quant
