#pragma once

#include "quant/expected.hpp"

#include <Eigen/Core>

#include <cstdint>
#include <string_view>

namespace troupe::quant {

/// A covariance pulled towards a structured target: (1 - shrinkage) S + shrinkage * target.
/// S has divisor T throughout, as in the papers.
struct Shrunk {
  Eigen::MatrixXd covariance;
  double shrinkage; ///< 0 (the sample alone) .. 1 (the target alone)
};

/// What the sample covariance is pulled towards.
enum class ShrinkageTarget : std::uint8_t {
  IDENTITY,             ///< mean variance times the identity
  IDENTITY_OAS,         ///< the same target, intensity by the oracle approximation for normal data
  CONSTANT_CORRELATION, ///< the sample's variances, all correlations at their mean
  SINGLE_FACTOR,        ///< market model on the equally weighted mean of the series
};

/// What a sample's moments are taken about.
enum class SampleMean : std::uint8_t {
  REMOVED, ///< the columns' means
  ZERO,    ///< 0, where that is known to be the mean; sklearn's assume_centered
};

/// Ledoit and Wolf's optimal intensity towards the identity; sklearn's LedoitWolf.
///     mu = tr S / N;  d2 = |S - mu I|^2 / N;  b2 = mean over t of |x x' - S|^2 / (N T);
///     shrinkage = min(b2, d2) / d2
/// @param returns  shape (T, N), T >= 2, oldest first
/// @param mean     whether column means are removed or known to be 0
/// @returns        TOO_SHORT, BAD_SHAPE where N = 0, BAD_SAMPLE, DEGENERATE where nothing varies
/// @cost           T N^2 flops (dsyrk) and O(T N + N^2)
/// @source         Ledoit & Wolf, A well-conditioned estimator for large-dimensional covariance
///                 matrices, J. Multivariate Analysis 88 (2004)
[[nodiscard]] Expected<Shrunk> ledoit_wolf(const Eigen::Ref<const Eigen::MatrixXd>& returns,
                                           SampleMean mean = SampleMean::REMOVED);

/// Oracle approximating shrinkage towards the identity, in sklearn's form:
///     shrinkage = min(1, (mean S_ij^2 + mu^2) / ((T + 1) (mean S_ij^2 - mu^2 / N)))
/// @source  Chen, Wiesel, Eldar & Hero, Shrinkage algorithms for MMSE covariance estimation,
///          IEEE Trans. Signal Processing 58 (2010)
[[nodiscard]] Expected<Shrunk>
oracle_approximating_shrinkage(const Eigen::Ref<const Eigen::MatrixXd>& returns,
                               SampleMean mean = SampleMean::REMOVED);

/// Towards the constant-correlation matrix; DEGENERATE where one series does not vary.
/// @source  Ledoit & Wolf, Honey, I shrunk the sample covariance matrix, J. Portfolio Management 30
///          (2004), appendix B
[[nodiscard]] Expected<Shrunk>
ledoit_wolf_constant_correlation(const Eigen::Ref<const Eigen::MatrixXd>& returns);

/// Towards the market model; DEGENERATE where the mean of the series does not vary.
/// @source  Ledoit & Wolf, Improved estimation of the covariance matrix of stock returns with an
///          application to portfolio selection, J. Empirical Finance 10 (2003)
[[nodiscard]] Expected<Shrunk>
ledoit_wolf_single_factor(const Eigen::Ref<const Eigen::MatrixXd>& returns);

/// Any of the four by its target; BAD_PARAMETER for a zero mean with a target that is defined about
/// the sample's.
[[nodiscard]] Expected<Shrunk> shrunk_covariance(const Eigen::Ref<const Eigen::MatrixXd>& returns,
                                                 ShrinkageTarget target,
                                                 SampleMean mean = SampleMean::REMOVED);

} // namespace troupe::quant
