#pragma once

#include "actors/regime/models/ensemble.hpp"

namespace troupe::regime {

/// Sum of one model's log scores.
struct ScoreSum {
  double sum = 0.0;
  std::uint64_t number = 0;
};
BOOST_DESCRIBE_STRUCT(ScoreSum, (), (sum, number))

/// Counts of one of two sets.
struct ComparisonSide {
  std::optional<trading::Regime> label;
  std::uint64_t switches = 0;
  std::uint64_t crisis = 0;
  std::map<std::string, ScoreSum> scores; ///< by model
};
BOOST_DESCRIBE_STRUCT(ComparisonSide, (), (label, switches, crisis, scores))

/// A comparison as it is stored.
struct ComparisonTally {
  std::uint64_t bars = 0;
  std::uint64_t agreed = 0;
  std::optional<core::Timestamp> from;
  std::optional<core::Timestamp> until;
  ComparisonSide live;
  ComparisonSide shadow;
};
BOOST_DESCRIBE_STRUCT(ComparisonTally, (), (bars, agreed, from, until, live, shadow))

/// How a live and a shadow set do on the same bars, counted as the bars come: no set is fitted on a
/// bar that it is judged by. Goes on from a tally that was kept.
class Comparison {
public:
  Comparison() = default;
  explicit Comparison(ComparisonTally kept) : tally_(std::move(kept)) {}

  /// Both have taken the bar. @pre live.ready(), shadow.ready()
  void count(const Moment& moment, const Ensemble& live, const Ensemble& shadow);

  [[nodiscard]] const ComparisonTally& tally() const { return tally_; }
  [[nodiscard]] messages::RegimeModelComparison result() const;

private:
  ComparisonTally tally_;
};

} // namespace troupe::regime
