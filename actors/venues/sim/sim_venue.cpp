#include "actors/venues/sim/sim_venue.hpp"

#include "actors/venues/sim/sim_feed_actor.hpp"
#include "actors/venues/sim/sim_history_actor.hpp"

#include <algorithm>
#include <utility>

namespace troupe::venues::sim {

namespace {

/// An element of `venues`: the market's settings, and those of the one venue of it that this is.
struct SimVenueSettings {
  std::string name;
  std::string kind;
  std::uint64_t seed = SimSettings{}.seed;
  double trades_per_second = SimSettings{}.trades_per_second;
  double book_events_per_second = SimSettings{}.book_events_per_second;
  std::uint32_t book_orders = SimSettings{}.book_orders;
  std::optional<std::vector<SimInstrument>> instruments;
  std::optional<double> maker_fee_bps;
  std::optional<double> taker_fee_bps;
  std::optional<double> noise_bps;
  std::optional<double> spread_factor;
  std::optional<core::Duration> latency;
  core::Duration stale_after = std::chrono::seconds{2};
};
BOOST_DESCRIBE_STRUCT(SimVenueSettings,
                      (),
                      (name,
                       kind,
                       seed,
                       trades_per_second,
                       book_events_per_second,
                       book_orders,
                       instruments,
                       maker_fee_bps,
                       taker_fee_bps,
                       noise_bps,
                       spread_factor,
                       latency,
                       stale_after))

/// SIM-A and SIM-B have fees and noise of their own; other names start from plain ones.
SimVenue venue_named(const std::string& name) {
  for (auto& venue : default_venues()) {
    if (venue.name == name) {
      return venue;
    }
  }
  SimVenue venue;
  venue.name = name;
  return venue;
}

SimSettings market_of(const SimVenueSettings& entry) {
  auto venue = venue_named(entry.name);
  venue.maker_fee_bps = entry.maker_fee_bps.value_or(venue.maker_fee_bps);
  venue.taker_fee_bps = entry.taker_fee_bps.value_or(venue.taker_fee_bps);
  venue.noise_bps = entry.noise_bps.value_or(venue.noise_bps);
  venue.spread_factor = entry.spread_factor.value_or(venue.spread_factor);
  venue.latency = entry.latency.value_or(venue.latency);
  SimSettings market;
  market.seed = entry.seed;
  market.trades_per_second = entry.trades_per_second;
  market.book_events_per_second = entry.book_events_per_second;
  market.book_orders = entry.book_orders;
  if (entry.instruments) {
    market.instruments = *entry.instruments;
  }
  market.venues = {std::move(venue)};
  return market;
}

} // namespace

Venue make_sim_venue(core::json::View settings,
                     const std::string& path,
                     std::vector<core::json::Problem>& problems) {
  core::json::Decoder decoder{core::json::Missing::DEFAULT, path};
  SimVenueSettings entry;
  decoder.read(settings, entry);
  problems.insert(problems.end(), decoder.problems().begin(), decoder.problems().end());
  if (!decoder.problems().empty()) {
    return {};
  }
  const auto market_settings = market_of(entry);
  if (const auto sound = check(market_settings); !sound) {
    problems.push_back({path, "settings of a market", sound.error().message});
    return {};
  }
  if (entry.stale_after < core::Duration{heartbeat_every * 2}) {
    problems.push_back(
      {path + ".stale_after",
       "at least twice the heartbeat of " + core::Duration{heartbeat_every}.to_text(),
       entry.stale_after.to_text()});
    return {};
  }
  const auto market = std::make_shared<const SimMarket>(market_settings);
  Venue venue;
  venue.name = entry.name;
  venue.kind = entry.kind;
  venue.instruments = market->instruments();
  venue.has_history = true;
  venue.stale_after = entry.stale_after;
  venue.supervisor = {
    .name = entry.name,
    .children =
      {
        {.name = "feed", .start = sim_feed_actor(market), .backoff = supervision::quick_backoff},
        {.name = "history",
         .start = sim_history_actor(market),
         .detached = true,
         .health_deadline = history_health_deadline},
      },
  };
  return venue;
}

} // namespace troupe::venues::sim
