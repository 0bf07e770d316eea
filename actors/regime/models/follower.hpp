#pragma once

#include "actors/regime/classifier.hpp"
#include "actors/regime/models/observation.hpp"

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

namespace troupe::regime {

/// A classifier, and what fitted models need of the newest bars it took.
class Follower {
public:
  /// Throws std::invalid_argument for settings that check() refuses. @param settings  outlives this
  /// @param moments_max  newest bars that are kept; 0: none
  Follower(const Settings& settings, trading::Interval interval, std::size_t moments_max);

  /// As Classifier::apply().
  void apply(const trading::Bar& bar);
  /// As Classifier::resume(), mark_replayed().
  void resume(const LabelState& kept) { classifier_.resume(kept); }
  void mark_replayed();

  [[nodiscard]] const Classifier& classifier() const { return classifier_; }
  /// Bars since the rules' first label, oldest first.
  [[nodiscard]] const std::deque<Moment>& moments() const { return moments_; }
  /// How many were taken, those that are not kept any more included.
  [[nodiscard]] std::uint64_t taken() const { return taken_; }
  [[nodiscard]] std::size_t moments_max() const { return moments_max_; }

private:
  Classifier classifier_;
  std::size_t moments_max_;
  std::deque<Moment> moments_;
  std::uint64_t taken_ = 0;
};

/// What models are fitted on. @param bars  ascending; those that are not closed are passed over
[[nodiscard]] std::vector<Observation> observations_of(const Settings& settings,
                                                       trading::Interval interval,
                                                       std::span<const trading::Bar> bars);

} // namespace troupe::regime
