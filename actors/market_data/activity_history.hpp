#pragma once

#include "actors/market_data/requests.hpp"
#include "actors/market_data/trade_pages.hpp"

#include <functional>
#include <vector>

namespace troupe::market_data {

/// Bars of trades that are no longer in memory.
struct OlderActivity {
  HistoryQuery query;
  core::Timestamp older_end; ///< those that open before this
  bool contiguous_ids = false;
  /// Instrument, store, deadline, the most trades that may be read, and until when: a bar's end, so
  /// that the last bar that opens before older_end is whole.
  TradeRange trades;
};

/// Builds them from stored trades, day by day as they are defined; `done` is called on the actor's
/// thread, exactly once unless the actor ends before.
/// Errors: INVALID_ARGUMENT where more trades than allowed lead to the answer, and those of the
/// store.
void load_activity(supervision::Actor* self,
                   const OlderActivity& wanted,
                   std::function<void(core::Result<std::vector<trading::ActivityBar>>)> done);

} // namespace troupe::market_data
