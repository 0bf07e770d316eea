#include "actors/market_data/sla_tracker.hpp"

#include <algorithm>

namespace troupe::market_data {

using core::Timestamp;
using std::chrono::nanoseconds;

namespace {

/// A feed that has not come up by then is observed all the same.
constexpr std::chrono::seconds start_grace{30};

} // namespace

SlaTracker::SlaTracker(const SlaSettings& settings)
  : settings_(settings),
    slot_length_(std::max(settings.window.chrono() / static_cast<std::int64_t>(slots_count),
                          nanoseconds{1})) {}

SlaTracker::Slot& SlaTracker::slot(Timestamp now) {
  constexpr auto count = static_cast<std::int64_t>(slots_count);
  auto number = core::floor(now, slot_length_).ns / slot_length_.count();
  if (!newest_ || number - *newest_ >= count) {
    slots_.fill({});
    newest_ = number;
  }
  while (*newest_ < number) {
    slots_.at(static_cast<std::size_t>(++*newest_ % count)) = {};
  }
  number = std::max(number, *newest_ - count + 1);
  return slots_.at(static_cast<std::size_t>(number % count));
}

void SlaTracker::account(Timestamp now) {
  if (!accounted_ || now <= *accounted_) {
    return;
  }
  auto from = std::max(*accounted_, now - settings_.window.chrono());
  while (from < now) {
    const auto until = std::min(now, core::floor(from, slot_length_) + slot_length_);
    auto& into = slot(from);
    into.observed += until - from;
    if (state_ == trading::Freshness::LIVE && live_until_ > from) {
      into.live += std::min(until, live_until_) - from;
    }
    from = until;
  }
  accounted_ = now;
}

void SlaTracker::observe(Timestamp now, trading::Freshness state, Timestamp live_until) {
  first_ = first_.value_or(now);
  if (!accounted_ && (state == trading::Freshness::LIVE || now - *first_ > start_grace)) {
    accounted_ = now;
  }
  account(now);
  state_ = state;
  live_until_ = live_until;
}

void SlaTracker::on_data(Timestamp now, std::uint64_t messages) {
  auto& into = slot(now);
  if (last_data_) {
    into.silence_max = std::max(into.silence_max, now - *last_data_);
  }
  last_data_ = std::max(last_data_.value_or(now), now);
  into.messages += messages;
  messages_ += messages;
}

void SlaTracker::on_published(Timestamp now, nanoseconds latency) {
  ++slot(now).latencies.at(messages::latency_bucket(latency));
}

void SlaTracker::on_gap(Timestamp now) {
  if (!gap_since_) {
    gap_since_ = now;
    ++slot(now).gaps;
  }
}

void SlaTracker::on_healed() {
  gap_since_.reset();
}

void SlaTracker::on_unhealable(Timestamp now) {
  gap_since_.reset();
  unhealable_until_ = now + settings_.window.chrono();
}

void SlaTracker::on_resync(Timestamp now) {
  ++slot(now).resyncs;
}

std::vector<std::uint32_t> SlaTracker::latencies(Timestamp now) {
  (void)slot(now);
  std::vector<std::uint32_t> sums(messages::latency_buckets);
  for (const auto& part : slots_) {
    std::transform(sums.begin(), sums.end(), part.latencies.begin(), sums.begin(), std::plus{});
  }
  return sums;
}

messages::SlaFigures SlaTracker::figures(Timestamp now) {
  account(now);
  (void)slot(now);
  messages::SlaFigures out;
  nanoseconds observed{0};
  nanoseconds live{0};
  nanoseconds silence{0};
  std::uint64_t messages = 0;
  for (const auto& part : slots_) {
    observed += part.observed;
    live += part.live;
    silence = std::max(silence, part.silence_max);
    messages += part.messages;
    out.gaps += part.gaps;
    out.resyncs += part.resyncs;
  }
  const auto down = observed - live;
  const auto seconds = [](nanoseconds d) { return std::chrono::duration<double>(d).count(); };
  out.uptime = observed.count() > 0 ? seconds(live) / seconds(observed) : 1.0;
  constexpr std::int64_t ns_per_ms = 1'000'000;
  out.observed_ms = observed.count() / ns_per_ms;
  out.down_ms = down.count() / ns_per_ms;
  out.error_budget_used =
    seconds(down) / ((1.0 - settings_.uptime) * seconds(settings_.window.chrono()));
  out.messages = messages_;
  out.messages_per_second =
    observed.count() > 0 ? static_cast<double>(messages) / seconds(observed) : 0.0;
  const auto counts = latencies(now);
  for (const auto count : counts) {
    out.latency_samples += count;
  }
  out.latency_p50_ms = messages::latency_quantile_ms(counts, 0.5);
  out.latency_p99_ms = messages::latency_quantile_ms(counts, 0.99);
  const bool open_too_long = gap_since_ && now - *gap_since_ > settings_.heal_within.chrono();
  const bool lost = unhealable_until_ && now < *unhealable_until_;
  out.unhealed_gaps = (open_too_long ? 1U : 0U) + (lost ? 1U : 0U);
  const auto age = last_data_ ? std::max(now - *last_data_, nanoseconds{0}) : nanoseconds{0};
  out.staleness_ms = age.count() / ns_per_ms;
  out.staleness_max_ms = std::max(silence, age).count() / ns_per_ms;
  return out;
}

} // namespace troupe::market_data
