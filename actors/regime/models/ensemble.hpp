#pragma once

#include "actors/regime/models/filter.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace troupe::regime {

/// The regime of one instrument by the rules and a set of fitted models together: a weighted mean
/// of their distributions, with hysteresis (label.hpp). The candidate is the most probable one, or
/// CRISIS where that is the rules' label. Without a set it is what the rules say.
///
/// What stands at a bar depends on that bar and earlier ones, and on the set: a run over the newest
/// few hundred bars ends as a longer one.
/// @cost  O(1) per bar beside the filters
class Ensemble {
public:
  /// @param set  nullptr: the rules alone; @pre check_set(*set), else std::invalid_argument
  Ensemble(Hysteresis hysteresis, std::shared_ptr<const ModelSet> set);

  /// Takes the next bar.
  void apply(const Moment& moment);
  /// Takes many, oldest first.
  void apply(const std::deque<Moment>& moments);

  /// Goes on from the label that stood after an earlier bar, once that bar is passed; without a set
  /// nothing, as the rules go on themselves.
  void resume(const LabelState& kept);
  void mark_replayed() {
    if (set_) {
      label_.mark_replayed();
    }
  }
  [[nodiscard]] bool waits() const { return label_.waits(); }

  /// Takes the place of another, whose label stays until its dwell is served, as at any bar;
  /// without a set nothing. @pre ready(), before.ready()
  void succeed(const Ensemble& before, core::Timestamp now);

  [[nodiscard]] const std::shared_ptr<const ModelSet>& set() const { return set_; }
  [[nodiscard]] const std::vector<ModelFilter>& filters() const { return filters_; }
  /// Weights as used: of the rules, and of each filter; sum 1.
  [[nodiscard]] double rules_weight() const { return rules_weight_; }
  [[nodiscard]] double weight(std::size_t filter) const { return weights_.at(filter); }

  /// Whether a bar was taken. @pre of all below; otherwise std::bad_optional_access
  [[nodiscard]] bool ready() const { return label_.ready(); }
  [[nodiscard]] trading::Regime regime() const { return label_.state().label; }
  /// The most probable one now, without hysteresis.
  [[nodiscard]] trading::Regime candidate() const { return label_.state().candidate; }
  /// Close of the bar that brought the label.
  [[nodiscard]] core::Timestamp since() const { return label_.state().since; }
  [[nodiscard]] const LabelState& label() const { return label_.state(); }
  [[nodiscard]] double confidence() const;
  [[nodiscard]] const Distribution& probabilities() const { return probabilities_; }
  /// What the rules said at the newest bar.
  [[nodiscard]] const RulesSaid& rules() const { return rules_; }

private:
  void weigh();
  Hysteresis hysteresis_;
  std::shared_ptr<const ModelSet> set_;
  std::vector<ModelFilter> filters_;
  double rules_weight_ = 1.0;
  std::vector<double> weights_;
  RulesSaid rules_;
  Distribution probabilities_{};
  Label label_;
};

/// The rules' own chain: how often one label followed another, with a quarter of a bar added to
/// each pair, so that what was never seen is not impossible.
[[nodiscard]] RegimeTransition rules_transition(const std::deque<Moment>& moments);

/// A model's transition between regimes, its states weighted by their filtered probabilities, or by
/// the stationary ones where the regime has none now. Rows of regimes that no state stands for are
/// 0.
[[nodiscard]] RegimeTransition regime_transition(const ModelFilter& filter);

/// Where the ensemble's regimes go.
struct Outlook {
  RegimeTransition transition; ///< weighted mean over the models that have the row's regime
  Distribution next{};         ///< weighted mean of the models' forecasts
  Distribution rules_next{};
  RegimeTransition rules; ///< rules_transition()
};
/// @pre ensemble.ready()
[[nodiscard]] Outlook outlook_of(const Ensemble& ensemble, const std::deque<Moment>& moments);

} // namespace troupe::regime
