#include "actors/market_data/symbol_state.hpp"
#include "actors/market_data/unstored_bars.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <rapidcheck.h>

using namespace troupe;
using namespace troupe::market_data;
using namespace std::chrono_literals;
using core::Errc;
using core::Timestamp;
using trading::Freshness;
namespace intervals = trading::intervals;

namespace {

constexpr Timestamp t0{1'700'000'040'000'000'000}; // a whole minute

Timestamp at(std::chrono::nanoseconds d) {
  return t0 + d;
}

trading::Price price(double value) {
  return *trading::Price::round_from(value);
}

trading::Quantity quantity(double value) {
  return *trading::Quantity::round_from(value);
}

Catalogue two_venues() {
  trading::Instrument a;
  a.instrument = {"BTC-USD", "A"};
  trading::Instrument b;
  b.instrument = {"BTC-USD", "B"};
  trading::Instrument c;
  c.instrument = {"ETH-USD", "B"};
  return Catalogue{{{"A", {a}, false, 2s}, {"B", {b, c}, false, 2s}}};
}

trading::Trade trade(std::uint64_t id, std::chrono::nanoseconds when, double p, double q = 1.0) {
  trading::Trade t;
  t.instrument = {"BTC-USD", "A"};
  t.price = price(p);
  t.quantity = quantity(q);
  t.trade_id = id;
  t.ts_event = t.ts_recv = at(when);
  return t;
}

venues::FeedBatch batch(std::uint64_t sequence,
                        std::vector<trading::Trade> trades,
                        std::chrono::nanoseconds watermark,
                        const char* venue = "A") {
  venues::FeedBatch b;
  b.instrument = {"BTC-USD", venue};
  b.sequence = sequence;
  b.trades = std::move(trades);
  b.watermark = at(watermark);
  return b;
}

trading::BookSnapshot book(const char* venue, double bid, double ask) {
  trading::BookSnapshot b;
  b.instrument = {"BTC-USD", venue};
  b.bids = {{price(bid), quantity(1)}, {price(bid - 1), quantity(2)}};
  b.asks = {{price(ask), quantity(3)}, {price(ask + 1), quantity(4)}};
  b.ts_event = t0;
  return b;
}

trading::Bar bar(trading::Interval interval, Timestamp open) {
  trading::Bar b;
  b.ts_open = open;
  b.ts_close = open + interval.duration();
  b.open = b.high = b.low = b.close = price(1);
  b.final = true;
  return b;
}

} // namespace

TEST_CASE("freshness: live by data, stale by silence, down by word, resync until the book") {
  FreshnessTracker tracker{2s};
  CHECK(tracker.at(t0) == Freshness::DOWN);
  CHECK(tracker.reason(t0) == "no data has come yet");
  tracker.on_data(t0, true);
  CHECK(tracker.at(at(2s)) == Freshness::LIVE);
  CHECK(tracker.reason(at(2s)).empty());
  CHECK(tracker.at(at(2s + 1ns)) == Freshness::STALE);
  tracker.on_data(at(3s), false); // a heartbeat: quiet is not stale
  CHECK(tracker.at(at(4s)) == Freshness::LIVE);
  tracker.on_disconnected();
  CHECK(tracker.at(at(4s)) == Freshness::DOWN);
  tracker.on_data(at(5s), false);
  CHECK(tracker.at(at(5s)) == Freshness::RESYNC);
  tracker.on_data(at(6s), true);
  CHECK(tracker.at(at(6s)) == Freshness::LIVE);
  CHECK(quality_of(Freshness::LIVE) == trading::Quality::live);
  CHECK(quality_of(Freshness::RESYNC) == trading::Quality::stale);
  CHECK(quality_of(Freshness::STALE) == trading::Quality::stale);
  CHECK(quality_of(Freshness::DOWN) == trading::Quality::degraded);
}

TEST_CASE("consolidation: the best of each side and among equals the earlier venue") {
  const auto level = [](double p, double q) { return trading::Level{price(p), quantity(q)}; };
  const std::vector<VenueQuote> quotes{{"A", level(100, 1), level(102, 1)},
                                       {"B", level(101, 2), level(102, 2)},
                                       {"C", std::nullopt, level(103, 1)}};
  const auto best = consolidate(quotes);
  CHECK(*best.bid == price(101));
  CHECK(*best.bid_venue == "B");
  CHECK(*best.bid_quantity == quantity(2));
  CHECK(*best.ask == price(102));
  CHECK(*best.ask_venue == "A");
  CHECK(!consolidate({}).bid);
}

TEST_CASE("catalogue: the first venue is primary and refusals name what there is") {
  const auto catalogue = two_venues();
  CHECK(catalogue.resolve({"BTC-USD", ""})->venue == "A");
  CHECK(catalogue.resolve({"BTC-USD", "B"})->venue == "B");
  CHECK(catalogue.resolve({"ETH-USD", ""})->venue == "B");
  CHECK(catalogue.resolve({"NO-USD", ""}).error().code == Errc::UNKNOWN_SYMBOL);
  const auto refused = catalogue.resolve({"ETH-USD", "A"});
  CHECK(refused.error().code == Errc::UNKNOWN_SYMBOL);
  CHECK(refused.error().message == "A does not list ETH-USD; listed by B");
  CHECK(catalogue.instruments().size() == 3);
  CHECK(catalogue.symbols() == std::vector<std::string>{"BTC-USD", "ETH-USD"});
}

TEST_CASE("requests: every bound is refused with its field and what was found") {
  const std::vector<trading::BarSpec> configured{intervals::s1, intervals::m1};
  messages::GetHistorical request;
  request.symbol = {"BTC-USD", ""};
  CHECK(read_query(request, configured)->spec == trading::BarSpec{intervals::m1});
  CHECK(read_query(request, configured)->limit == 100);
  const auto refusal = [&](const messages::GetHistorical& r) {
    const auto query = read_query(r, configured);
    REQUIRE(!query.has_value());
    CHECK(query.error().code == Errc::INVALID_ARGUMENT);
    return query.error().message;
  };
  auto wrong = request;
  wrong.limit = 0;
  CHECK(refusal(wrong) == "limit: expected 1 to 1000, found 0");
  wrong.limit = 1001;
  CHECK(refusal(wrong) == "limit: expected 1 to 1000, found 1001");
  wrong = request;
  wrong.interval = intervals::h1;
  CHECK(refusal(wrong) == "interval: expected one of 1s, 1m, found 1h");
  wrong = request;
  wrong.start = wrong.end = t0;
  CHECK(refusal(wrong).find("start: expected a time before the end") == 0);
  wrong = request;
  wrong.cursor = make_cursor("ETH-USD", intervals::m1, {t0, 0});
  CHECK(refusal(wrong).find("cursor: expected") == 0);
  wrong.cursor = make_cursor("BTC-USD", intervals::s1, {t0, 0});
  CHECK(refusal(wrong).find("cursor: expected") == 0);
  wrong.cursor = "x";
  CHECK(refusal(wrong).find("cursor: expected") == 0);
  auto good = request;
  good.cursor = make_cursor("BTC-USD", intervals::m1, {t0, 0});
  CHECK(*read_query(good, configured)->start == t0);
  good.start = at(1s);
  CHECK(refusal(good).find("cursor: expected one of a list that begins") == 0);
  messages::GetOrderBook deep{{"BTC-USD", ""}, 1001};
  CHECK(read_depth(deep).error().message == "depth: expected 1 to 1000, found 1001");
  CHECK(*read_depth({{"BTC-USD", ""}, std::nullopt}) == 10);
}

TEST_CASE("bar memory: answers only for what it covers") {
  BarMemory memory{intervals::s1, 3};
  memory.cover_from(t0);
  for (int i : {0, 2, 1, 3}) {
    const auto b = bar(intervals::s1, at(std::chrono::seconds{i}));
    memory.merge({&b, 1});
    memory.merge({&b, 1});
  }
  CHECK(memory.size() == 3);
  CHECK(memory.covered_from() == at(1s));
  memory.cover_from(t0);
  CHECK(memory.covered_from() == at(1s));
  CHECK(memory.first(at(1s), at(3s), 10).size() == 2);
  CHECK(memory.newest(at(3s), 1).front().ts_open == at(2s));
}

TEST_CASE("gaps: found at the start and in the middle and at the end") {
  const std::vector<trading::Bar> bars{bar(intervals::s1, at(0s)), bar(intervals::s1, at(1s)),
                                       bar(intervals::s1, at(3s))};
  CHECK(without_gaps(bars, intervals::s1, at(0s), at(2s), 10));
  CHECK(without_gaps(bars, intervals::s1, at(0s), at(9s), 2));
  CHECK(!without_gaps(bars, intervals::s1, at(0s), at(4s), 10));
  CHECK(!without_gaps(bars, intervals::s1, at(-1s), at(2s), 10));
  CHECK(without_gaps_before(bars, intervals::s1, at(4s), 1));
  CHECK(!without_gaps_before(bars, intervals::s1, at(4s), 2));
  CHECK(!without_gaps_before(bars, intervals::s1, at(5s), 1));
}

TEST_CASE("unstored bars: kept while the store is away and bounded") {
  UnstoredBars unstored{3};
  const trading::InstrumentId id{"BTC-USD", "A"};
  const auto add = [&](int i) {
    unstored.add(id, {intervals::s1, bar(intervals::s1, at(std::chrono::seconds{i}))});
  };
  add(0);
  add(1);
  CHECK(unstored.take(10).size() == 2);
  CHECK(unstored.take(10).empty());
  unstored.failed();
  CHECK(unstored.store_away());
  CHECK(unstored.take(1).size() == 1);
  add(2);
  add(3); // over the bound: the one on its way goes
  CHECK(unstored.dropped() == 1);
  unstored.stored();
  CHECK(unstored.size() == 3);
  CHECK(unstored.find(id, intervals::s1, at(2s), at(9s)).size() == 2);
}

TEST_CASE("symbol state: trades make prices and prints and bars, once each") {
  SymbolState state{"BTC-USD", two_venues(), Settings{}};
  auto news = state.apply(batch(1, {trade(1, 0s, 100), trade(2, 500ms, 101)}, 500ms), at(500ms));
  REQUIRE(news.trades);
  CHECK(news.trades->trades.size() == 2);
  CHECK(news.trades->primary);
  REQUIRE(news.price);
  CHECK(*news.price->ticker.last == price(101));
  CHECK(news.price->meta.quality == trading::Quality::live);
  CHECK(news.bars.empty());
  news = state.apply(batch(2, {}, 1s), at(1s));
  CHECK(!news.price);
  CHECK(!news.trades);
  REQUIRE(news.bars.size() == 1);
  CHECK(news.bars[0].bar.volume == quantity(2));
  CHECK(news.to_store.size() == 1);
  news = state.apply(batch(3, {}, 60s), at(60s));
  REQUIRE(news.bars.size() == 3); // the minute ends five and fifteen of them
  CHECK(news.bars[0].interval == intervals::m1);
  CHECK(news.bars[2].interval == intervals::m15);
  CHECK(state.apply(batch(4, {}, 61s), at(61s)).bars.empty());
}

TEST_CASE("symbol state: values that cannot be never reach a reader") {
  SymbolState state{"BTC-USD", two_venues(), Settings{}};
  auto first = batch(1, {}, 0s);
  first.book = book("A", 100, 101);
  CHECK(state.apply(first, t0).book);
  auto crossed = batch(2, {trade(1, 0s, -5), trade(2, 0s, 5, 0)}, 1s);
  crossed.trades.push_back(trade(3, 0s, 7));
  crossed.trades.back().instrument = {"ETH-USD", "A"};
  crossed.book = book("A", 102, 101);
  const auto news = state.apply(crossed, at(1s));
  CHECK(!news.book);
  CHECK(!news.trades);
  CHECK(!news.price);
  CHECK(state.find({"BTC-USD", "A"})->refused() == 4);
  const auto reply = state.order_book({"BTC-USD", "A"}, 1, at(1s));
  CHECK(reply->data.bids.front().price == price(100));
  CHECK(reply->data.bids.size() == 1);
  CHECK(state.order_book({"BTC-USD", "B"}, 1, at(1s)).error().code == Errc::NOT_READY);
  auto locked = book("A", 100, 100);
  CHECK(!is_sound(locked));
  auto twice = book("A", 100, 101);
  twice.asks[1].price = twice.asks[0].price;
  CHECK(!is_sound(twice));
}

TEST_CASE("symbol state: the consolidated quote is over live venues only") {
  SymbolState state{"BTC-USD", two_venues(), Settings{}};
  auto a = batch(1, {}, 0s);
  a.book = book("A", 100, 104);
  auto b = batch(1, {}, 0s, "B");
  b.book = book("B", 101, 105);
  (void)state.apply(a, t0);
  (void)state.apply(b, t0);
  auto ticker = state.ticker({"BTC-USD", "A"}, t0);
  CHECK(*ticker->data.consolidated.bid_venue == "B");
  CHECK(*ticker->data.consolidated.ask_venue == "A");
  auto lost = batch(2, {}, 1s, "B");
  lost.connected = false;
  (void)state.apply(lost, at(1s));
  ticker = state.ticker({"BTC-USD", "A"}, at(1s));
  CHECK(*ticker->data.consolidated.bid_venue == "A");
  const auto down = state.ticker({"BTC-USD", "B"}, at(1s));
  CHECK(down->meta.quality == trading::Quality::degraded);
  const auto changed = state.changes(at(1s));
  REQUIRE(changed.size() == 2);
  CHECK(changed[1].freshness == Freshness::DOWN);
  CHECK(!changed[1].primary);
  CHECK(state.changes(at(1s)).empty());
  CHECK(state.changes(at(9s)).size() == 1); // A went stale
}

TEST_CASE("symbol state: a predecessor's trades and bars rebuild and are not told again") {
  CHECK(rc::check("a restart at any batch publishes everything exactly once", [] {
    const auto count = *rc::gen::inRange<std::size_t>(1, 60);
    std::vector<trading::Trade> all;
    std::chrono::milliseconds when{0};
    for (std::size_t i = 0; i < count; ++i) {
      when += std::chrono::milliseconds{*rc::gen::inRange(0, 900)};
      all.push_back(trade(i + 1, when, 100.0 + static_cast<double>(i % 7)));
    }
    const auto cut = *rc::gen::inRange<std::size_t>(0, count);
    const auto run = [&](std::size_t restart_at) {
      auto state = std::make_unique<SymbolState>("BTC-USD", two_venues(), Settings{});
      std::vector<trading::IntervalBar> bars;
      std::vector<std::uint64_t> prints;
      std::uint64_t sequence = 0;
      const auto feed = [&](std::vector<trading::Trade> trades, Timestamp watermark,
                            std::uint64_t through, Timestamp until) {
        auto b = batch(++sequence, std::move(trades), 0s);
        b.watermark = watermark;
        b.handled_through = through;
        b.handled_until = until;
        const auto news = state->apply(b, watermark);
        for (const auto& closed : news.bars) {
          bars.push_back({closed.interval, closed.bar});
        }
        if (news.trades) {
          for (const auto& t : news.trades->trades) {
            prints.push_back(t.trade_id);
          }
        }
      };
      Timestamp until{INT64_MIN};
      std::uint64_t through = 0;
      for (std::size_t i = 0; i < all.size(); ++i) {
        if (i == restart_at) {
          const auto& track = *state->find({"BTC-USD", "A"});
          until = track.bars().bars_until();
          through = track.trades_through();
          state = std::make_unique<SymbolState>("BTC-USD", two_venues(), Settings{});
          sequence = 0;
          feed({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(i)},
               i == 0 ? t0 : all[i - 1].ts_event, through, until);
        }
        feed({all[i]}, all[i].ts_event, through, until);
      }
      feed({}, at(when + 24h), through, until);
      return std::pair{bars, prints};
    };
    RC_ASSERT(run(cut) == run(count + 1));
  }));
}

TEST_CASE("bar track: bars cut at the start wait for history or are dropped") {
  const auto seeded = [](bool with_history) {
    BarTrack track{{intervals::s1, intervals::m1}, 100};
    track.begin(at(30s), at(30s));
    ClosedBars out;
    track.apply({trade(1, 30s, 100)}, {}, at(40s), out);
    CHECK(out.closed.empty());
    CHECK(track.waits_for_seed());
    REQUIRE(track.seed_ranges().size() == 1);
    CHECK(track.seed_ranges()[0].start == t0);
    CHECK(track.seed_ranges()[0].end == at(30s));
    auto before = bar(intervals::s1, at(10s));
    before.volume = quantity(5);
    with_history ? track.seed({{intervals::s1, before}}, out) : track.give_up_seed(out);
    CHECK(track.gave_up() != with_history);
    CHECK(track.open(intervals::m1)->incomplete.has_value() != with_history);
    track.apply({}, {}, at(60s), out);
    return out;
  };
  const auto whole = seeded(true);
  REQUIRE(whole.published.size() == 2); // the second of the trade, and its minute
  CHECK(whole.published[1].interval == intervals::m1);
  CHECK(whole.published[1].bar.volume == quantity(6));
  CHECK(whole.closed.size() == 3); // history's too, for the store
  const auto cut = seeded(false);
  REQUIRE(cut.published.size() == 1);
  CHECK(cut.published[0].interval == intervals::s1);
}

TEST_CASE(
  "bar track: bars whose trades are lost say incomplete until history has made them whole") {
  BarTrack track{{intervals::s1, intervals::m1}, 100};
  track.begin(Timestamp{INT64_MIN}, Timestamp{INT64_MIN});
  ClosedBars out;
  track.apply({trade(1, 5s, 100)}, {}, at(6s), out);
  CHECK_FALSE(track.open(intervals::m1)->incomplete.has_value());
  track.begin(at(20s), at(6s)); // what traded from six to twenty is not known
  CHECK(track.open(intervals::m1)->incomplete == true);
  CHECK(track.open(intervals::m1)->volume == quantity(1));
  track.apply({trade(9, 21s, 103)}, {}, at(22s), out);
  CHECK(track.open(intervals::m1)->incomplete == true);
  auto first = bar(intervals::s1, at(5s));
  first.volume = quantity(1);
  auto missed = bar(intervals::s1, at(10s));
  missed.volume = quantity(7);
  out = {};
  track.seed({{intervals::s1, first}, {intervals::s1, missed}}, out);
  const auto whole = track.open(intervals::m1);
  REQUIRE(whole);
  CHECK_FALSE(whole->incomplete.has_value());
  CHECK(whole->volume == quantity(9));
  track.apply({}, {}, at(60s), out);
  CHECK(out.published.back().interval == intervals::m1);
  CHECK(out.published.back().bar.volume == quantity(9));
  CHECK_FALSE(out.published.back().bar.incomplete.has_value());
}

TEST_CASE("historical: pages over memory equal a naive model") {
  CHECK(rc::check("every bar of the range once and in order", [] {
    VenueTrack track{two_venues().venues()[0].instruments[0],
                     {{intervals::s1, intervals::m1}, 1000, 2s, {}, {}, true}};
    const auto count = *rc::gen::inRange(1, 200);
    std::vector<trading::Trade> trades;
    std::chrono::milliseconds when{0};
    for (int i = 0; i < count; ++i) {
      when += std::chrono::milliseconds{*rc::gen::inRange(100, 4000)};
      trades.push_back(trade(static_cast<std::uint64_t>(i + 1), when, 100.0 + i % 5));
    }
    (void)track.apply(batch(1, trades, when), at(when));
    auto model = trading::bars_from_trades(trades, intervals::s1);
    model.back().final = false; // its second is not over
    const auto from = at(std::chrono::seconds{*rc::gen::inRange(0, 300)});
    const auto to = from + std::chrono::seconds{*rc::gen::inRange(1, 300)};
    std::erase_if(model, [&](const auto& b) { return b.ts_open < from || b.ts_open >= to; });
    messages::GetHistorical request;
    request.symbol = {"BTC-USD", ""};
    request.interval = intervals::s1;
    request.start = from;
    request.end = to;
    request.limit = *rc::gen::inRange<std::uint32_t>(1, 50);
    std::vector<trading::Bar> got;
    const std::vector<trading::BarSpec> configured{intervals::s1, intervals::m1};
    for (;;) {
      const auto query = read_query(request, configured);
      RC_ASSERT(static_cast<bool>(query));
      const auto recalled = track.recall(*query);
      RC_ASSERT(recalled.complete);
      const auto reply =
        historical_reply(*query, make_page(*query, "BTC-USD", recalled.bars), {}, at(when));
      RC_ASSERT(reply.data.size() <= *request.limit);
      got.insert(got.end(), reply.data.begin(), reply.data.end());
      RC_ASSERT(*reply.meta.has_more == reply.meta.next_cursor.has_value());
      if (!*reply.meta.has_more) {
        break;
      }
      request.cursor = reply.meta.next_cursor;
    }
    RC_ASSERT(got == model);
  }));
}

TEST_CASE("settings: what is wrong in meaning is named") {
  std::vector<core::json::Problem> problems;
  check(Settings{}, problems);
  CHECK(problems.empty());
  Settings wrong;
  wrong.intervals = {"1m", "1s", "2h"};
  wrong.bars_in_memory_max = 0;
  wrong.fetch_deadline = std::chrono::minutes{1}; // nobody waits so long
  check(wrong, problems);
  REQUIRE(problems.size() == 4);
  CHECK(problems[0].path == "market_data.intervals[1]");
  CHECK(problems[1].path == "market_data.intervals[2]");
  CHECK(problems[2].path == "market_data.bars_in_memory_max");
  CHECK(problems[3].path == "market_data.fetch_deadline");
}
