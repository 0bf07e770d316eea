#pragma once

#include "quant/markov/markov_switching.hpp"

namespace troupe::quant {

struct SwitchingSettings {
  bool switching_variance = true;
  int iterations_max = 500;
  /// Smallest variance of a regime, as a share of the series' variance: the likelihood has no
  /// maximum where a regime may collapse onto one observation.
  double variance_floor = 1e-6;
  // of fit_markov_switching() only:
  int starts = 12;
  std::uint64_t seed = 1;
};

struct SwitchingFit {
  MarkovSwitchingModel model;
  double log_likelihood = 0.0;
  int iterations = 0;
  bool converged = false;
};

/// Maximum likelihood from a given model, by BFGS with the exact gradient (Fisher's identity over
/// Kim's smoother). Regimes keep their order. Transition probabilities stay above about 1e-7.
/// @param y  shape (T), T >= 30 + p, finite, with variation
/// @returns  BAD_PARAMETER, TOO_SHORT, BAD_SAMPLE, DEGENERATE, NOT_CONVERGED
/// @cost     O(T K^(max(p, 1) + 1)) per evaluation, some 40 evaluations
/// @source   Hamilton (1989); gradient: Hamilton, Handbook of Econometrics IV (1994), section 3.5
Expected<SwitchingFit> fit_markov_switching_from(const MarkovSwitchingModel& start,
                                                 const Eigen::Ref<const Eigen::VectorXd>& y,
                                                 const SwitchingSettings& settings = {});

/// Maximum likelihood from several starts (by level, by local volatility, random), the best of what
/// they reach. Regimes are ordered by variance where it switches, else by mean, lowest first.
/// @param regimes  K, 2 .. 4
/// @param order    p, autoregressive terms, 0 .. 6
Expected<SwitchingFit> fit_markov_switching(const Eigen::Ref<const Eigen::VectorXd>& y,
                                            Eigen::Index regimes,
                                            Eigen::Index order = 0,
                                            const SwitchingSettings& settings = {});

} // namespace troupe::quant
