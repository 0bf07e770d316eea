#pragma once

#include "actors/regime/features.hpp"
#include "trading/enums.hpp"

namespace troupe::regime {

/// The rule-based label of one bar, before hysteresis. The first row that holds gives it; the
/// numbers are the defaults of Settings.
///
///     label     holds where                                               source of the threshold
///     CRISIS    |r[t]| > 6 x max(sigma[t-1], slow[t-1], floor), or         RiskMetrics (1996) for
///               sigma[t] / max(slow[t], floor) >= 2, or the bar before     sigma; the multiples
///               ours was CRISIS by this row and that ratio is still >= 1.3
///     RANGING   nothing moved in the choppiness window (choppiness is     ours
///               100 there by definition, and says nothing)
///     TRENDING  ADX >= 25 and choppiness <= 50                            Wilder (1978); Dreiss
///     CHOPPY    choppiness >= 61.8                                        Dreiss (1993)
///     RANGING   otherwise
///
/// sigma: EWMA volatility, lambda 0.94; slow: root mean square return of 240 bars; floor: 10 % a
/// year. The larger of the two volatilities is the yardstick, so that the first ordinary move
/// after a calm spell is no crisis. Bollinger's bands explain and do not decide.
///
/// @param in_crisis  whether the bar before was in a crisis
[[nodiscard]] trading::Regime
candidate(const Features& features, bool in_crisis, const Settings& settings);

/// How far a bar's features are on the label's side of its rules: 0 .. 1, above 0.5 where the bar
/// itself is well inside, 0.5 on a boundary, below where the label stands only by hysteresis.
/// Beside a candidate CRISIS no other label ever stands: CRISIS comes at once.
///     confidence = (1 + s) / 2,  s = the smallest of the label's signed distances, each cut to
///     -1 .. 1:
///       trend = min((ADX - 25) / 25, (50 - choppiness) / 11.8)
///       chop  = (choppiness - 61.8) / 11.8
///       calm  = 2 (1 - max(return_ratio / 6, volatility_ratio / 2))
///     TRENDING min(trend, calm); CHOPPY min(chop, -trend, calm); RANGING min(-trend, -chop,
///     calm), and min(0, calm) where nothing moved;
///     CRISIS max(-calm, volatility_ratio / 1.3 - 1)
/// The unit of choppiness is the distance of its two thresholds, 61.8 - 50.
[[nodiscard]] double
confidence(trading::Regime label, const Features& features, const Settings& settings);

} // namespace troupe::regime
