#include "actors/regime/classifier.hpp"

#include "actors/regime/rules.hpp"

#include <algorithm>

namespace troupe::regime {

Classifier::Classifier(const Settings& settings, trading::Interval interval)
  : settings_(&settings), interval_(interval), features_(settings, interval) {}

bool Classifier::well_formed(const trading::Bar& bar) const {
  return bar.final && bar.ts_close == bar.ts_open + interval_.duration()
         && interval_.open_of(bar.ts_open) == bar.ts_open && FeatureTracker::usable(bar);
}

Classifier::Outcome Classifier::apply(const trading::Bar& bar) {
  if (!well_formed(bar)) {
    ++refused_;
    return Outcome::REFUSED;
  }
  if (as_of_ && bar.ts_open < *as_of_) {
    return Outcome::OLD;
  }
  fill_until(bar.ts_open);
  ++bars_;
  step(bar);
  return Outcome::APPLIED;
}

void Classifier::fill_until(core::Timestamp ts_open) {
  if (!as_of_ || *as_of_ == ts_open) {
    return;
  }
  const auto length = interval_.duration();
  const auto missing = (ts_open - *as_of_) / length;
  const auto count = std::min<std::int64_t>(missing, settings_->volatility_window_bars);
  trading::Bar flat;
  flat.open = flat.high = flat.low = flat.close = close_;
  flat.final = true;
  flat.ts_open = ts_open - count * length;
  for (std::int64_t i = 0; i < count; ++i) {
    flat.ts_close = flat.ts_open + length;
    step(flat);
    flat.ts_open = flat.ts_close;
  }
}

void Classifier::step(const trading::Bar& bar) {
  features_.update(bar);
  close_ = bar.close;
  as_of_ = bar.ts_close;
  if (features_.current() && bars_ >= bars_needed()) {
    decide(bar.ts_close);
  }
}

void Classifier::decide(core::Timestamp at) {
  label_.approach(at);
  Standing standing;
  if (label_.ready()) {
    standing = {.label = label_.state().label,
                .in_crisis = label_.state().candidate == trading::Regime::CRISIS};
  }
  label_.take(regime::candidate(*features_.current(), standing, *settings_), at,
              {settings_->confirm_bars, settings_->dwell_bars_min});
}

double Classifier::confidence() const {
  return regime::confidence(regime(), features(), *settings_);
}

} // namespace troupe::regime
