#pragma once

#include "actors/regime/models/fitted_model.hpp"

#include <memory>
#include <variant>

namespace troupe::regime {

/// A fitted model that follows the bars: probabilities given the bars so far, never later ones.
/// @cost  O(K (K + d^2)) per bar
class ModelFilter {
public:
  /// Starts from the stationary distribution. Throws std::invalid_argument where check_model()
  /// refuses the model.
  explicit ModelFilter(std::shared_ptr<const FittedModel> model);

  /// Takes the next bar; one that the kernel refuses (not finite) changes nothing.
  void update(const Observation& observation);

  [[nodiscard]] const FittedModel& model() const { return *model_; }
  /// P(state | bars so far), shape (K).
  [[nodiscard]] const Eigen::VectorXd& states() const;
  /// P(state of the bar to come | bars so far), shape (K).
  [[nodiscard]] Eigen::VectorXd next_states() const;
  /// Sums over the states of each regime.
  [[nodiscard]] Distribution probabilities() const;
  [[nodiscard]] Distribution next() const;
  /// ln of the density of the newest bar given those before it: of its return for a
  /// markov_switching model, of its (ln volatility ratio, choppiness / 100) for an hmm. 0 at first.
  [[nodiscard]] double log_score() const { return log_score_; }

private:
  [[nodiscard]] Distribution by_regime(const Eigen::Ref<const Eigen::VectorXd>& states) const;
  [[nodiscard]] double log_likelihood() const;

  std::shared_ptr<const FittedModel> model_;
  std::variant<quant::HmmFilter, quant::SwitchingFilter> filter_;
  double log_score_ = 0.0;
};

} // namespace troupe::regime
