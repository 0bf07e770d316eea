#include "actors/regime/models/follower.hpp"

#include <algorithm>
#include <cmath>

namespace troupe::regime {

namespace {

Moment moment_of(const Classifier& classifier, std::int64_t intervals) {
  const auto& features = classifier.features();
  Moment out;
  out.observation = {.at = *classifier.as_of(),
                     .log_return = features.log_return / std::sqrt(static_cast<double>(intervals)),
                     .volatility_ratio = features.volatility_ratio,
                     .choppiness = features.choppiness};
  const auto& label = classifier.label();
  out.rules = {.label = label.label,
               .candidate = label.candidate,
               .confidence = classifier.confidence(),
               .since = label.since,
               .label_run = label.label_run,
               .candidate_run = label.candidate_run,
               .since_replayed = label.since_replayed};
  return out;
}

} // namespace

Follower::Follower(const Settings& settings, trading::Interval interval, std::size_t moments_max)
  : classifier_(settings, interval), moments_max_(moments_max) {}

void Follower::apply(const trading::Bar& bar) {
  const auto before = classifier_.as_of();
  if (classifier_.apply(bar) != Classifier::Outcome::APPLIED || !classifier_.ready()
      || moments_max_ == 0) {
    return;
  }
  const auto spanned =
    before ? (bar.ts_close - *before) / classifier_.interval().duration() : std::int64_t{1};
  moments_.push_back(moment_of(classifier_, std::max<std::int64_t>(spanned, 1)));
  ++taken_;
  if (moments_.size() > moments_max_) {
    moments_.pop_front();
  }
}

void Follower::mark_replayed() {
  classifier_.mark_replayed();
  if (!moments_.empty()) {
    moments_.back().rules.since_replayed = classifier_.label().since_replayed;
  }
}

std::vector<Observation> observations_of(const Settings& settings,
                                         trading::Interval interval,
                                         std::span<const trading::Bar> bars) {
  Follower follower{settings, interval, bars.size()};
  for (const auto& bar : bars) {
    if (bar.final) {
      follower.apply(bar);
    }
  }
  std::vector<Observation> out;
  out.reserve(follower.moments().size());
  for (const auto& moment : follower.moments()) {
    out.push_back(moment.observation);
  }
  return out;
}

} // namespace troupe::regime
