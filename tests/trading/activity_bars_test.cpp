#include "core/binary.hpp"
#include "core/json.hpp"
#include "core/random.hpp"
#include "trading/activity_bars.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <rapidcheck.h>

namespace {

using namespace troupe::trading;
using troupe::core::Random;
using troupe::core::Timestamp;

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t day_ns = 86'400 * second_ns;
constexpr std::int64_t midnight_ns = 19'700 * day_ns;

Trade print_of(std::uint64_t id, std::int64_t ns, double price, double quantity) {
  Trade trade;
  trade.instrument = {"BTC-USD", "SIM-A"};
  trade.trade_id = id;
  trade.price = *Price::round_from(price);
  trade.quantity = *Quantity::round_from(quantity);
  trade.ts_event = trade.ts_recv = {ns};
  return trade;
}

/// Trades over two days, several of one time now and then, times not always in the order of ids.
std::vector<Trade> prints(std::uint64_t seed, std::uint64_t id_step) {
  Random random{seed};
  std::vector<Trade> out;
  std::int64_t t = midnight_ns + day_ns - 200 * second_ns;
  std::uint64_t id = 10;
  for (int i = 0; i < 400; ++i) {
    t += static_cast<std::int64_t>(random.below(4) == 0 ? 0 : random.below(2'000'000'000));
    id += 1 + random.below(id_step);
    const auto back =
      random.below(10) == 0 ? static_cast<std::int64_t>(random.below(300'000'000)) : 0;
    out.push_back(print_of(id, t - back, 100 + static_cast<double>(random.below(50)) / 10,
                           static_cast<double>(1 + random.below(500)) / 100));
  }
  return out;
}

const std::vector<std::string> specs{"tick:1",   "tick:7",    "tick:100",    "volume:0.5",
                                     "volume:9", "value:333", "value:5000.5"};

BarSpec spec_of(const std::string& text) {
  return *BarSpec::from_text(text);
}

std::vector<ActivityBar> built(const std::vector<Trade>& trades, const BarSpec& spec) {
  ActivityBarBuilder builder{spec, false};
  std::vector<ActivityBar> bars;
  for (const auto& trade : trades) {
    builder.add(trade, bars);
  }
  if (builder.open()) {
    bars.push_back(*builder.open());
  }
  return bars;
}

} // namespace

TEST_CASE("bar spec: one name for one spec, and every other text is refused with what is allowed") {
  for (const auto* const text : {"1s", "1m", "1d", "tick:1", "tick:100", "volume:10", "volume:0.5",
                                 "value:100000", "value:0.000000000000000001"}) {
    CAPTURE(text);
    const auto spec = BarSpec::from_text(text);
    REQUIRE(spec.has_value());
    CHECK(spec->to_text() == text);
    CHECK(*troupe::core::json::decode<BarSpec>(troupe::core::json::encode(*spec)) == *spec);
    CHECK(*troupe::core::binary::decode<BarSpec>(troupe::core::binary::encode(*spec)) == *spec);
  }
  for (const auto* const text :
       {"", "2m", "tick", "tick:", "tick:0", "tick:-1", "tick:1.5", "tick:01", "tick:1e2",
        "tick:100 ", "tick:1000000000001", "volume:10.0", "volume:0.000000001",
        "value:", "value:-5", "TICK:5", "volume:1000000000000.1",
        "tick:99999999999999999999999999999999999999999"}) {
    CAPTURE(text);
    const auto spec = BarSpec::from_text(text);
    REQUIRE_FALSE(spec.has_value());
    CHECK(spec.error().message.find("1d, tick:N, volume:N, value:N") != std::string::npos);
    CHECK(spec.error().message.find(std::string("found \"") + std::string(text).substr(0, 40))
          != std::string::npos);
  }
  CHECK(BarSpec{} == BarSpec{intervals::m1});
  CHECK(spec_of("tick:5") != spec_of("volume:5"));
}

TEST_CASE("activity bars: built trade by trade equal those built of all at once") {
  CHECK(rc::check([](std::uint64_t seed) {
    const auto trades = prints(seed, 1 + seed % 3);
    for (const auto& text : specs) {
      const auto spec = spec_of(text);
      auto shuffled = trades;
      std::reverse(shuffled.begin(), shuffled.end());
      RC_ASSERT(built(trades, spec) == activity_bars_from_trades(shuffled, spec));
    }
  }));
}

TEST_CASE("activity bars: nothing is lost, nothing overlaps and every bar reaches its threshold") {
  CHECK(rc::check([](std::uint64_t seed) {
    const auto trades = prints(seed, 2);
    for (const auto& text : specs) {
      const auto spec = spec_of(text);
      const auto bars = built(trades, spec);
      std::uint64_t count = 0;
      Quantity volume;
      for (std::size_t i = 0; i < bars.size(); ++i) {
        const auto& bar = bars[i].bar;
        count += bar.trades;
        volume += bar.volume;
        RC_ASSERT(bar.ts_open < bar.ts_close);
        RC_ASSERT(bar.low <= std::min(bar.open, bar.close));
        RC_ASSERT(bar.high >= std::max(bar.open, bar.close));
        if (i > 0) { // RC_ASSERT evaluates both sides of a disjunction
          RC_ASSERT(bars[i - 1].bar.ts_close <= bar.ts_open);
        }
        RC_ASSERT(!bar.incomplete);
        if (spec.kind() == BarSpec::Kind::TICK && bar.final) {
          RC_ASSERT(bar.trades <= static_cast<std::uint64_t>(spec.threshold()));
        }
      }
      RC_ASSERT(count == trades.size());
      Quantity expected;
      for (const auto& trade : trades) {
        expected += trade.quantity;
      }
      RC_ASSERT(volume == expected);
    }
  }));
}

TEST_CASE("activity bars: going on from any bar gives the same bars") {
  CHECK(rc::check([](std::uint64_t seed) {
    const auto trades = prints(seed, 2);
    for (const auto& text : specs) {
      const auto spec = spec_of(text);
      const auto all = built(trades, spec);
      const auto from = seed % all.size();
      ActivityBarBuilder builder{spec, false};
      builder.resume(all[from].bar.ts_open, all[from].first_trade_id);
      std::vector<ActivityBar> bars;
      for (const auto& trade : trades) {
        builder.add(trade, bars);
      }
      if (builder.open()) {
        bars.push_back(*builder.open());
      }
      RC_ASSERT(
        bars
        == std::vector<ActivityBar>(all.begin() + static_cast<std::ptrdiff_t>(from), all.end()));
    }
  }));
}

TEST_CASE("activity bars: the trade that reaches the threshold belongs to the bar whole") {
  ActivityBarBuilder builder{spec_of("volume:10"), false};
  std::vector<ActivityBar> bars;
  builder.add(print_of(1, midnight_ns, 5, 4), bars);
  builder.add(print_of(2, midnight_ns + 1, 7, 30), bars);
  REQUIRE(bars.size() == 1);
  CHECK(bars[0].bar.volume == *Quantity::round_from(34));
  CHECK(bars[0].bar.close == *Price::round_from(7));
  CHECK(bars[0].bar.final);
  CHECK_FALSE(builder.open());
}

TEST_CASE("activity bars: midnight closes what was left of the day, by a trade or the watermark") {
  std::vector<ActivityBar> bars;
  ActivityBarBuilder builder{spec_of("tick:100"), false};
  builder.add(print_of(1, midnight_ns - 1, 5, 1), bars);
  builder.add(print_of(2, midnight_ns, 6, 1), bars);
  REQUIRE(bars.size() == 1);
  CHECK(bars[0].bar.trades == 1);
  CHECK(bars[0].bar.final);
  builder.advance({midnight_ns + day_ns - 1}, bars);
  CHECK(bars.size() == 1);
  builder.advance({midnight_ns + day_ns}, bars);
  CHECK(bars.size() == 2);
  CHECK_FALSE(builder.open());
}

TEST_CASE("activity bars: late and repeated trades are counted and alter nothing") {
  std::vector<ActivityBar> bars;
  ActivityBarBuilder builder{spec_of("tick:3"), false};
  CHECK(builder.add(print_of(5, midnight_ns, 5, 1), bars));
  CHECK(builder.add(print_of(6, midnight_ns + 9, 6, 1), bars));
  CHECK_FALSE(builder.add(print_of(6, midnight_ns + 9, 6, 1), bars));
  CHECK_FALSE(builder.add(print_of(4, midnight_ns + 10, 9, 1), bars));
  CHECK(builder.late() == 2);
  CHECK(builder.open()->bar.trades == 2);
}

TEST_CASE("activity bars: missing trades are said of the bars on either side") {
  std::vector<ActivityBar> bars;
  ActivityBarBuilder counted{spec_of("tick:2"), true};
  counted.add(print_of(1, midnight_ns, 5, 1), bars);
  counted.add(print_of(4, midnight_ns + 1, 5, 1), bars); // 2 and 3 are missing
  counted.add(print_of(5, midnight_ns + 2, 5, 1), bars);
  counted.add(print_of(6, midnight_ns + 3, 5, 1), bars);
  REQUIRE(bars.size() == 2);
  CHECK(bars[0].bar.incomplete == true);
  CHECK_FALSE(bars[1].bar.incomplete.has_value());
  CHECK(troupe::core::json::encode(bars[0].bar).find(R"("incomplete":true)") != std::string::npos);

  bars.clear();
  ActivityBarBuilder told{spec_of("tick:2"), false};
  told.add(print_of(1, midnight_ns, 5, 1), bars);
  told.mark_missing();
  told.add(print_of(90, midnight_ns + day_ns, 5, 1), bars); // the day ended in between
  told.add(print_of(91, midnight_ns + day_ns, 5, 1), bars);
  told.add(print_of(92, midnight_ns + day_ns, 5, 1), bars);
  REQUIRE(bars.size() == 2);
  CHECK(bars[0].bar.incomplete == true);
  CHECK(bars[1].bar.incomplete == true);
  CHECK_FALSE(told.open()->bar.incomplete.has_value());
}

TEST_CASE("activity bars: a sum that overflows refuses the trade and nothing else") {
  std::vector<ActivityBar> bars;
  ActivityBarBuilder builder{spec_of("value:1000000000000"), false};
  auto huge = print_of(1, midnight_ns, 1e10, 1);
  huge.quantity = Quantity::from_integer(1'000'000'000'000'000);
  CHECK_THROWS_AS(builder.add(huge, bars), troupe::core::ErrorException);
  CHECK_FALSE(builder.open());
  CHECK(builder.add(print_of(2, midnight_ns, 5, 1), bars));
  CHECK(builder.open()->bar.trades == 1);
}

TEST_CASE("instrument: what a venue changed is named") {
  Instrument before;
  before.instrument = {"BTC-USD", "X"};
  before.tick = *Price::round_from(0.01);
  CHECK(changes_between(before, before).empty());
  auto after = before;
  after.tick = *Price::round_from(0.1);
  after.status = InstrumentStatus::CANCEL_ONLY;
  CHECK(changes_between(before, after)
        == std::vector{InstrumentChange::TICK, InstrumentChange::CANCEL_ONLY});
  CHECK(changes_between(after, before)
        == std::vector{InstrumentChange::TICK, InstrumentChange::RESUMED});
  after = before;
  after.status = InstrumentStatus::DELISTED;
  after.lot = *Quantity::round_from(1);
  after.min_notional = *Money::round_from(5);
  after.taker_fee_bps = 3;
  after.strike = *Price::round_from(1);
  CHECK(changes_between(before, after)
        == std::vector{InstrumentChange::LOT, InstrumentChange::MIN_NOTIONAL,
                       InstrumentChange::DELISTED, InstrumentChange::FEES,
                       InstrumentChange::TERMS});
}
