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

/// Largest choppiness of a trend, and smallest of chop, for the label that stands.
double trend_choppiness(std::optional<Regime> label, const Settings& s) {
  return label == Regime::TRENDING ? s.choppy_choppiness_min : s.trending_choppiness_max;
}
double chop_choppiness(std::optional<Regime> label, const Settings& s) {
  return label == Regime::CHOPPY ? s.trending_choppiness_max : s.choppy_choppiness_min;
}

Distances distances(Regime label, const Features& f, const Settings& s) {
  const double unit = s.choppy_choppiness_min - s.trending_choppiness_max;
  const double shock = std::min(f.shock_ratio / f.shock_threshold, // elevated after a shock
                                f.volatility_ratio / s.crisis_exit_ratio);
  const double calm = 2.0 * (1.0 - std::max(shock, f.volatility_ratio / s.crisis_entry_ratio));
  return {
    .trend = std::min(cut((f.adx - s.trending_adx_min) / s.trending_adx_min),
                      cut((trend_choppiness(label, s) - f.choppiness) / unit)),
    .chop = cut((f.choppiness - chop_choppiness(label, s)) / unit),
    .calm = cut(calm),
    .crisis = std::max(cut(-calm), cut(f.volatility_ratio / s.crisis_exit_ratio - 1.0)),
  };
}

} // namespace

Regime candidate(const Features& f, const Standing& standing, const Settings& s) {
  const bool shocked = standing.in_crisis || f.shock_ratio > f.shock_threshold;
  if (f.volatility_ratio >= (shocked ? s.crisis_exit_ratio : s.crisis_entry_ratio)) {
    return Regime::CRISIS;
  }
  if (f.still) {
    return Regime::RANGING;
  }
  if (f.adx >= s.trending_adx_min && f.choppiness <= trend_choppiness(standing.label, s)) {
    return Regime::TRENDING;
  }
  return f.choppiness >= chop_choppiness(standing.label, s) ? Regime::CHOPPY : Regime::RANGING;
}

double confidence(Regime label, const Features& f, const Settings& s) {
  const auto d = distances(label, f, s);
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
