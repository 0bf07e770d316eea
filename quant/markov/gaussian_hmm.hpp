#pragma once

#include "quant/markov/forward_backward.hpp"
#include "quant/markov/gaussian_states.hpp"

namespace troupe::quant {

/// A hidden Markov chain with Gaussian emissions.
/// @source  Rabiner, Proc. IEEE 77 (1989)
struct GaussianHmm {
  Eigen::VectorXd start;      ///< P(first state), shape (K)
  Eigen::MatrixXd transition; ///< a[i][j] = P(j next | i now), shape (K, K)
  GaussianStates states;

  [[nodiscard]] bool usable() const;
  [[nodiscard]] GaussianHmm permuted(const std::vector<Eigen::Index>& order) const;
};

/// What observations say of the states.
struct HmmInference {
  double log_likelihood = 0.0;
  RowMatrix filtered;          ///< P(state t | observations up to t), shape (T, K)
  RowMatrix smoothed;          ///< P(state t | all), shape (T, K): looks ahead
  Eigen::VectorXd next;        ///< P(state T+1 | all), shape (K)
  Eigen::MatrixXd transitions; ///< expected numbers, shape (K, K)
};

/// @param x  shape (T, d), T >= 1, finite
/// @returns  BAD_PARAMETER, BAD_SHAPE, TOO_SHORT, BAD_SAMPLE, DEGENERATE (probability 0)
/// @cost     O(T K (K + d^2))
Expected<HmmInference> infer(const GaussianHmm& model, const Eigen::Ref<const Eigen::MatrixXd>& x);

/// The most probable path of states; as infer().
Expected<StatePath> most_probable_path(const GaussianHmm& model,
                                       const Eigen::Ref<const Eigen::MatrixXd>& x);

/// Filtered probabilities, one observation at a time: equal to HmmInference::filtered.
/// @cost  O(K (K + d^2)) per observation, no allocation
class HmmFilter {
public:
  /// std::invalid_argument where the model is unusable
  explicit HmmFilter(const GaussianHmm& model);

  /// @param x  shape (d)
  /// @returns  false where it is refused (shape, not finite or above 1e100 in magnitude, or of
  ///           probability 0): nothing has changed then
  bool update(const Eigen::Ref<const Eigen::VectorXd>& x);

  /// P(state | observations so far), shape (K); the start before the first.
  [[nodiscard]] const Eigen::VectorXd& filtered() const { return filtered_; }
  /// P(state of the observation to come | observations so far).
  [[nodiscard]] const Eigen::VectorXd& predicted() const { return predicted_; }
  [[nodiscard]] double log_likelihood() const { return log_likelihood_; }

private:
  Eigen::MatrixXd transition_; ///< transposed
  GaussianDensities densities_;
  Eigen::Index dimension_;
  Eigen::VectorXd filtered_;
  Eigen::VectorXd predicted_;
  Eigen::VectorXd scratch_;
  double log_likelihood_ = 0.0;
};

} // namespace troupe::quant
