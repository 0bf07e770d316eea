#include "actors/market_data/activity_history.hpp"

#include "actors/market_data/child_ask.hpp"
#include "actors/market_data/older_bars.hpp"
#include "actors/storage/history_actor.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace troupe::market_data {

using core::Timestamp;
using trading::ActivityBar;

namespace {

constexpr std::chrono::hours activity_day{24};
/// A bar's ts_open may be that much after its first trade, where many are of one time.
constexpr std::chrono::milliseconds moved_max{1};

/// One question under way.
struct ActivityLoad {
  supervision::Actor* self;
  OlderActivity wanted; ///< what is left of the trades that may be read goes down
  std::uint32_t trades_allowed;
  std::function<void(core::Result<std::vector<ActivityBar>>)> done;
  std::vector<ActivityBar> bars; ///< ascending
};

core::Error too_many_trades(const ActivityLoad& load) {
  return {core::Errc::INVALID_ARGUMENT,
          "start: expected a time from which at most " + std::to_string(load.trades_allowed)
            + " stored trades lead to a page of " + load.wanted.query.spec.to_text()
            + ", or the cursor of a page before, found more trades"};
}

/// Which bars of a stretch of trades are wanted.
struct WantedBars {
  Timestamp from;    ///< first ts_open
  Timestamp until;   ///< exclusive
  std::size_t count; ///< enough of them
};

/// Builds the bars of a stretch of trades, the one that is not whole last.
class ActivityBuild {
public:
  ActivityBuild(const OlderActivity& older, WantedBars wanted)
    : builder_(older.query.spec, older.contiguous_ids), wanted_(wanted) {
    if (older.query.from_trade > 0) {
      builder_.resume(wanted.from, older.query.from_trade);
    }
  }
  /// @returns whether more are wanted
  bool take(std::span<const trading::Trade> page) {
    // The store sorts by time, the venue counts; builders go by the count.
    std::vector<trading::Trade> sorted(page.begin(), page.end());
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.trade_id < b.trade_id; });
    for (const auto& trade : sorted) {
      try {
        (void)builder_.add(trade, closed_);
      } catch (const core::ErrorException&) {
        continue; // it was left out when it came, too
      }
    }
    std::erase_if(closed_, [&](const auto& item) { return item.bar.ts_open < wanted_.from; });
    const auto& open = builder_.open();
    return closed_.size() < wanted_.count && !(open && open->bar.ts_open >= wanted_.until);
  }
  /// @param watermark  no trade before it will come
  std::vector<ActivityBar> finish(Timestamp watermark) {
    builder_.advance(watermark, closed_);
    if (const auto& open = builder_.open()) {
      closed_.push_back(*open);
    }
    std::erase_if(closed_, [&](const auto& item) {
      return item.bar.ts_open < wanted_.from || item.bar.ts_open >= wanted_.until;
    });
    return std::move(closed_);
  }

private:
  trading::ActivityBarBuilder builder_;
  WantedBars wanted_;
  std::vector<ActivityBar> closed_;
};

/// Reads [start, end) into bars, within what is left of the trades that may be read.
void build_activity(const std::shared_ptr<ActivityLoad>& load,
                    Timestamp start,
                    Timestamp end,
                    WantedBars wanted,
                    std::function<void(core::Result<std::vector<ActivityBar>>)> then) {
  const auto build = std::make_shared<ActivityBuild>(load->wanted, wanted);
  auto range = load->wanted.trades;
  range.start = start;
  range.end = end;
  read_trades(
    load->self, range,
    [load, build](std::span<const trading::Trade> page) {
      auto& left = load->wanted.trades.trades_max;
      left -= std::min(left, static_cast<std::uint32_t>(page.size()));
      return build->take(page);
    },
    [load, build, end, then = std::move(then)](const core::Result<TradesRead>& read) {
      if (!read) {
        then(read.error());
      } else if (*read == TradesRead::TOO_MANY) {
        then(too_many_trades(*load));
      } else {
        then(build->finish(std::min(end, load->self->runtime().clock.now())));
      }
    });
}

/// Those of [start, older_end).
void load_forward(const std::shared_ptr<ActivityLoad>& load) {
  const auto& wanted = load->wanted;
  const auto& query = wanted.query;
  const auto first = std::max(*query.start, Timestamp{}); // nothing traded before 1970
  const auto start = query.from_trade > 0 ? first - moved_max : core::floor(first, activity_day);
  build_activity(
    load, start, wanted.trades.end, {*query.start, wanted.older_end, std::size_t{query.limit} + 1},
    [load](core::Result<std::vector<ActivityBar>> bars) { load->done(std::move(bars)); });
}

/// The last ones that open before `end`: day by day, the newest first, until there are enough.
void load_backward(const std::shared_ptr<ActivityLoad>& load, Timestamp end, Timestamp trades_end) {
  const auto& trades = load->wanted.trades;
  ask_child(load->self, trades.store, storage::LoadTrades{trades.instrument, {}, end, 1},
            trades.deadline, store_breaker(load->self->runtime()),
            [load, end, trades_end](const core::Result<storage::TradesLoaded>& newest) {
              if (!newest || newest->trades.empty()) {
                newest ? load->done(std::move(load->bars)) : load->done(newest.error());
                return;
              }
              const auto day = core::floor(newest->trades.front().ts_event, activity_day);
              build_activity(load, day, trades_end, {day, end, SIZE_MAX},
                             [load, day](core::Result<std::vector<ActivityBar>> bars) {
                               if (!bars) { // those of later days are an answer, too
                                 load->bars.empty() ? load->done(bars.error())
                                                    : load->done(std::move(load->bars));
                                 return;
                               }
                               bars->insert(bars->end(), load->bars.begin(), load->bars.end());
                               load->bars = std::move(*bars);
                               if (load->bars.size() > load->wanted.query.limit) {
                                 load->done(std::move(load->bars));
                               } else {
                                 load_backward(load, day, day);
                               }
                             });
            });
}

} // namespace

void load_activity(supervision::Actor* self,
                   const OlderActivity& wanted,
                   std::function<void(core::Result<std::vector<ActivityBar>>)> done) {
  const auto load = std::make_shared<ActivityLoad>(
    ActivityLoad{self, wanted, wanted.trades.trades_max, std::move(done), {}});
  if (wanted.query.start) {
    load_forward(load);
  } else {
    load_backward(load, wanted.older_end, wanted.trades.end);
  }
}

} // namespace troupe::market_data
