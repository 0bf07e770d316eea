#include "actors/regime/track.hpp"

#include <utility>

namespace troupe::regime {

namespace {

/// The most bars that history gives at once.
constexpr std::uint32_t history_limit_max = 1'000;

void apply_closed(Follower& follower, std::span<const trading::Bar> bars) {
  for (const auto& bar : bars) {
    if (bar.final) {
      follower.apply(bar);
    }
  }
}

} // namespace

Track::Track(const Settings& settings, trading::Interval interval, std::size_t moments_max)
  : settings_(&settings), follower_(settings, interval, moments_max) {}

HistoryNeed Track::rebuild() {
  if (classifier().ready() && !kept_) {
    kept_ = classifier().label();
  }
  if (mode_ == Mode::CHECKING_HOLE) {
    // they are in history too, but must not be lost should it stay silent
    for (const auto& bar : waiting_) {
      follower_.apply(bar);
    }
  }
  mode_ = Mode::REBUILDING;
  return {.start = {}, .end = {}, .limit = settings_->warm_up_bars};
}

void Track::keep(const trading::Bar& bar) {
  if (waiting_.size() >= settings_->waiting_bars_max) {
    waiting_.pop_front(); // leaves a hole, which will be asked for
  }
  waiting_.push_back(bar);
}

std::optional<HistoryNeed> Track::on_bar(const trading::Bar& bar) {
  switch (mode_) {
    case Mode::REBUILDING:
      keep(bar);
      follower_.apply(bar);
      return std::nullopt;
    case Mode::CHECKING_HOLE: keep(bar); return std::nullopt;
    case Mode::FOLLOWING: break;
  }
  return follow(bar);
}

std::optional<HistoryNeed> Track::follow(const trading::Bar& bar) {
  const auto end = classifier().as_of();
  if (!end || bar.ts_open <= *end || bar.ts_open <= checked_until_) {
    follower_.apply(bar);
    return std::nullopt;
  }
  keep(bar);
  const auto missing = (bar.ts_open - *end) / classifier().interval().duration();
  if (missing > history_limit_max) {
    return rebuild();
  }
  mode_ = Mode::CHECKING_HOLE;
  checked_until_ = bar.ts_open;
  return HistoryNeed{.start = *end, .end = bar.ts_open, .limit = history_limit_max};
}

std::optional<HistoryNeed> Track::follow_waiting() {
  auto waiting = std::exchange(waiting_, {});
  while (!waiting.empty()) {
    auto need = follow(waiting.front());
    waiting.pop_front();
    if (need) {
      for (const auto& bar : waiting) {
        keep(bar);
      }
      return need;
    }
  }
  return std::nullopt;
}

std::optional<HistoryNeed> Track::on_history(std::span<const trading::Bar> bars) {
  const auto mode = std::exchange(mode_, Mode::FOLLOWING);
  if (mode == Mode::CHECKING_HOLE) {
    apply_closed(follower_, bars);
    return follow_waiting();
  }
  if (mode == Mode::FOLLOWING) {
    return std::nullopt; // nothing was wanted
  }
  Follower fresh{*settings_, classifier().interval(), follower_.moments_max()};
  const auto& interval = classifier().interval();
  if (kept_ && !bars.empty()
      && kept_->as_of <= bars.back().ts_close + history_lag_bars_max * interval.duration()) {
    fresh.resume(*kept_); // else they are a recording's that is played again
  }
  apply_closed(fresh, bars);
  if (fresh.classifier().ready()) {
    fresh.mark_replayed();
  }
  incomplete_ = false;
  if (!fresh.classifier().ready() && fresh.classifier().bars() < classifier().bars()) {
    waiting_.clear(); // history knows less than the live bars, which are applied already
    return std::nullopt;
  }
  follower_ = std::move(fresh);
  kept_.reset();
  ++rebuilds_;
  return follow_waiting();
}

void Track::on_history_failed() {
  incomplete_ = true;
  static_cast<void>(rebuild());
}

} // namespace troupe::regime
