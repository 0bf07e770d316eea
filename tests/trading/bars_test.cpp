#include "core/json.hpp"
#include "core/random.hpp"
#include "trading/bar_builder.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <rapidcheck.h>

namespace {

using namespace troupe::trading;
using troupe::core::Random;
using troupe::core::Timestamp;

constexpr std::int64_t second = 1'000'000'000;

Trade trade_at(std::int64_t ns, std::int64_t price, std::int64_t quantity = 1) {
  Trade trade;
  trade.instrument = {"BTC-USD", "SIM-A"};
  trade.price = Price::from_integer(price);
  trade.quantity = Quantity::from_integer(quantity);
  trade.ts_event = trade.ts_recv = {ns};
  return trade;
}

/// Trades in order of time but for a jitter that swaps near ones.
std::vector<Trade> random_trades(std::uint64_t seed, std::int64_t jitter_ns) {
  Random random{seed};
  std::vector<Trade> trades;
  std::int64_t t = 1'700'000'000 * second;
  for (int i = 0; i < 300; ++i) {
    t += static_cast<std::int64_t>(random.below(20) == 0 ? random.below(900) * 1'000'000'000
                                                         : random.below(700'000'000));
    const auto at = t - static_cast<std::int64_t>(random.below(1 + std::uint64_t(jitter_ns)));
    trades.push_back(trade_at(at, 100 + static_cast<std::int64_t>(random.below(50)),
                              1 + static_cast<std::int64_t>(random.below(9))));
  }
  return trades;
}

std::vector<Bar> only(const std::vector<IntervalBar>& bars, Interval interval) {
  std::vector<Bar> out;
  for (const auto& item : bars) {
    if (item.interval == interval) {
      out.push_back(item.bar);
    }
  }
  return out;
}

constexpr Timestamp far_future{4'000'000'000 * second};

} // namespace

TEST_CASE("interval: text form and list and alignment") {
  CHECK(Interval{}.to_text() == "1m");
  for (const auto& entry : Interval::all) {
    CHECK(Interval::from_text(entry.text)->to_text() == entry.text);
    CHECK(Interval::from_text(entry.text)->duration() == entry.duration);
  }
  for (std::size_t i = 1; i < Interval::all.size(); ++i) {
    CHECK(Interval::all[i].duration % Interval::all[i - 1].duration == std::chrono::seconds{0});
  }
  CHECK(Interval::from_text("2m").error().message
        == "expected one of 1s, 1m, 5m, 15m, 1h, 4h, 1d, found \"2m\"");
  CHECK(troupe::core::json::decode<Interval>("\"3m\"").error().message
        == "expected one of 1s, 1m, 5m, 15m, 1h, 4h, 1d, found \"3m\"");
  CHECK(intervals::h4.open_of(*Timestamp::from_text("2024-02-29T07:59:59.5Z")).to_text()
        == "2024-02-29T04:00:00.000000000Z");
  CHECK(intervals::d1.close_of(*Timestamp::from_text("2024-02-29T00:00:00Z")).to_text()
        == "2024-03-01T00:00:00.000000000Z");
}

TEST_CASE("bar: json has exactly the agreed fields") {
  const auto bars = bars_from_trades(std::vector{trade_at(second, 5, 2)}, intervals::s1);
  CHECK(troupe::core::json::encode(bars.at(0))
        == R"({"ts_open":"1970-01-01T00:00:01.000000000Z","ts_close":"1970-01-01T00:00:02.)"
           R"(000000000Z","open":"5","high":"5","low":"5","close":"5","volume":"2","trades":1,)"
           R"("final":true})");
}

TEST_CASE("bar builder: a later trade or the watermark closes and empty seconds make no bar") {
  BarBuilder builder{intervals::s1};
  std::vector<Bar> closed;
  CHECK(builder.add(trade_at(10 * second, 7), closed));
  CHECK(builder.add(trade_at(10 * second + 1, 9), closed));
  CHECK(closed.empty());
  CHECK(builder.open()->close == Price::from_integer(9));
  CHECK_FALSE(builder.open()->final);
  CHECK(builder.add(trade_at(13 * second, 8), closed));
  REQUIRE(closed.size() == 1);
  CHECK(closed[0].final);
  CHECK(closed[0].trades == 2);
  builder.advance({14 * second - 1}, closed);
  CHECK(closed.size() == 1);
  builder.advance({14 * second}, closed);
  CHECK(closed.size() == 2);
  CHECK_FALSE(builder.open());
}

TEST_CASE("bar builder: a late trade is counted and alters nothing") {
  BarBuilder builder{intervals::s1};
  std::vector<Bar> closed;
  builder.add(trade_at(10 * second + 5, 7), closed);
  CHECK(builder.add(trade_at(10 * second + 1, 6), closed)); // older, but its bar is open
  CHECK(builder.open()->open == Price::from_integer(6));
  CHECK(builder.open()->close == Price::from_integer(7));
  CHECK_FALSE(builder.add(trade_at(10 * second - 1, 5), closed));
  builder.advance({11 * second}, closed);
  CHECK_FALSE(builder.add(trade_at(10 * second + 9, 5), closed));
  CHECK(builder.late() == 2);
  REQUIRE(closed.size() == 1);
  CHECK(closed[0].low == Price::from_integer(6));
  builder.advance({50 * second}, closed); // a watermark without an open bar closes the past too
  CHECK_FALSE(builder.add(trade_at(49 * second, 5), closed));
  CHECK(builder.add(trade_at(50 * second, 5), closed));
}

TEST_CASE("bar builder: equals the batch over the trades it accepted") {
  CHECK(rc::check([](std::uint64_t seed) {
    BarBuilder builder{intervals::s1};
    std::vector<Bar> closed;
    std::vector<Trade> accepted;
    for (const auto& trade : random_trades(seed, 800'000'000)) {
      if (builder.add(trade, closed)) {
        accepted.push_back(trade);
      }
    }
    builder.advance(far_future, closed);
    RC_ASSERT(closed == bars_from_trades(accepted, intervals::s1));
    RC_ASSERT(accepted.size() + builder.late() == 300U);
  }));
}

TEST_CASE("bar series: every interval equals the batch over the accepted trades") {
  CHECK(rc::check([](std::uint64_t seed) {
    BarSeries series{{intervals::h1, intervals::s1, intervals::m1, intervals::m5, intervals::m1}};
    std::vector<IntervalBar> closed;
    std::vector<Trade> accepted;
    for (const auto& trade : random_trades(seed, seed % 2 == 0 ? 0 : 1'500'000'000)) {
      if (series.add(trade, closed)) {
        accepted.push_back(trade);
      }
      if (trade.price != Price::from_integer(117)) {
        continue; // a look now and then
      }
      for (const auto interval : {intervals::s1, intervals::m1, intervals::h1}) {
        auto expected = bars_from_trades(accepted, interval).back();
        expected.final = false;
        RC_ASSERT(series.open(interval) == std::optional{expected});
      }
    }
    series.advance(far_future, closed);
    for (const auto interval : {intervals::s1, intervals::m1, intervals::m5, intervals::h1}) {
      RC_ASSERT(only(closed, interval) == bars_from_trades(accepted, interval));
    }
    RC_ASSERT(!series.open(intervals::h1));
    RC_ASSERT(!series.open(intervals::d1));
  }));
}

TEST_CASE("bar series: hour bars make four-hour and day bars") {
  const auto trades = random_trades(7, 0);
  std::vector<Trade> spread = trades;
  for (auto& trade : spread) {
    trade.ts_event.ns = 1'700'000'000 * second + (trade.ts_event.ns % (1'000'000 * second)) * 500;
  }
  std::sort(spread.begin(), spread.end(),
            [](const auto& a, const auto& b) { return a.ts_event < b.ts_event; });
  const auto hours = bars_from_trades(spread, intervals::h1);
  BarSeries series{{intervals::h1, intervals::h4, intervals::d1}};
  std::vector<IntervalBar> closed;
  for (const auto& bar : hours) {
    CHECK(series.add(intervals::h1, bar, closed));
  }
  CHECK_FALSE(series.add(intervals::h1, hours.front(), closed));
  CHECK(series.late() == 1);
  series.advance(far_future, closed);
  CHECK(only(closed, intervals::h1) == hours);
  CHECK(only(closed, intervals::h4) == bars_from_trades(spread, intervals::h4));
  CHECK(only(closed, intervals::d1) == bars_from_trades(spread, intervals::d1));
  CHECK(hours.size() > only(closed, intervals::d1).size() * 2);
}

TEST_CASE("bar series: a watermark closes every interval that ends by it") {
  BarSeries series{{intervals::s1, intervals::m1}};
  std::vector<IntervalBar> closed;
  series.add(trade_at(59 * second, 1), closed);
  series.advance({60 * second}, closed);
  CHECK(only(closed, intervals::s1).size() == 1);
  CHECK(only(closed, intervals::m1).size() == 1);
  CHECK_FALSE(series.add(trade_at(59 * second, 1), closed));
  CHECK(series.late() == 1);
  CHECK_THROWS(BarSeries{{}});
}
