#include "actors/regime/label.hpp"

namespace troupe::regime {

void Label::resume(const LabelState& kept) {
  kept_ = kept;
  if (state_ && state_->as_of == kept.as_of) {
    state_ = kept;
    kept_.reset();
    resumed_ = true;
  }
}

void Label::approach(core::Timestamp at) {
  if (!kept_ || at <= kept_->as_of) {
    return;
  }
  if (state_) {
    state_ = *kept_;
    resumed_ = true;
  }
  kept_.reset();
}

void Label::take(trading::Regime candidate, core::Timestamp at, const Hysteresis& hysteresis) {
  using trading::Regime;
  approach(at);
  if (!state_) {
    state_ = LabelState{
      .as_of = at, .label = candidate, .since = at, .candidate = candidate, .candidate_run = 1};
  } else {
    auto& now = *state_;
    now.as_of = at;
    now.candidate_run = candidate == now.candidate ? now.candidate_run + 1 : 1;
    now.candidate = candidate;
    ++now.label_run;
    const bool confirmed =
      now.candidate_run >= hysteresis.confirm_bars && now.label_run >= hysteresis.dwell_bars_min;
    if (candidate != now.label && (candidate == Regime::CRISIS || confirmed)) {
      now.label = candidate;
      now.label_run = 0;
      now.since = at;
      now.since_replayed = false;
    }
  }
  if (kept_ && at == kept_->as_of) {
    state_ = *kept_;
    kept_.reset();
    resumed_ = true;
  }
}

void Label::succeed(const LabelState& before, core::Timestamp now, const Hysteresis& hysteresis) {
  auto& mine = state_.value();
  const bool other = mine.label != before.label;
  if (other
      && (mine.label == trading::Regime::CRISIS || before.label_run >= hysteresis.dwell_bars_min)) {
    mine.since = now;
    mine.label_run = 0;
    mine.since_replayed = false;
    return;
  }
  mine.label = before.label;
  mine.since = before.since;
  mine.label_run = before.label_run;
  mine.since_replayed = before.since_replayed;
}

void Label::mark_replayed() {
  if (state_ && !resumed_) {
    state_->since_replayed = true;
  }
}

} // namespace troupe::regime
