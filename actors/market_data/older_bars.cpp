#include "actors/market_data/older_bars.hpp"

#include "actors/market_data/bar_memory.hpp"
#include "actors/market_data/child_ask.hpp"
#include "actors/storage/history_actor.hpp"
#include "actors/venues/common/feed.hpp"

#include <algorithm>
#include <utility>

namespace troupe::market_data {

using trading::Bar;

namespace {

/// So much earlier the venue's history gives up, for its reason to arrive: a venue's rate limit is
/// no silence.
constexpr std::chrono::milliseconds reason_slack{500};

/// Those of `bars` that `known` does not have; both ascending.
std::vector<Bar> missing_in(const std::vector<Bar>& known, const std::vector<Bar>& bars) {
  std::vector<Bar> missing;
  std::set_difference(bars.begin(), bars.end(), known.begin(), known.end(),
                      std::back_inserter(missing),
                      [](const Bar& a, const Bar& b) { return a.ts_open < b.ts_open; });
  return missing;
}

bool is_whole(const OlderQuery& query, const std::vector<Bar>& bars) {
  return query.start ? without_gaps(bars, query.interval, *query.start, query.end, query.limit)
                     : without_gaps_before(bars, query.interval, query.end, query.limit);
}

void fetch_from_venue(supervision::Actor* self,
                      const OlderQuery& query,
                      std::chrono::nanoseconds left,
                      OlderBars stored,
                      std::function<void(OlderBars)> done) {
  ask_child(self, query.history,
            venues::FetchBars{query.instrument, query.interval, query.start, query.end, query.limit,
                              core::Duration{std::max(left - reason_slack, left / 2)}},
            left, nullptr,
            [stored = std::move(stored),
             done = std::move(done)](const core::Result<venues::BarsFetched>& reply) {
              auto older = stored;
              if (!reply) {
                older.incomplete = true;
                older.reason = reply.error();
                done(std::move(older));
                return;
              }
              older.fetched = missing_in(stored.bars, reply->bars);
              older.bars = merge_bars(stored.bars, reply->bars);
              // The venue answers for all of the range, whatever the store could not say.
              older.incomplete = false;
              done(std::move(older));
            });
}

} // namespace

std::shared_ptr<supervision::Breaker> store_breaker(supervision::Runtime& runtime) {
  return runtime.breakers.edge("market_data>store");
}

void load_older(supervision::Actor* self,
                const OlderQuery& query,
                std::function<void(OlderBars)> done) {
  const auto started = self->clock().now();
  ask_child(
    self, query.store,
    storage::LoadBars{query.instrument, query.interval, query.start, query.end, query.limit},
    query.deadline / 2, store_breaker(self->runtime()),
    [self, query, started, done = std::move(done)](core::Result<storage::BarsLoaded> reply) {
      OlderBars older;
      older.incomplete = !reply;
      if (reply) {
        older.bars = std::move(reply->bars);
      } else {
        older.reason = reply.error();
      }
      if (query.history.empty() || (reply && is_whole(query, older.bars))) {
        done(std::move(older));
        return;
      }
      const auto left = query.deadline - (self->clock().now() - started);
      fetch_from_venue(self, query, left, std::move(older), done);
    });
}

} // namespace troupe::market_data
