#include "nodes/api/stream_repeats.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <rapidcheck.h>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

const core::Timestamp t0{1'790'000'000'000'000'000};
const trading::InstrumentId btc{"BTC-USD", "SIM-A"};

messages::BarClosed second(int i, const trading::InstrumentId& instrument = btc) {
  messages::BarClosed event;
  event.instrument = instrument;
  event.interval = trading::intervals::s1;
  event.bar.ts_open = t0 + i * 1s;
  event.bar.ts_close = t0 + (i + 1) * 1s;
  event.bar.final = true;
  return event;
}

messages::TradesPrinted prints(std::uint64_t from, std::uint64_t to) {
  messages::TradesPrinted event;
  event.instrument = btc;
  for (auto id = from; id < to; ++id) {
    trading::Trade trade;
    trade.instrument = btc;
    trade.trade_id = id;
    trade.ts_event = t0 + static_cast<int>(id) * 10ms;
    event.trades.push_back(trade);
  }
  return event;
}

} // namespace

TEST_CASE("stream repeats: what a successor tells again is not told twice, whatever it overlaps") {
  CHECK(rc::check([] {
    const auto first = *rc::gen::inRange(1, 60);
    const auto from = *rc::gen::inRange(0, first + 1);
    const auto last = first + *rc::gen::inRange(0, 30);
    api::StreamRepeats repeats;
    std::vector<int> told;
    std::vector<std::uint64_t> numbers;
    const auto tell = [&](int begin, int end) {
      for (int i = begin; i < end; ++i) {
        if (repeats.is_news(second(i))) {
          told.push_back(i);
        }
      }
      const auto event =
        prints(static_cast<std::uint64_t>(begin) * 3, static_cast<std::uint64_t>(end) * 3);
      for (auto i = repeats.repeated(event); i < event.trades.size(); ++i) {
        numbers.push_back(event.trades[i].trade_id);
      }
    };
    tell(0, first);
    tell(from, last);
    std::vector<int> all(static_cast<std::size_t>(std::max(first, last)));
    std::iota(all.begin(), all.end(), 0);
    std::vector<std::uint64_t> ids(all.size() * 3);
    std::iota(ids.begin(), ids.end(), 0U);
    RC_ASSERT(told == all);
    RC_ASSERT(numbers == ids);
  }));
}

TEST_CASE("stream repeats: instruments and intervals apart; a new run of recorded data is told") {
  api::StreamRepeats repeats;
  CHECK(repeats.is_news(second(7'200)));
  CHECK_FALSE(repeats.is_news(second(7'200)));
  CHECK_FALSE(repeats.is_news(second(7'000)));
  CHECK(repeats.is_news(second(7'000, {"BTC-USD", "SIM-B"})));
  auto minute = second(6'960);
  minute.interval = trading::intervals::m1;
  CHECK(repeats.is_news(minute));
  CHECK(repeats.is_news(second(0))); // two hours back
  CHECK(repeats.is_news(second(1)));
  CHECK(repeats.repeated(prints(1'000'000, 1'000'002)) == 0);
  CHECK(repeats.repeated(prints(1'000'000, 1'000'003)) == 2);
  CHECK(repeats.repeated(prints(0, 2)) == 0);
  CHECK(repeats.repeated(prints(0, 2)) == 2);
  CHECK(repeats.repeated({btc, {}}) == 0);
}

TEST_CASE("stream repeats: bars by activity that end at the same time are told") {
  api::StreamRepeats repeats;
  messages::ActivityBarClosed event;
  event.instrument = btc;
  event.interval = *trading::BarSpec::from_text("tick:100");
  event.bar.ts_open = event.bar.ts_close = t0;
  event.bar.trades = 100;
  CHECK(repeats.is_news(event));
  CHECK_FALSE(repeats.is_news(event));
  event.bar.open = event.bar.close = *trading::Price::from_text("1");
  CHECK(repeats.is_news(event));
  event.bar.ts_close = t0 - 1s;
  CHECK_FALSE(repeats.is_news(event));
}
