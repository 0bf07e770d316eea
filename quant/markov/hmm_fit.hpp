#pragma once

#include "quant/markov/gaussian_hmm.hpp"

#include <cstdint>

namespace troupe::quant {

struct HmmSettings {
  CovarianceType covariance = CovarianceType::FULL;
  int iterations_max = 1000;
  /// Ends where an iteration raises the log-likelihood by less.
  double tolerance = 1e-6;
  /// Smallest variance of a state, as a share of the column's variance over all observations.
  double variance_floor = 1e-6;
  // of fit_hmm() only:
  int starts = 8;
  int short_iterations = 15; ///< of every start, before the two best go on to the end
  std::uint64_t seed = 1;
};

struct HmmFit {
  GaussianHmm model;
  double log_likelihood = 0.0;
  int iterations = 0;
  bool converged = false;                    ///< within iterations_max
  std::vector<double> start_log_likelihoods; ///< of fit_hmm(): by start, after its short run
};

/// One Baum-Welch iteration, no priors.
/// @returns  the new model, with the log-likelihood of the one given; errors as infer()
struct HmmStep {
  GaussianHmm model;
  double log_likelihood_before = 0.0;
};
Expected<HmmStep> em_step(const GaussianHmm& model,
                          const Eigen::Ref<const Eigen::MatrixXd>& x,
                          const HmmSettings& settings = {});

/// Baum-Welch from a given model; its states keep their order. The log-likelihood never falls; what
/// is reached is a local maximum.
/// @param x  shape (T, d), T >= 10 K, finite, each column with variation
/// @returns  BAD_PARAMETER, BAD_SHAPE, TOO_SHORT, BAD_SAMPLE, DEGENERATE
/// @cost     O(T K (K + d^2)) per iteration
/// @source   Baum et al., Ann. Math. Stat. 41 (1970)
Expected<HmmFit> fit_hmm_from(const GaussianHmm& start,
                              const Eigen::Ref<const Eigen::MatrixXd>& x,
                              const HmmSettings& settings = {});

/// Baum-Welch from several starts: short runs from partitions by local volatility, by level, and by
/// random stretches of time (seeded); the two best run to the end and the better one is taken. Its
/// states are ordered by total variance, calm first.
/// @param states  K, 2 .. 8
/// @source  short runs: Biernacki, Celeux & Govaert, Comp. Stat. & Data Analysis 41 (2003)
Expected<HmmFit> fit_hmm(const Eigen::Ref<const Eigen::MatrixXd>& x,
                         Eigen::Index states,
                         const HmmSettings& settings = {});

} // namespace troupe::quant
