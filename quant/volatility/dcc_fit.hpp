#pragma once

#include "quant/volatility/dcc.hpp"
#include "quant/volatility/garch_fit.hpp"

#include <vector>

namespace troupe::quant {

/// What the second step maximises.
enum class DccLikelihood : std::uint8_t {
  FULL,  ///< of all series together; O(T N^3) per evaluation
  PAIRS, ///< composite of neighbouring pairs; O(T N), for many series
};

struct DccSettings {
  DccTargeting targeting = DccTargeting::SECOND_MOMENT;
  double shrinkage = 0.0; ///< of the target, see dcc_target()
  DccLikelihood likelihood = DccLikelihood::FULL;
  double persistence_max = 0.9999; ///< largest a + b, inside (0, 1)
  bool standard_errors = true;
  int iterations_max = 200;
};

/// The second step, from standardised residuals.
struct DccCorrelationFit {
  DccParameters parameters;
  Eigen::MatrixXd target;      ///< shape (N, N)
  Eigen::MatrixXd q_next;      ///< Q[T+1], shape (N, N)
  double log_likelihood = 0.0; ///< of the correlations, or composite; see `likelihood`
  DccLikelihood likelihood = DccLikelihood::FULL;
  /// Of a and b: root of the diagonal of the sandwich A^-1 B A^-1 (Hessian, scores), shape (2),
  /// taking the margins and the target as known. None where a parameter is at a bound, the Hessian
  /// is not negative definite, or they were not asked for.
  std::optional<Eigen::VectorXd> standard_errors;
  bool at_bound = false; ///< a or b at 0, or a + b at its limit
  bool converged = false;
  int iterations = 0;

  [[nodiscard]] DccFilter filter() const { return {parameters, target, q_next}; }
};

/// Maximises the likelihood of the correlations over a and b, with correlation targeting.
/// @param z  standardised residuals, shape (T, N), T >= garch_observations_min, N >= 2
/// @returns  BAD_PARAMETER, TOO_SHORT, BAD_SAMPLE, DEGENERATE, NOT_CONVERGED
/// @cost     some 15 evaluations of the likelihood with its gradient
/// @source   Engle (2002); composite likelihood: Engle, Shephard & Sheppard (2008)
Expected<DccCorrelationFit> fit_dcc_correlations(const Eigen::Ref<const Eigen::MatrixXd>& z,
                                                 const DccSettings& settings = {});

/// Both steps.
struct DccFit {
  std::vector<GarchFit> margins; ///< by series
  DccCorrelationFit correlations;
  Eigen::MatrixXd residuals; ///< z, shape (T, N)
  /// Gaussian log-likelihood of margins and correlations together:
  ///     -1/2 sum (N ln 2 pi + 2 ln |D| + ln |R| + z' R^-1 z)
  /// none where the second step was composite.
  std::optional<double> log_likelihood;
  /// Of a and b with the uncertainty of the margins and of the target through them (Engle &
  /// Sheppard 2001, the block-triangular sandwich), shape (2); none with PAIRS, where a margin has
  /// no covariance, or where T N^2 is above dcc_two_step_doubles_max.
  std::optional<Eigen::VectorXd> two_step_standard_errors;

  /// Forecast covariance of the next observation, D R D, shape (N, N).
  [[nodiscard]] Eigen::MatrixXd covariance_next() const;
};

/// Memory the two-step standard errors may take, doubles.
inline constexpr double dcc_two_step_doubles_max = 64e6;

/// Engle's two steps: a GARCH fit of each series, then the correlations of their standardised
/// residuals. The likelihood separates so; the estimate is consistent, not fully efficient.
/// @param returns  shape (T, N), oldest first
/// @param margin   settings of every series' GARCH or GJR
/// @returns  as fit_garch() of the first series that fails, and as fit_dcc_correlations()
Expected<DccFit> fit_dcc(const Eigen::Ref<const Eigen::MatrixXd>& returns,
                         const GarchFitSettings& margin = {},
                         const DccSettings& settings = {});

/// Constant conditional correlations: the same first step, then the correlations of z.
struct CccFit {
  std::vector<GarchFit> margins;
  Eigen::MatrixXd correlation; ///< of the second moments of z, shape (N, N)
  Eigen::MatrixXd residuals;   ///< shape (T, N)
  double log_likelihood = 0.0; ///< Gaussian, margins and correlations together
};

/// @source  Bollerslev, Rev. Economics and Statistics 72 (1990)
Expected<CccFit> fit_ccc(const Eigen::Ref<const Eigen::MatrixXd>& returns,
                         const GarchFitSettings& margin = {},
                         DccTargeting targeting = DccTargeting::SECOND_MOMENT,
                         double shrinkage = 0.0);

/// A fitted DCC going on, one observation of all series at a time.
/// @cost  O(N^2)
class DccState {
public:
  explicit DccState(const DccFit& fit);

  /// Takes in the returns of one bar, shape (N), unit of the fit.
  /// @returns  false where they are refused (shape, not finite): nothing has changed then
  bool update(const Eigen::Ref<const Eigen::VectorXd>& returns);

  /// Of the bar to come.
  [[nodiscard]] Eigen::VectorXd volatility_next() const;
  [[nodiscard]] Eigen::MatrixXd correlation_next() const {
    return correlations_.correlation_next();
  }
  [[nodiscard]] Eigen::MatrixXd covariance_next() const;
  [[nodiscard]] const DccFilter& correlations() const { return correlations_; }

private:
  std::vector<GarchFilter> margins_;
  DccFilter correlations_;
  Eigen::VectorXd residuals_;
};

} // namespace troupe::quant
