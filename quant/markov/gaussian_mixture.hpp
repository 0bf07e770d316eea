#pragma once

#include "quant/markov/gaussian_states.hpp"

namespace troupe::quant {

/// Independent draws from K Gaussian densities.
struct GaussianMixture {
  Eigen::VectorXd weights; ///< shape (K), sum 1
  GaussianStates states;

  [[nodiscard]] bool usable() const;
};

struct MixtureSettings {
  CovarianceType covariance = CovarianceType::FULL;
  int iterations_max = 5000;
  double tolerance = 1e-10; ///< on the mean log-likelihood per observation
  double variance_floor = 1e-6;
  int starts = 10;
  std::uint64_t seed = 1;
};

struct MixtureFit {
  GaussianMixture model; ///< components by ascending total variance
  double log_likelihood = 0.0;
  double aic = 0.0; ///< 2 p - 2 ln L, p free parameters
  double bic = 0.0; ///< p ln T - 2 ln L
  int iterations = 0;
  bool converged = false;
};

/// Probabilities of the components of each observation, shape (T, K), and the log-likelihood.
struct MixtureInference {
  double log_likelihood = 0.0;
  RowMatrix responsibilities;
};

/// @param x  shape (T, d), finite
/// @returns  BAD_PARAMETER, BAD_SHAPE, TOO_SHORT, BAD_SAMPLE
Expected<MixtureInference> infer(const GaussianMixture& model,
                                 const Eigen::Ref<const Eigen::MatrixXd>& x);

/// EM from several seeded starts (centres drawn far apart, as in k-means++), best likelihood.
/// @param components  K, 1 .. 8
/// @returns  BAD_PARAMETER, BAD_SHAPE, TOO_SHORT (T < 10 K), BAD_SAMPLE, DEGENERATE
/// @cost     O(T K d^2) per iteration
/// @source   Dempster, Laird & Rubin, J. Royal Stat. Soc. B 39 (1977); starts: Arthur &
///           Vassilvitskii, SODA 2007
Expected<MixtureFit> fit_mixture(const Eigen::Ref<const Eigen::MatrixXd>& x,
                                 Eigen::Index components,
                                 const MixtureSettings& settings = {});

} // namespace troupe::quant
