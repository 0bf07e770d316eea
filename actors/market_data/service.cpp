#include "actors/market_data/service.hpp"

#include "actors/market_data/front_actor.hpp"
#include "actors/market_data/service_plan.hpp"
#include "actors/storage/history_actor.hpp"

#include <utility>

namespace troupe::market_data {

using supervision::Restart;
using supervision::Strategy;
using supervision::supervise;
using supervision::SupervisorSpec;

namespace {

/// Venues come and go at their own pace, so their supervisor bears more than the others.
constexpr unsigned venues_intensity = 10;
constexpr unsigned instruments_intensity = 20;

std::vector<VenueListing> listings(const std::vector<venues::Venue>& venues) {
  std::vector<VenueListing> all;
  for (const auto& venue : venues) {
    all.push_back({venue.name, venue.instruments, venue.has_history, venue.stale_after.chrono(),
                   venue.live_trades, venue.contiguous_trade_ids});
  }
  return all;
}

SupervisorSpec venues_supervisor(std::vector<venues::Venue> venues) {
  SupervisorSpec spec{.name = "venues", .intensity = venues_intensity};
  for (auto& venue : venues) {
    spec.children.push_back(supervise(std::move(venue.supervisor)));
  }
  return spec;
}

} // namespace

SupervisorSpec service(Config config) {
  const Plan plan = std::make_shared<const ServicePlan>(
    ServicePlan{config.settings, Catalogue{listings(config.venues)}, config.board, config.feeds});
  // clang-format off
  return {
    .name = "market_data", .strategy = Strategy::rest_for_one,
    .children = {
      supervise({.name = "stores", .children = {
        {.name = "store", .start = storage::history_actor(config.storage_url), .detached = true},
        {.name = "cache", .start = storage::cache_actor(config.cache), .detached = storage::blocks(config.cache)},
      }}),
      supervise(venues_supervisor(std::move(config.venues))),
      supervise({.name = "instruments", .intensity = instruments_intensity, .dynamic = true}),
      front_child(plan),
    },
  };
  // clang-format on
}

} // namespace troupe::market_data
