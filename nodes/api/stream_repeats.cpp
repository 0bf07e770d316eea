#include "nodes/api/stream_repeats.hpp"

#include <algorithm>
#include <chrono>

namespace troupe::api {

namespace {

constexpr std::chrono::hours new_run{1};

/// Of the same run, and not after the newest one.
bool is_older(core::Timestamp at, core::Timestamp newest) {
  return at < newest && newest - at < new_run;
}

} // namespace

bool StreamRepeats::is_news(const messages::BarClosed& event) {
  const auto [at, first] = bars_.try_emplace({event.instrument, event.interval}, event.bar);
  auto& newest = at->second;
  if (!first
      && (event.bar.ts_open == newest.ts_open || is_older(event.bar.ts_open, newest.ts_open))) {
    return false;
  }
  newest = event.bar;
  return true;
}

bool StreamRepeats::is_news(const messages::ActivityBarClosed& event) {
  // Several may open and close within the venue's tick of time.
  const auto [at, first] = bars_.try_emplace({event.instrument, event.interval}, event.bar);
  auto& newest = at->second;
  if (!first && (event.bar == newest || is_older(event.bar.ts_close, newest.ts_close))) {
    return false;
  }
  newest = event.bar;
  return true;
}

std::size_t StreamRepeats::repeated(const messages::TradesPrinted& event) {
  if (event.trades.empty()) {
    return 0;
  }
  const auto [at, first] = trades_.try_emplace(event.instrument, event.trades.back());
  if (first) {
    return 0;
  }
  auto& newest = at->second;
  const auto news = std::ranges::find_if(event.trades, [&newest](const trading::Trade& trade) {
    return trade.trade_id > newest.trade_id || newest.ts_event - trade.ts_event >= new_run;
  });
  if (news != event.trades.end()) {
    newest = event.trades.back();
  }
  return static_cast<std::size_t>(news - event.trades.begin());
}

} // namespace troupe::api
