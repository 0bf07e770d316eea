#include "actors/market_data/sla_table.hpp"

#include <algorithm>
#include <functional>

namespace troupe::market_data {

using core::Errc;
using core::Error;
using messages::FeedSlaMeasured;
using messages::VenueSla;

namespace {

/// Owners measure once a second; what is older is from one that is away.
constexpr std::chrono::seconds sla_stale_after{5};

/// Adds up feeds of a venue.
struct VenueSums {
  VenueSla row;
  std::vector<std::uint32_t> latencies = std::vector<std::uint32_t>(messages::latency_buckets);

  void add(const FeedSlaMeasured& item) {
    const auto& feed = item.feed;
    auto& sum = row.figures;
    ++row.feeds;
    row.live += feed.freshness == trading::Freshness::LIVE ? 1U : 0U;
    row.feeds_breached += feed.breached.empty() ? 0U : 1U;
    sum.observed_ms += feed.figures.observed_ms;
    sum.down_ms += feed.figures.down_ms;
    sum.messages += feed.figures.messages;
    sum.messages_per_second += feed.figures.messages_per_second;
    sum.latency_samples += feed.figures.latency_samples;
    sum.gaps += feed.figures.gaps;
    sum.unhealed_gaps += feed.figures.unhealed_gaps;
    sum.resyncs += feed.figures.resyncs;
    sum.staleness_ms = std::max(sum.staleness_ms, feed.figures.staleness_ms);
    sum.staleness_max_ms = std::max(sum.staleness_max_ms, feed.figures.staleness_max_ms);
    sum.error_budget_used += feed.figures.error_budget_used;
    if (item.latencies.size() == latencies.size()) {
      std::transform(latencies.begin(), latencies.end(), item.latencies.begin(), latencies.begin(),
                     std::plus{});
    }
  }
  [[nodiscard]] VenueSla total(const SlaSettings& settings) const {
    auto out = row;
    auto& sum = out.figures;
    if (sum.observed_ms > 0) {
      sum.uptime = 1.0 - static_cast<double>(sum.down_ms) / static_cast<double>(sum.observed_ms);
    }
    sum.error_budget_used /= std::max(1.0, static_cast<double>(row.feeds));
    sum.latency_p50_ms = messages::latency_quantile_ms(latencies, 0.5);
    sum.latency_p99_ms = messages::latency_quantile_ms(latencies, 0.99);
    out.breached = breached_targets(sum, settings);
    return out;
  }
};

Error sla_invalid(const std::string& field, const std::string& expected, const std::string& found) {
  return {Errc::INVALID_ARGUMENT,
          field + ": expected " + expected + ", found \"" + found.substr(0, 64) + "\""};
}

bool matches(const trading::InstrumentId& wanted, const trading::InstrumentId& id) {
  return wanted.symbol == id.symbol && (!wanted.qualified() || wanted.venue == id.venue);
}

} // namespace

void SlaTable::take(FeedSlaMeasured measured) {
  auto& kept = feeds_[{measured.feed.instrument, measured.feed.channel}];
  if (measured.feed.as_of >= kept.feed.as_of) {
    kept = std::move(measured);
  }
}

std::vector<VenueSla> SlaTable::venues(const std::string& node) const {
  std::map<std::pair<std::string, std::string>, VenueSums> sums;
  for (const auto& [key, item] : feeds_) {
    if (!node.empty() && item.feed.node != node) {
      continue;
    }
    for (const auto& channel : {std::string{"all"}, item.feed.channel}) {
      auto& sum = sums[{item.feed.instrument.venue, channel}];
      sum.row.venue = item.feed.instrument.venue;
      sum.row.channel = channel;
      sum.add(item);
    }
  }
  std::vector<VenueSla> out;
  for (const auto& [key, sum] : sums) {
    out.push_back(sum.total(settings_));
  }
  return out;
}

messages::SlaReport SlaTable::report(const std::optional<trading::InstrumentId>& symbol,
                                     const std::optional<std::string>& venue,
                                     const std::optional<std::string>& channel) const {
  messages::SlaReport out;
  out.targets = targets_of(settings_);
  for (const auto& [key, item] : feeds_) {
    const auto& feed = item.feed;
    if ((!symbol || matches(*symbol, feed.instrument)) && (!channel || *channel == feed.channel)
        && (!venue || *venue == feed.instrument.venue)) {
      out.feeds.push_back(feed);
    }
  }
  for (auto& row : venues()) {
    if ((!venue || *venue == row.venue) && (!channel || *channel == row.channel)
        && (!symbol || !symbol->qualified() || symbol->venue == row.venue)) {
      out.venues.push_back(std::move(row));
    }
  }
  return out;
}

std::vector<messages::SlaBreach>
SlaTable::breaches(const std::string& venue, const std::string& node, core::Timestamp now) {
  std::vector<messages::SlaBreach> changed;
  VenueSums sums;
  for (const auto& [key, item] : feeds_) {
    if (item.feed.instrument.venue == venue) {
      sums.add(item);
    }
  }
  if (sums.row.feeds == 0) {
    return changed;
  }
  auto& missed = missed_[venue];
  const auto judgements = judge(sums.total(settings_).figures, settings_);
  for (std::size_t i = 0; i < judgements.size(); ++i) {
    const auto& judgement = judgements[i];
    if (missed[i] != judgement.breached) {
      missed[i] = judgement.breached;
      changed.push_back({.venue = venue,
                         .instrument = {},
                         .channel = "all",
                         .target = judgement.target,
                         .breached = judgement.breached,
                         .value = judgement.value,
                         .limit = judgement.limit,
                         .as_of = now,
                         .node = node});
    }
  }
  return changed;
}

std::optional<core::Timestamp> SlaTable::oldest() const {
  std::optional<core::Timestamp> oldest;
  for (const auto& [key, item] : feeds_) {
    oldest = std::min(oldest.value_or(item.feed.as_of), item.feed.as_of);
  }
  return oldest;
}

core::Result<messages::SlaReply> answer_sla(const SlaTable& table,
                                            const Catalogue& catalogue,
                                            const messages::GetSla& request,
                                            core::Timestamp now) {
  const auto& venues = catalogue.venues();
  if (request.channel && *request.channel != "trades" && *request.channel != "book"
      && *request.channel != "all") {
    return sla_invalid("channel", "one of trades, book, all", *request.channel);
  }
  if (request.venue) {
    std::string names;
    for (const auto& venue : venues) {
      names += (names.empty() ? "" : ", ") + venue.name;
    }
    if (std::none_of(venues.begin(), venues.end(),
                     [&](const VenueListing& venue) { return venue.name == *request.venue; })) {
      return sla_invalid("venue", "one of " + names, *request.venue);
    }
  }
  if (request.symbol) {
    if (const auto known = catalogue.resolve(*request.symbol); !known) {
      return known.error();
    }
  }
  const bool recordings = std::none_of(venues.begin(), venues.end(),
                                       [](const VenueListing& venue) { return venue.live_trades; });
  auto oldest = table.oldest();
  if (!oldest && !recordings) {
    return Error{Errc::NOT_READY, "no feed was measured yet"};
  }
  oldest = oldest.value_or(now);
  messages::SlaReply reply;
  reply.data = table.report(request.symbol, request.venue, request.channel);
  reply.meta.as_of = *oldest;
  reply.meta.source = "feed";
  constexpr std::int64_t ns_per_ms = 1'000'000;
  reply.meta.age_ms = std::max<std::int64_t>(0, (now - *oldest).count() / ns_per_ms);
  reply.meta.quality =
    now - *oldest > sla_stale_after ? trading::Quality::stale : trading::Quality::live;
  return reply;
}

} // namespace troupe::market_data
