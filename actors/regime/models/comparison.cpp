#include "actors/regime/models/comparison.hpp"

namespace troupe::regime {

namespace comparison_detail {

void count_side(ComparisonSide& side, const Ensemble& ensemble) {
  const auto now = ensemble.regime();
  if (side.label && *side.label != now) {
    ++side.switches;
  }
  side.label = now;
  side.crisis += now == trading::Regime::CRISIS ? 1U : 0U;
  for (const auto& filter : ensemble.filters()) {
    auto& score = side.scores[name_of(filter.model().kind)];
    score.sum += filter.log_score();
    ++score.number;
  }
}

messages::RegimeModelScore score_of(const ComparisonSide& side, std::uint64_t bars) {
  messages::RegimeModelScore out;
  out.regime = side.label;
  out.switches = side.switches;
  if (bars > 0) {
    const auto count = static_cast<double>(bars);
    out.dwell_bars_mean = count / static_cast<double>(side.switches + 1);
    out.crisis_share = static_cast<double>(side.crisis) / count;
  }
  for (const auto& [model, kept] : side.scores) {
    out.log_score_mean.emplace(model, kept.sum / static_cast<double>(kept.number));
  }
  return out;
}

} // namespace comparison_detail

void Comparison::count(const Moment& moment, const Ensemble& live, const Ensemble& shadow) {
  tally_.from = tally_.from.value_or(moment.observation.at);
  tally_.until = moment.observation.at;
  ++tally_.bars;
  tally_.agreed += live.regime() == shadow.regime() ? 1U : 0U;
  comparison_detail::count_side(tally_.live, live);
  comparison_detail::count_side(tally_.shadow, shadow);
}

messages::RegimeModelComparison Comparison::result() const {
  messages::RegimeModelComparison out;
  out.n_bars = tally_.bars;
  out.from = tally_.from;
  out.until = tally_.until;
  if (tally_.bars > 0) {
    out.agreement = static_cast<double>(tally_.agreed) / static_cast<double>(tally_.bars);
  }
  out.live = comparison_detail::score_of(tally_.live, tally_.bars);
  out.shadow = comparison_detail::score_of(tally_.shadow, tally_.bars);
  return out;
}

} // namespace troupe::regime
