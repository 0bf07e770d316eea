#include "actors/regime/models/comparison.hpp"

namespace troupe::regime {

void Comparison::Side::count(const Ensemble& ensemble) {
  const auto now = ensemble.regime();
  if (label && *label != now) {
    ++switches;
  }
  label = now;
  crisis += now == trading::Regime::CRISIS ? 1U : 0U;
  for (const auto& filter : ensemble.filters()) {
    auto& [sum, number] = scores[name_of(filter.model().kind)];
    sum += filter.log_score();
    ++number;
  }
}

messages::RegimeModelScore Comparison::Side::score(std::uint64_t bars) const {
  messages::RegimeModelScore out;
  out.regime = label;
  out.switches = switches;
  if (bars > 0) {
    const auto count = static_cast<double>(bars);
    out.dwell_bars_mean = count / static_cast<double>(switches + 1);
    out.crisis_share = static_cast<double>(crisis) / count;
  }
  for (const auto& [model, kept] : scores) {
    out.log_score_mean.emplace(model, kept.first / static_cast<double>(kept.second));
  }
  return out;
}

void Comparison::count(const Moment& moment, const Ensemble& live, const Ensemble& shadow) {
  from_ = from_.value_or(moment.observation.at);
  until_ = moment.observation.at;
  ++bars_;
  agreed_ += live.regime() == shadow.regime() ? 1U : 0U;
  live_.count(live);
  shadow_.count(shadow);
}

messages::RegimeModelComparison Comparison::result() const {
  messages::RegimeModelComparison out;
  out.n_bars = bars_;
  out.from = from_;
  out.until = until_;
  out.agreement = bars_ > 0 ? static_cast<double>(agreed_) / static_cast<double>(bars_) : 0.0;
  out.live = live_.score(bars_);
  out.shadow = shadow_.score(bars_);
  return out;
}

} // namespace troupe::regime
