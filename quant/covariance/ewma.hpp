#pragma once

#include "quant/expected.hpp"

#include <Eigen/Core>

#include <cstdint>

namespace troupe::quant {

/// Exponentially weighted covariance with zero mean, one bar at a time.
///     S[1] = r[1] r[1]';  S[t] = lambda S[t-1] + (1 - lambda) r[t] r[t]'
/// The value after bar t is the forecast for bar t + 1. Kept as variances v and correlations R, for
/// those are what is asked for at each bar, and one pass over one matrix is all that a bar needs:
///     R[t] = a a' o R[t-1] + b b',  a = sqrt(lambda v[t-1] / v[t]),  b = sqrt(1 - lambda) r[t] /
///     sqrt(v[t])
/// Rounding does not pile up: what is left of an error shrinks with lambda as the past does.
/// @cost    N^2 multiply-adds per bar over 8 N^2 bytes, no allocation
/// @source  J.P. Morgan/Reuters, RiskMetrics Technical Document (1996), lambda 0.94 for days
class EwmaCovariance {
public:
  /// @param instruments  N >= 1
  /// @param lambda       weight of the past, 0 < lambda < 1
  /// Throws std::invalid_argument where either is outside.
  EwmaCovariance(Eigen::Index instruments, double lambda);

  /// Restores a stored state. @returns BAD_PARAMETER, BAD_SHAPE (not square or not symmetric),
  /// BAD_SAMPLE (not finite, a negative variance, a covariance above the product of the
  /// volatilities, fewer than 1 observation)
  [[nodiscard]] static Expected<EwmaCovariance> restored(
    const Eigen::Ref<const Eigen::MatrixXd>& covariance, double lambda, Eigen::Index observations);

  /// @param returns  shape (N), of one bar
  /// @returns        false, and leaves all as it was, where the shape differs or a return is not
  ///                 finite or above 1e100
  [[nodiscard]] bool update(const Eigen::Ref<const Eigen::VectorXd>& returns);

  [[nodiscard]] Eigen::Index instruments() const { return variances_.size(); }
  [[nodiscard]] Eigen::Index observations() const { return observations_; }
  [[nodiscard]] double lambda() const { return lambda_; }
  /// 1 / sum of squared weights: how many equally weighted bars carry as much information.
  [[nodiscard]] double effective_observations() const;

  /// One entry. @pre observations() > 0 and both below instruments()
  [[nodiscard]] double covariance(Eigen::Index i, Eigen::Index j) const {
    return i == j ? variances_[i] : correlation_(i, j) * (volatilities_[i] * volatilities_[j]);
  }
  /// @returns  shape (N, N), symmetric to the bit; TOO_SHORT before the first bar
  [[nodiscard]] Expected<Eigen::MatrixXd> covariance() const;
  /// Of the newest bar, until the next: shape (N, N), symmetric to the bit, unit diagonal, entries
  /// within -1 and 1. Null before the first bar and while a variance is 0.
  [[nodiscard]] const Eigen::MatrixXd* correlation() const {
    return observations_ > 0 && variances_.minCoeff() > 0.0 ? &correlation_ : nullptr;
  }

private:
  double lambda_;
  Eigen::MatrixXd correlation_; ///< both triangles; 0 beside a variance of 0
  Eigen::VectorXd variances_;
  Eigen::VectorXd volatilities_; ///< their roots
  Eigen::VectorXd keep_, take_;  ///< a and b of the bar that is taken
  Eigen::Index observations_ = 0;
};

/// The same over a series, with one matrix product instead of T updates.
/// @param returns  shape (T, N), oldest first; T >= 1
/// @param lambda   0 < lambda < 1
/// @returns        shape (N, N): S[T]; BAD_PARAMETER, BAD_SHAPE where N = 0, TOO_SHORT, BAD_SAMPLE
/// @cost           T N^2 flops (dsyrk); bars whose weight is below 1e-18 are not read
[[nodiscard]] Expected<Eigen::MatrixXd>
ewma_covariance(const Eigen::Ref<const Eigen::MatrixXd>& returns, double lambda);

/// Weights proportional to lambda^(T-1-t) that sum to 1 over the sample ("adjusted"), zero mean.
/// Differs from ewma_covariance in the weight of the first bar; same parameters and failures.
[[nodiscard]] Expected<Eigen::MatrixXd>
ewma_covariance_normalised(const Eigen::Ref<const Eigen::MatrixXd>& returns, double lambda);

/// Weights of exponentially weighted moments; both sum to 1.
enum class EwmWeights : std::uint8_t {
  ADJUSTED,  ///< ~ (1 - alpha)^(T-1-t)
  RECURSIVE, ///< those of m[t] = (1 - alpha) m[t-1] + alpha r[t], whose first bar has the rest
};

/// Exponentially weighted covariance about the weighted means; pandas' ewm().cov():
///     m = sum w r;  S = sum w (r - m)(r - m)', divided by (1 - sum w^2) where `unbiased`
/// @param alpha    0 < alpha < 1; alpha = 2 / (span + 1) for a span
/// @param returns  T >= 2
[[nodiscard]] Expected<Eigen::MatrixXd>
ewm_covariance_centred(const Eigen::Ref<const Eigen::MatrixXd>& returns,
                       double alpha,
                       EwmWeights weights = EwmWeights::ADJUSTED,
                       bool unbiased = true);

} // namespace troupe::quant
