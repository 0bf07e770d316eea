#pragma once

#include "actors/regime/features.hpp"
#include "trading/enums.hpp"

#include <optional>

namespace troupe::regime {

/// What a bar is judged against: thresholds differ for what stands already (hysteresis).
struct Standing {
  std::optional<trading::Regime> label; ///< before this bar
  bool in_crisis = false;               ///< the bar before was a candidate CRISIS
};

/// The rule-based label of one bar, before confirmation and dwell. The first row that holds gives
/// it; the numbers are the defaults of Settings.
///
///     label     holds where                                               source of the threshold
///     CRISIS    a shock, |r[s]| > k x max(sigma[s-1], floor), at this or   RiskMetrics (1996) for
///               one of the two bars before (t-2 <= s <= t), and the        sigma; the multiples
///               ratio sigma[t] / max(slow[t], floor) >= 1.3; or            ours
///               that ratio >= 2; or
///               the bar before was CRISIS by this row and it is still >= 1.3
///     RANGING   nothing moved in the choppiness window (choppiness is     ours
///               100 there by definition, and says nothing)
///     TRENDING  ADX >= 25 and choppiness <= 50; where TRENDING stands:     Wilder (1978); Dreiss
///               and choppiness <= 61.8
///     CHOPPY    choppiness >= 61.8; where CHOPPY stands: >= 50             Dreiss (1993)
///     RANGING   otherwise
///
/// k: 6, and 4 on bars of a day and longer, whose tails are thinner. sigma: EWMA volatility, lambda
/// 0.94; slow: root mean square return of 240 bars; floor: 10 % a year. A shock alone is no crisis:
/// the first move after a calm spell, which leaves volatility no higher than usual, is none.
/// Each of TRENDING and CHOPPY ends where choppiness reaches the threshold at which the other one
/// begins. Bollinger's bands explain and do not decide.
[[nodiscard]] trading::Regime
candidate(const Features& features, const Standing& standing, const Settings& settings);

/// How far a bar's features are on the standing label's side of its rules: 0 .. 1, above 0.5 where
/// the bar itself is well inside, 0.5 on a boundary, below where the label stands only by
/// confirmation and dwell. Beside a candidate CRISIS no other label ever stands: CRISIS comes at
/// once.
///     confidence = (1 + s) / 2,  s = the smallest of the label's signed distances, each cut to
///     -1 .. 1:
///       trend = min((ADX - 25) / 25, (50 - choppiness) / 11.8), for TRENDING itself with 61.8
///       chop  = (choppiness - 61.8) / 11.8, for CHOPPY itself with 50
///       calm  = 2 (1 - max(min(shock_ratio / k, volatility_ratio / 1.3), volatility_ratio / 2))
///     TRENDING min(trend, calm); CHOPPY min(chop, -trend, calm); RANGING min(-trend, -chop,
///     calm), and min(0, calm) where nothing moved;
///     CRISIS max(-calm, volatility_ratio / 1.3 - 1)
/// The unit of choppiness is the distance of its two thresholds, 61.8 - 50.
[[nodiscard]] double
confidence(trading::Regime label, const Features& features, const Settings& settings);

} // namespace troupe::regime
