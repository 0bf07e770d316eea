#pragma once

#include "quant/expected.hpp"

#include <Eigen/Core>

#include <cstdint>

namespace troupe::quant {

/// Dynamic conditional correlations, DCC(1,1), of standardised residuals z (N series):
///     Q[1]   = target
///     Q[t+1] = (1 - a - b) target + a z[t] z[t]' + b Q[t]
///     R[t]   = diag(Q[t])^-1/2 Q[t] diag(Q[t])^-1/2
/// a = b = 0 is the constant correlation of Bollerslev (1990), CCC.
/// @source  Engle, J. Business & Economic Statistics 20 (2002)
struct DccParameters {
  double a = 0.0;
  double b = 0.0;

  /// Weight of the past; below 1 the correlations return to the target's.
  [[nodiscard]] double persistence() const { return a + b; }
  /// a, b >= 0 and a + b < 1.
  [[nodiscard]] bool usable() const { return a >= 0.0 && b >= 0.0 && a + b < 1.0; }
};

/// What the target is made of.
enum class DccTargeting : std::uint8_t {
  SECOND_MOMENT, ///< (1/T) sum z z', Engle's
  COVARIANCE,    ///< sample covariance of z, divisor T - 1, as rmgarch does
};

/// The target, its off-diagonal elements times (1 - shrinkage): with many series the sample matrix
/// is ill-conditioned, or singular where N >= T.
/// @param z          standardised residuals, shape (T, N), T, N >= 2, finite
/// @param shrinkage  0 .. 1, such as the intensity of Ledoit and Wolf (2004)
/// @returns          shape (N, N); BAD_PARAMETER, TOO_SHORT, BAD_SAMPLE, DEGENERATE (not positive
///                   definite)
Expected<Eigen::MatrixXd> dcc_target(const Eigen::Ref<const Eigen::MatrixXd>& z,
                                     DccTargeting targeting = DccTargeting::SECOND_MOMENT,
                                     double shrinkage = 0.0);

/// The part of the log-likelihood that correlations add to that of the margins:
///     -1/2 sum (ln |R[t]| + z' R[t]^-1 z - z' z)
/// @param target    shape (N, N), positive definite
/// @param gradient  by a and b, resized to (2), at a fixed target
/// @param scores    gradient of each observation, resized to (T, 2)
/// @returns  BAD_PARAMETER, BAD_SHAPE, TOO_SHORT, BAD_SAMPLE, DEGENERATE
/// @cost     O(T N^3)
Expected<double> dcc_log_likelihood(const Eigen::Ref<const Eigen::MatrixXd>& z,
                                    const Eigen::Ref<const Eigen::MatrixXd>& target,
                                    const DccParameters& parameters,
                                    Eigen::VectorXd* gradient = nullptr,
                                    Eigen::MatrixXd* scores = nullptr);

/// Derivative of dcc_log_likelihood() by each z, the target following them.
/// @returns  shape (T, N); as dcc_log_likelihood()
/// @cost     O(T N^3), and T N^2 doubles
Expected<Eigen::MatrixXd> dcc_residual_slopes(const Eigen::Ref<const Eigen::MatrixXd>& z,
                                              DccTargeting targeting,
                                              double shrinkage,
                                              const DccParameters& parameters);

/// Composite log-likelihood: the sum of the bivariate ones of the N - 1 pairs of neighbours
/// (i, i+1), for many series. Consistent, and untouched by an ill-conditioned target.
/// @param target  shape (N, N), unit-like diagonal; only elements (i, i) and (i, i+1) are read
/// @returns       as dcc_log_likelihood()
/// @cost          O(T N)
/// @source        Engle, Shephard & Sheppard, Fitting Vast Dimensional Time-Varying Covariance
///                Models (2008); Pakel et al., J. Business & Economic Statistics 39 (2021)
Expected<double> dcc_pair_log_likelihood(const Eigen::Ref<const Eigen::MatrixXd>& z,
                                         const Eigen::Ref<const Eigen::MatrixXd>& target,
                                         const DccParameters& parameters,
                                         Eigen::VectorXd* gradient = nullptr,
                                         Eigen::MatrixXd* scores = nullptr);

/// Q, one observation of all series at a time.
/// @cost  N^2 / 2 elements per observation
class DccFilter {
public:
  /// @param target  shape (N, N), symmetric, diagonal above 0
  /// @param q_next  Q of the first observation to come; by default the target
  /// std::invalid_argument where a parameter or a shape is out of bounds
  DccFilter(const DccParameters& parameters, Eigen::MatrixXd target);
  DccFilter(const DccParameters& parameters, Eigen::MatrixXd target, Eigen::MatrixXd q_next);

  /// Takes in an observation and moves to the next.
  /// @param z  shape (N)
  /// @returns  false where it is refused (shape, or not finite): nothing has changed then
  bool update(const Eigen::Ref<const Eigen::VectorXd>& z);

  /// Q of the observation to come, shape (N, N), and its correlations.
  [[nodiscard]] Eigen::MatrixXd q_next() const { return q_.selfadjointView<Eigen::Lower>(); }
  [[nodiscard]] Eigen::MatrixXd correlation_next() const;
  [[nodiscard]] double correlation_next(Eigen::Index i, Eigen::Index j) const;

  /// Expected correlations k observations ahead, k >= 1, by the approximation that correlations
  /// (not Q) return to those of the target: Rbar + (a + b)^(k-1) (R_next - Rbar).
  /// @source  Engle & Sheppard, NBER working paper 8554 (2001), section 3
  [[nodiscard]] Eigen::MatrixXd correlation_ahead(Eigen::Index k) const;

  [[nodiscard]] const DccParameters& parameters() const { return parameters_; }
  [[nodiscard]] const Eigen::MatrixXd& target() const { return target_; }

private:
  DccParameters parameters_;
  Eigen::MatrixXd target_;
  Eigen::MatrixXd q_; ///< its lower triangle; what is above it is old
};

/// Correlations of a matrix with a positive diagonal: unit diagonal, clamped to [-1, 1].
[[nodiscard]] Eigen::MatrixXd correlations_of(const Eigen::Ref<const Eigen::MatrixXd>& q);

} // namespace troupe::quant
