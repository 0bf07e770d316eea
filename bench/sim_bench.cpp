// What the simulated market costs: history by interval, and a feed with its book, one core.

#include "actors/venues/sim/feed.hpp"
#include "report.hpp"

#include <cstdio>
#include <ctime>

namespace {

using namespace troupe;

struct Count : venues::sim::FeedSink {
  std::uint64_t trades = 0;
  std::uint64_t deltas = 0;
  void on_trade(const trading::Trade&) override { ++trades; }
  void on_snapshot(const trading::BookSnapshot&) override {}
  void on_delta(const trading::BookDelta&) override { ++deltas; }
};

/// Processor time, so that other load on the machine does not count.
double ms_since(std::clock_t start) {
  return static_cast<double>(std::clock() - start) * 1e3 / CLOCKS_PER_SEC;
}

} // namespace

int main() {
  const venues::sim::SimMarket market{{}};
  const auto end = *core::Timestamp::from_text("2024-03-01T00:00:00Z");
  for (const auto& entry : trading::Interval::all) {
    const auto interval = *trading::Interval::from_text(entry.text);
    const auto start = std::clock();
    const auto bars = venues::sim::history(market, 0, 0, interval, std::nullopt, end, 500);
    if (!bars) {
      std::printf("history: %s\n", bars.error().message.c_str());
      return 1;
    }
    bench::print_row("simulated history, 500 bars of " + interval.to_text(), ms_since(start), "ms");
  }
  venues::sim::SimFeed feed{market, 0, 0, end};
  Count count;
  const auto start = std::clock();
  constexpr int minutes = 2000;
  feed.advance(end + std::chrono::minutes{minutes}, count);
  const double us = ms_since(start) * 1e3 / minutes;
  bench::print_row("feed of one instrument, a minute of its time", us, "us",
                   std::to_string(count.trades / minutes) + " trades, "
                     + std::to_string(count.deltas / minutes) + " book changes");
  return 0;
}
