#pragma once

#include "supervision/actor.hpp"
#include "trading/bar.hpp"
#include "trading/instrument.hpp"
#include "trading/interval.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace troupe::market_data {

/// Closed bars that are no longer in memory, or never were.
struct OlderQuery {
  trading::InstrumentId instrument; ///< qualified
  trading::Interval interval;
  std::optional<core::Timestamp> start; ///< without: the last `limit` before the end
  core::Timestamp end;
  std::uint32_t limit = 0;             ///< at least 1
  std::string store;                   ///< path of the store
  std::string history;                 ///< path of the venue's own history; empty where it has none
  std::chrono::nanoseconds deadline{}; ///< of both, one after the other
};

struct OlderBars {
  std::vector<trading::Bar> bars;    ///< ascending, distinct
  std::vector<trading::Bar> fetched; ///< those among them that the store does not have
  bool incomplete = false;           ///< a source that might have had more did not answer
  core::Error reason{};              ///< why not
};

/// Asks the store, and where that has gaps the venue's own history; `done` is called on the actor's
/// thread, exactly once unless the actor ends before. The store is behind the breaker
/// "market_data>store".
void load_older(supervision::Actor* self,
                const OlderQuery& query,
                std::function<void(OlderBars)> done);

/// The breaker between this service and its store.
[[nodiscard]] std::shared_ptr<supervision::Breaker> store_breaker(supervision::Runtime& runtime);

} // namespace troupe::market_data
