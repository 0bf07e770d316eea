#pragma once

#include "quant/expected.hpp"

#include <Eigen/Core>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace troupe::quant {

/// GARCH(1,1) and its asymmetric form of Glosten, Jagannathan and Runkle (GJR), constant mean.
///     e[t]   = r[t] - mean
///     h[t+1] = omega + (alpha + gamma 1{e[t] < 0}) e[t]^2 + beta h[t]
///     e[t]   = sqrt(h[t]) x[t],  x independent, mean 0, variance 1
/// @source  Bollerslev, J. Econometrics 31 (1986); Glosten, Jagannathan & Runkle, J. Finance 48
///          (1993)

/// Distribution of x. GAUSSIAN is quasi-maximum likelihood: consistent whatever x is.
enum class Innovation : std::uint8_t {
  GAUSSIAN,
  STUDENT_T, ///< scaled to variance 1; Bollerslev, Rev. Economics and Statistics 69 (1987)
};

/// h[1], with m = mean(e^2) at the mean in question.
enum class Presample : std::uint8_t {
  RECURSION, ///< one step from e[0]^2 = h[0] = m: omega + persistence * m
  SAMPLE,    ///< m itself
};

struct GarchModel {
  bool asymmetric = false; ///< with gamma
  Innovation innovation = Innovation::GAUSSIAN;
  Presample presample = Presample::RECURSION;

  /// mean, omega, alpha, [gamma], beta, [degrees of freedom]: the order of gradients, standard
  /// errors and rows of covariances.
  [[nodiscard]] Eigen::Index parameter_count() const {
    return 4 + (asymmetric ? 1 : 0) + (innovation == Innovation::STUDENT_T ? 1 : 0);
  }
};

struct GarchParameters {
  double mean = 0.0;  ///< unit of the returns
  double omega = 0.0; ///< their square
  double alpha = 0.0;
  double gamma = 0.0;
  double beta = 0.0;
  double degrees_of_freedom = 0.0; ///< above 2, of STUDENT_T only

  /// Weight of today's variance in tomorrow's expected one; below 1 the process is covariance
  /// stationary. Half of gamma: x is symmetric.
  [[nodiscard]] double persistence() const { return alpha + 0.5 * gamma + beta; }
  /// omega / (1 - persistence); none where it does not exist.
  [[nodiscard]] std::optional<double> long_run_variance() const;
  /// omega > 0, alpha, beta, alpha + gamma >= 0, all finite: every h is then positive.
  [[nodiscard]] bool usable() const;
};

/// The parameters in the order of GarchModel::parameter_count().
[[nodiscard]] Eigen::VectorXd to_vector(const GarchParameters& parameters, const GarchModel& model);

/// Log-likelihood of all T observations, with its gradient where `gradient` is given.
/// @param returns   shape (T), T >= 2, finite
/// @param gradient  resized to (parameter_count)
/// @param scores    gradient of each observation, resized to (T, parameter_count)
/// @returns  BAD_PARAMETER, TOO_SHORT, BAD_SAMPLE
/// @cost     O(T), no allocation but the outputs'
Expected<double> garch_log_likelihood(const Eigen::Ref<const Eigen::VectorXd>& returns,
                                      const GarchModel& model,
                                      const GarchParameters& parameters,
                                      Eigen::VectorXd* gradient = nullptr,
                                      Eigen::MatrixXd* scores = nullptr);

/// Derivatives of the standardised residuals e / sqrt(h) by the parameters; those by the degrees of
/// freedom are 0.
/// @returns  shape (T, parameter_count); BAD_PARAMETER, TOO_SHORT, BAD_SAMPLE
Expected<Eigen::MatrixXd> garch_residual_slopes(const Eigen::Ref<const Eigen::VectorXd>& returns,
                                                const GarchModel& model,
                                                const GarchParameters& parameters);

/// Variances h[1..T+1] at given parameters: the last one is the forecast for the next observation.
/// @param variance_first  h[1]; by default as the model's presample says
/// @returns  shape (T + 1); BAD_PARAMETER, TOO_SHORT, BAD_SAMPLE
Expected<Eigen::VectorXd> garch_variances(const Eigen::Ref<const Eigen::VectorXd>& returns,
                                          const GarchModel& model,
                                          const GarchParameters& parameters,
                                          std::optional<double> variance_first = {});

/// Forecasts of the variance 1 .. horizon steps ahead.
///     h(1) = variance_next;   h(k+1) = omega + persistence * h(k)
/// @returns  shape (horizon); BAD_PARAMETER where horizon < 1, a parameter or the variance is
///           unusable, or a forecast of an explosive model overflows
Expected<Eigen::VectorXd>
garch_forecast(const GarchParameters& parameters, double variance_next, Eigen::Index horizon);

/// One observation at a time.
/// @cost  O(1)
class GarchFilter {
public:
  /// std::invalid_argument where the parameters or the variance are unusable
  GarchFilter(const GarchParameters& parameters, double variance_next);

  /// Takes an observation in and moves to the next.
  /// @returns  its standardised residual e / sqrt(h); none where it is refused (not finite or above
  ///           1e100 in magnitude): the state stays then as it was
  std::optional<double> update(double observation);

  /// Variance of the observation to come.
  [[nodiscard]] double variance_next() const { return variance_; }
  [[nodiscard]] const GarchParameters& parameters() const { return parameters_; }

private:
  GarchParameters parameters_;
  double variance_;
};

} // namespace troupe::quant
