#pragma once

#include "actors/regime/label.hpp"
#include "core/time.hpp"
#include "trading/enums.hpp"

#include <array>
#include <cstddef>
#include <map>
#include <string>

namespace troupe::regime {

/// The regimes in the order of their enumeration: the order of distributions and matrices.
inline constexpr std::array regimes_all{trading::Regime::TRENDING, trading::Regime::RANGING,
                                        trading::Regime::CHOPPY, trading::Regime::CRISIS};

/// Probabilities of the four regimes, in that order; sum 1.
using Distribution = std::array<double, regimes_all.size()>;
/// Probabilities of the regime to come (column) by the present one (row).
using RegimeTransition = std::array<Distribution, regimes_all.size()>;

[[nodiscard]] constexpr std::size_t index_of(trading::Regime regime) {
  return static_cast<std::size_t>(regime);
}

/// The name as callers see it.
[[nodiscard]] std::string name_of(trading::Regime regime);

[[nodiscard]] std::map<std::string, double> named(const Distribution& probabilities);

/// The most probable one; of equals the first in the order of the enumeration.
[[nodiscard]] trading::Regime most_probable(const Distribution& probabilities);

/// What fitted models see of one closed bar. An interval in which nothing traded has none.
struct Observation {
  core::Timestamp at{}; ///< close of the bar
  /// Log return since the bar before; over a gap of k intervals divided by sqrt(k).
  double log_return = 0.0;
  double volatility_ratio = 0.0; ///< fast over slow volatility, Features::volatility_ratio
  double choppiness = 0.0;       ///< 0 to 100
};

/// What the rules said at one bar.
struct RulesSaid {
  trading::Regime label = trading::Regime::RANGING; ///< with hysteresis
  trading::Regime candidate = trading::Regime::RANGING;
  double confidence = 0.0; ///< of the label
  core::Timestamp since{}; ///< of the label
  // what else hysteresis remembers, for an ensemble that has no set
  std::uint64_t label_run = 0;
  std::uint64_t candidate_run = 0;
  bool since_replayed = false;

  /// @param at  close of the bar
  [[nodiscard]] LabelState state(core::Timestamp at) const {
    return {at, label, since, label_run, since_replayed, candidate, candidate_run};
  }
};

/// Rules as a distribution: `confidence` on the label, the rest on the candidate where that is
/// another regime, else in equal parts on the other three.
[[nodiscard]] Distribution distribution_of(const RulesSaid& rules);

/// All that is known of one closed bar.
struct Moment {
  Observation observation{};
  RulesSaid rules{};
};

} // namespace troupe::regime
