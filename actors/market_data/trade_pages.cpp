#include "actors/market_data/trade_pages.hpp"

#include "actors/market_data/child_ask.hpp"
#include "actors/market_data/older_bars.hpp"
#include "actors/storage/history_actor.hpp"

#include <algorithm>
#include <utility>

namespace troupe::market_data {

namespace {

/// The store answers others between pages.
constexpr std::uint32_t trades_per_page = 20'000;

struct TradeReader {
  supervision::Actor* self;
  TradeRange range;
  std::function<bool(std::span<const trading::Trade>)> take;
  std::function<void(core::Result<TradesRead>)> done;
};

void read_trades_on(const std::shared_ptr<TradeReader>& reader) {
  const auto& range = reader->range;
  if (range.start >= range.end) {
    reader->done(TradesRead::ALL);
    return;
  }
  if (range.trades_max == 0) {
    reader->done(TradesRead::TOO_MANY);
    return;
  }
  const auto limit = std::min(trades_per_page, range.trades_max);
  ask_child(reader->self, range.store,
            storage::LoadTrades{range.instrument, range.start, range.end, limit}, range.deadline,
            store_breaker(reader->self->runtime()),
            [reader, limit](const core::Result<storage::TradesLoaded>& page) {
              if (!page) {
                reader->done(page.error());
                return;
              }
              const auto& trades = page->trades;
              if (!reader->take(trades)) {
                reader->done(TradesRead::ENOUGH);
                return;
              }
              if (trades.size() < limit) {
                reader->done(TradesRead::ALL);
                return;
              }
              auto& rest = reader->range;
              rest.trades_max -= limit;
              const auto last = trades.back().ts_event;
              // A page that is all of one time would come again and again.
              rest.start = last > rest.start ? last : last + std::chrono::nanoseconds{1};
              read_trades_on(reader);
            });
}

} // namespace

void read_trades(supervision::Actor* self,
                 const TradeRange& range,
                 std::function<bool(std::span<const trading::Trade>)> take,
                 std::function<void(core::Result<TradesRead>)> done) {
  read_trades_on(
    std::make_shared<TradeReader>(TradeReader{self, range, std::move(take), std::move(done)}));
}

} // namespace troupe::market_data
