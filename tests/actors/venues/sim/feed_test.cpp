#include "actors/venues/sim/feed.hpp"
#include "support.hpp"
#include "trading/bar_builder.hpp"
#include "trading/l2_book.hpp"

#include <doctest/doctest.h>

#include <cmath>

namespace {

using namespace troupe::venues::sim;
using troupe::venues::sim::test::anchor;
using troupe::venues::sim::test::second;
using namespace troupe::trading;
using troupe::core::Errc;
using troupe::core::Timestamp;

/// Keeps all a feed says, and a book as a reader builds it.
struct Recorder : FeedSink {
  explicit Recorder(const SimMarket& market, std::size_t instrument = 0)
    : book({"BTC-USD", "SIM-A"}, market.settings().instruments[instrument].tick) {}
  void on_trade(const Trade& trade) override {
    trades.push_back(trade);
    at(trade.ts_event);
  }
  void on_snapshot(const BookSnapshot& snapshot) override {
    REQUIRE(book.apply(snapshot));
    ++snapshots;
    at(snapshot.ts_event);
  }
  void on_delta(const BookDelta& delta) override {
    REQUIRE(delta.sequence == book.sequence() + 1);
    REQUIRE(book.apply(delta)); // refuses a crossed book
    REQUIRE(book.best_bid());
    REQUIRE(book.best_ask());
    ++deltas;
    at(delta.ts_event);
  }
  void on_fill(const matching::Fill& fill, Timestamp) override { fills.push_back(fill); }
  void at(Timestamp t) {
    REQUIRE(t >= last);
    last = t;
  }

  L2Book book;
  std::vector<Trade> trades;
  std::vector<matching::Fill> fills;
  int snapshots = 0;
  int deltas = 0;
  Timestamp last{};
};

double middle(const L2Book& book) {
  return (book.best_bid()->price.to_double() + book.best_ask()->price.to_double()) / 2.0;
}

} // namespace

TEST_CASE("sim feed: a feed started anywhere equals one that ran through") {
  const SimMarket market{{}};
  SimFeed through{market, 0, 0, anchor};
  Recorder first{market};
  first.on_snapshot(through.snapshot());
  const SimMarket again{{}};
  for (const std::int64_t ms : {1L, 7'300L, 59'999L, 60'000L, 61'234L, 150'000L}) {
    const auto t = anchor + std::chrono::milliseconds{ms};
    through.advance(t, first);
    SimFeed late{again, 0, 0, t};
    CHECK(late.snapshot() == through.snapshot());
    Recorder second{again};
    second.on_snapshot(late.snapshot());
    const auto known = first.trades.size();
    SimFeed copy = through; // both go on from here
    copy.advance(t + std::chrono::seconds{70}, first);
    late.advance(t + std::chrono::seconds{70}, second);
    CHECK(std::vector(first.trades.begin() + static_cast<std::ptrdiff_t>(known), first.trades.end())
          == second.trades);
    CHECK(late.snapshot() == copy.snapshot());
    first = Recorder{market};
    first.on_snapshot(through.snapshot());
  }
}

TEST_CASE("sim feed: steps of any size tell the same") {
  const SimMarket market{{}};
  SimFeed a{market, 1, 2, anchor};
  SimFeed b{market, 1, 2, anchor};
  Recorder in_one{market, 2};
  Recorder in_steps{market, 2};
  in_one.on_snapshot(a.snapshot());
  in_steps.on_snapshot(b.snapshot());
  a.advance(anchor + std::chrono::seconds{200}, in_one);
  for (int i = 1; i <= 2000; ++i) {
    b.advance(anchor + std::chrono::milliseconds{100 * i}, in_steps);
  }
  CHECK(in_one.trades == in_steps.trades);
  CHECK(in_one.deltas == in_steps.deltas);
  CHECK(in_one.book.depth(100) == in_steps.book.depth(100));
  auto expected = a.snapshot(100);
  expected.instrument = in_one.book.instrument();
  expected.ts_event = in_one.book.ts_event();
  CHECK(in_one.book.depth(100) == expected);
}

TEST_CASE("sim feed: never crossed and in order and at the stated rates for all instruments") {
  const SimMarket market{{}};
  for (std::size_t venue = 0; venue < 2; ++venue) {
    for (std::size_t i = 0; i < market.settings().instruments.size(); ++i) {
      SimFeed feed{market, venue, i, anchor};
      Recorder recorder{market, i};
      recorder.on_snapshot(feed.snapshot());
      CHECK(feed.snapshot().bids.size() >= 10);
      feed.advance(anchor + std::chrono::minutes{10}, recorder);
      CHECK(recorder.snapshots == 11);
      CHECK(recorder.trades.size() > 400);
      CHECK(recorder.trades.size() < 3000);
      CHECK(recorder.deltas > 3000);
      CHECK(recorder.deltas < 15'000);
      CHECK(feed.snapshot().bids.size() >= 10);
      CHECK(feed.book().size() < 400);
      for (std::size_t n = 1; n < recorder.trades.size(); ++n) {
        REQUIRE(recorder.trades[n].trade_id > recorder.trades[n - 1].trade_id);
      }
    }
  }
}

TEST_CASE("sim feed: prices do not jump at epochs and venues stay close") {
  const SimMarket market{{}};
  const auto& settings = market.settings();
  for (const std::size_t i : {0U, 3U, 7U}) {
    SimFeed a{market, 0, i, anchor};
    SimFeed b{market, 1, i, anchor};
    Recorder on_a{market, i};
    Recorder on_b{market, i};
    on_a.on_snapshot(a.snapshot());
    on_b.on_snapshot(b.snapshot());
    double before = middle(on_a.book);
    double dislocation = 0.0;
    for (int s = 1; s <= 1200; ++s) {
      const auto t = anchor + std::chrono::seconds{s};
      a.advance(t, on_a);
      b.advance(t, on_b);
      const double now = middle(on_a.book);
      CHECK(std::abs(now / before - 1.0) < 0.003);
      before = now;
      // Two times the noise of each venue, half a tick, and the last second's move.
      const double ticks = settings.instruments[i].tick.to_double() / now;
      const double bound =
        2e-4 * (settings.venues[0].noise_bps + settings.venues[1].noise_bps) + 2.0 * ticks + 0.0015;
      const double away = std::abs(now / middle(on_b.book) - 1.0);
      CHECK(away < bound);
      dislocation = std::max(dislocation, away);
      CHECK(std::abs(now / market.latent(i, t) - 1.0) < bound);
    }
    CHECK(dislocation > 1e-5);
  }
}

TEST_CASE("sim history: equals bars built live for every interval") {
  const SimMarket market{{}};
  const auto start = anchor + std::chrono::seconds{17};
  SimFeed feed{market, 0, 1, start};
  Recorder recorder{market, 1};
  recorder.on_snapshot(feed.snapshot());
  const auto end = anchor + std::chrono::hours{3} + std::chrono::seconds{30};
  feed.advance(end, recorder);
  for (const auto& entry : Interval::all) {
    const auto interval = *Interval::from_text(entry.text);
    std::vector<Bar> expected;
    for (const auto& bar : bars_from_trades(recorder.trades, interval)) {
      if (bar.ts_open >= start && bar.ts_close <= end && expected.size() < 1000) {
        expected.push_back(bar);
      }
    }
    const auto bars = history(market, 0, 1, interval, start, end, 1000);
    REQUIRE(bars.has_value());
    CHECK(*bars == expected);
    if (!expected.empty()) {
      const auto newest = history(market, 0, 1, interval, std::nullopt, end, 2);
      REQUIRE(newest->size() == 2);
      const auto all = bars_from_trades(recorder.trades, interval);
      const auto last =
        std::find_if(all.rbegin(), all.rend(), [&](const Bar& bar) { return bar.ts_close <= end; });
      CHECK(newest->back() == *last);
      CHECK(newest->front() == *std::next(last));
    }
  }
}

TEST_CASE("sim history: bounds") {
  const SimMarket market{{}};
  CHECK(history(market, 0, 0, intervals::m1, anchor, anchor, 0).error().code
        == Errc::INVALID_ARGUMENT);
  CHECK_FALSE(history(market, 0, 0, intervals::m1, anchor, anchor, 1001).has_value());
  CHECK_FALSE(
    history(market, 0, 0, intervals::m1, anchor + std::chrono::seconds{1}, anchor, 1).has_value());
  CHECK_FALSE(history(market, 0, 0, intervals::m1, anchor, Timestamp{INT64_MAX}, 1).has_value());
  CHECK(history(market, 0, 0, intervals::m1, anchor, anchor, 1)->empty());
  CHECK(history(market, 0, 0, intervals::m1, anchor, anchor + std::chrono::minutes{5}, 3)->size()
        == 3);
  CHECK(history(market, 0, 0, intervals::s1, std::nullopt, anchor, 500)->size() == 500);
}

TEST_CASE("sim feed: the market trades with orders of others and they outlive epochs") {
  const SimMarket market{{}};
  SimFeed feed{market, 0, 0, anchor};
  Recorder recorder{market};
  recorder.on_snapshot(feed.snapshot());
  matching::NullSink silent;
  matching::NewOrder order;
  order.owner = 7;
  order.side = Side::BUY;
  order.lots = 1;
  // Inside the spread, where the next seller meets it; and far away, where nobody does.
  order.tick = feed.book().asks().best_tick() - 1;
  order.tag = 1;
  REQUIRE(feed.book().submit(order, silent).ref);
  order.tick = 10;
  order.tag = 2;
  const auto far = feed.book().submit(order, silent).ref;
  struct Fills : FeedSink {
    std::vector<matching::Fill> fills;
    void on_trade(const Trade&) override {}
    void on_snapshot(const BookSnapshot&) override {}
    void on_delta(const BookDelta&) override {}
    void on_fill(const matching::Fill& fill, Timestamp) override { fills.push_back(fill); }
  } fills;
  feed.advance(anchor + std::chrono::minutes{3}, fills);
  REQUIRE(fills.fills.size() == 1);
  CHECK(fills.fills[0].maker_tag == 1);
  CHECK(fills.fills[0].aggressor == Side::SELL);
  CHECK(feed.book().resting(far));
}
