#pragma once

#include "quant/markov/chain.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace troupe::quant {

/// Regimes of a Markov chain that switch the mean, and as it may be the variance, of an
/// autoregression:
///     y[t] - mu(S[t]) = sum_i phi[i] (y[t-i] - mu(S[t-i])) + e[t],  e[t] ~ N(0, sigma2(S[t]))
/// Without phi it is a switching mean and variance. The first regimes are drawn from the chain's
/// stationary distribution, the first p observations are given.
/// @source  Hamilton, Econometrica 57 (1989)
struct MarkovSwitchingModel {
  Eigen::MatrixXd transition;     ///< a[i][j] = P(j next | i now), shape (K, K)
  Eigen::VectorXd means;          ///< mu, shape (K)
  Eigen::VectorXd variances;      ///< sigma2, shape (K), above 0; equal where it does not switch
  Eigen::VectorXd autoregression; ///< phi, shape (p), p >= 0

  [[nodiscard]] Eigen::Index regimes() const { return means.size(); }
  [[nodiscard]] Eigen::Index order() const { return autoregression.size(); }
  /// K >= 2, finite, and K^(max(p, 1) + 1) at most switching_joint_states_max.
  [[nodiscard]] bool usable() const;
};

/// Histories of regimes the filter may have to carry.
inline constexpr Eigen::Index switching_joint_states_max = 4096;

struct SwitchingInference {
  double log_likelihood = 0.0; ///< of the last T - p observations given the first p
  RowMatrix predicted;         ///< P(S[t] | observations up to t-1), shape (T - p, K)
  RowMatrix filtered;          ///< P(S[t] | observations up to t)
  RowMatrix smoothed;          ///< P(S[t] | all): looks ahead
  Eigen::VectorXd next;        ///< P(S[T+1] | all), shape (K)
};

/// Hamilton's filter from the stationary distribution, Kim's smoother.
/// @param y  shape (T), oldest first, T > p, finite
/// @returns  BAD_PARAMETER, TOO_SHORT, BAD_SAMPLE, DEGENERATE (no unique stationary distribution,
/// or
///           observations of probability 0)
/// @cost     O(T K^(max(p, 1) + 1)), time and doubles
/// @source   Hamilton (1989), eqs. 4.5-4.8; Kim, J. Econometrics 60 (1994), over the joint states,
///           where it is exact
Expected<SwitchingInference> infer(const MarkovSwitchingModel& model,
                                   const Eigen::Ref<const Eigen::VectorXd>& y);

/// Gradient of the log-likelihood.
struct SwitchingScore {
  double log_likelihood = 0.0;
  Eigen::MatrixXd transition; ///< meaningful along directions whose rows sum to 0
  Eigen::VectorXd means;
  Eigen::VectorXd log_variances; ///< by ln sigma2
  Eigen::VectorXd autoregression;
};

namespace switching_detail {

/// Largest magnitude taken: squares and sums of it stay far from overflow.
inline constexpr double observation_max = 1e100;

/// Regimes of the present and of the past max(p, 1) observations as one number: the present one is
/// its leading digit in base K, the oldest its last.
class JointStates {
public:
  explicit JointStates(const MarkovSwitchingModel& model);

  /// ln p(y | joint state) for y[t] - sum phi[i] y[t-i] = `level`.
  [[nodiscard]] double log_density(std::size_t state, double level) const {
    const double e = level - centre_[state];
    return constant_[regime_[state]] - half_precision_[regime_[state]] * e * e;
  }
  [[nodiscard]] std::size_t size() const { return centre_.size(); }
  [[nodiscard]] std::size_t regimes() const { return constant_.size(); }
  [[nodiscard]] std::size_t histories() const { return centre_.size() / constant_.size(); }
  /// How many states in a row have one density: without autoregression only the present regime
  /// matters.
  [[nodiscard]] std::size_t alike() const { return by_regime_ ? histories() : 1; }
  [[nodiscard]] double centre(std::size_t state) const { return centre_[state]; }
  /// Regime `lags` observations ago.
  [[nodiscard]] std::size_t regime(std::size_t state, std::size_t lags) const;
  /// P(present regime of `state` | the one before it).
  [[nodiscard]] double transition(std::size_t state) const { return transition_[state]; }
  /// Probabilities of the histories before the first observation.
  [[nodiscard]] std::vector<double> first_histories(const Eigen::VectorXd& stationary) const;

private:
  std::vector<double> centre_;
  std::vector<double> transition_;
  std::vector<std::uint8_t> regime_;
  std::vector<double> constant_;
  std::vector<double> half_precision_;
  std::size_t lags_;
  bool by_regime_;
};

/// One step of Hamilton's filter: from the histories' probabilities to the joint states'.
/// @param histories  in: P(history | past); out: that of the next observation
/// @param joint      out: P(joint state | past and this observation)
/// @param densities  out: densities over p(observation | past), one per joint state
/// @returns  ln p(observation | past); -infinity where that is 0: nothing but `joint` has changed
double hamilton_step(const JointStates& states,
                     double level,
                     std::vector<double>& histories,
                     std::vector<double>& joint,
                     double* densities);

/// The filter and the smoother with their memory.
class HamiltonKim {
public:
  [[nodiscard]] std::optional<Reason> run(const MarkovSwitchingModel& model,
                                          const Eigen::Ref<const Eigen::VectorXd>& y);
  [[nodiscard]] double log_likelihood() const { return log_likelihood_; }
  [[nodiscard]] SwitchingInference inference(const MarkovSwitchingModel& model) const;
  /// By Fisher's identity: the expected gradient of the complete-data likelihood.
  void score(const MarkovSwitchingModel& model,
             const Eigen::Ref<const Eigen::VectorXd>& y,
             SwitchingScore& out) const;

private:
  std::optional<JointStates> states_;
  Eigen::VectorXd stationary_;
  RowMatrix joint_;     ///< filtered, shape (T - p, joint states)
  RowMatrix densities_; ///< over their sum weighted by the predictions
  RowMatrix smoothed_;
  double log_likelihood_ = 0.0;
};

} // namespace switching_detail

/// Filtered probabilities, one observation at a time: equal to SwitchingInference::filtered.
/// @cost  O(K^(max(p, 1) + 1)) per observation
class SwitchingFilter {
public:
  /// std::invalid_argument where the model is unusable or its stationary distribution not unique
  explicit SwitchingFilter(const MarkovSwitchingModel& model);

  /// The first p observations only fill the memory.
  /// @returns  false where an observation is refused (not finite or above 1e100 in magnitude, or of
  ///           probability 0): nothing has changed then
  bool update(double y);

  /// P(S | observations so far), shape (K); the stationary distribution before the first.
  [[nodiscard]] const Eigen::VectorXd& filtered() const { return filtered_; }
  /// P(S of the observation to come | observations so far).
  [[nodiscard]] Eigen::VectorXd predicted() const { return transition_.transpose() * filtered_; }
  [[nodiscard]] double log_likelihood() const { return log_likelihood_; }

private:
  switching_detail::JointStates states_;
  Eigen::MatrixXd transition_;
  Eigen::VectorXd autoregression_;
  std::vector<double> past_; ///< the last p observations, newest first
  std::vector<double> histories_;
  std::vector<double> joint_;
  std::vector<double> densities_;
  Eigen::VectorXd filtered_;
  double log_likelihood_ = 0.0;
};

/// Log-likelihood with its gradient; as infer().
Expected<SwitchingScore> switching_score(const MarkovSwitchingModel& model,
                                         const Eigen::Ref<const Eigen::VectorXd>& y);

} // namespace troupe::quant
