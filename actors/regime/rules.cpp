#include "actors/regime/rules.hpp"

#include <algorithm>

namespace troupe::regime {

namespace {

using trading::Regime;

double cut(double x) {
  return std::clamp(x, -1.0, 1.0);
}

/// Signed distances to the rules' boundaries; above 0 where the rule holds.
struct Distances {
  double trend;
  double chop;
  double calm;
  double crisis;
};

Distances distances(const Features& f, const Settings& s) {
  const double unit = s.choppy_choppiness_min - s.trending_choppiness_max;
  const double calm = 2.0
                      * (1.0
                         - std::max(f.return_ratio / s.crisis_volatility_ratio,
                                    f.volatility_ratio / s.crisis_entry_ratio));
  return {
    .trend = std::min(cut((f.adx - s.trending_adx_min) / s.trending_adx_min),
                      cut((s.trending_choppiness_max - f.choppiness) / unit)),
    .chop = cut((f.choppiness - s.choppy_choppiness_min) / unit),
    .calm = cut(calm),
    .crisis = std::max(cut(-calm), cut(f.volatility_ratio / s.crisis_exit_ratio - 1.0)),
  };
}

} // namespace

Regime candidate(const Features& f, bool in_crisis, const Settings& s) {
  const double ratio_min = in_crisis ? s.crisis_exit_ratio : s.crisis_entry_ratio;
  if (f.return_ratio > s.crisis_volatility_ratio || f.volatility_ratio >= ratio_min) {
    return Regime::CRISIS;
  }
  if (f.still) {
    return Regime::RANGING;
  }
  if (f.adx >= s.trending_adx_min && f.choppiness <= s.trending_choppiness_max) {
    return Regime::TRENDING;
  }
  return f.choppiness >= s.choppy_choppiness_min ? Regime::CHOPPY : Regime::RANGING;
}

double confidence(Regime label, const Features& f, const Settings& s) {
  const auto d = distances(f, s);
  const auto signed_distance = [&] {
    switch (label) {
      case Regime::TRENDING: return f.still ? -1.0 : std::min(d.trend, d.calm);
      case Regime::CHOPPY: return f.still ? -1.0 : std::min({d.chop, -d.trend, d.calm});
      case Regime::RANGING:
        return f.still ? std::min(0.0, d.calm) : std::min({-d.trend, -d.chop, d.calm});
      case Regime::CRISIS: return d.crisis;
    }
    return -1.0;
  };
  return (1.0 + signed_distance()) / 2.0;
}

} // namespace troupe::regime
