#include "actors/market_data/activity_track.hpp"
#include "actors/storage/history.hpp"
#include "actors/storage/open_history.hpp"
#include "scripted.hpp"

#include <rapidcheck.h>

using namespace test;
using core::Errc;
using md::ActivityTrack;
using md::SpecBar;
using trading::BarSpec;
using trading::Freshness;
using trading::Quality;

namespace {

md::Settings with_ticks(const char* spec = "tick:3") {
  md::Settings settings;
  settings.intervals = {"1s", "1m"};
  settings.activity_bars = {spec};
  return settings;
}

messages::GetHistorical bars_of(const char* spec) {
  messages::GetHistorical request;
  request.symbol = id("BTC-USD");
  request.interval = *BarSpec::from_text(spec);
  return request;
}

/// One trade a second, from the next number on.
void trade_for(World& world,
               const Script& script,
               std::uint64_t& sequence,
               std::uint64_t& number,
               int seconds,
               core::Timestamp complete_from = core::Timestamp{INT64_MIN}) {
  for (int i = 0; i < seconds; ++i) {
    auto batch = scripted_batch(world, ++sequence);
    batch.complete_from = complete_from;
    ++number;
    batch.trades = {scripted_trade(world, number, 100 + static_cast<std::int64_t>(number % 5))};
    push(world, script, batch);
    world.advance(1s);
  }
}

constexpr core::Timestamp midnight{1'699'920'000'000'000'000}; ///< of 2023-11-14

/// As if they had been recorded before.
void put_trades(const std::string& file, const std::vector<trading::Trade>& trades) {
  auto store = troupe::storage::open_history("sqlite:" + file);
  REQUIRE(store.has_value());
  REQUIRE((*store)->add_trades(trades).has_value());
}

trading::Trade old_trade(std::uint64_t number, core::Timestamp t) {
  trading::Trade trade;
  trade.instrument = id("BTC-USD.X");
  trade.trade_id = number;
  trade.price = trading::Price::from_integer(100 + static_cast<std::int64_t>(number % 7));
  trade.quantity = trading::Quantity::from_integer(1);
  trade.ts_event = trade.ts_recv = t;
  return trade;
}

std::vector<trading::Trade> stored(const std::string& file) {
  auto store = troupe::storage::open_history("sqlite:" + file);
  REQUIRE(store.has_value());
  auto trades = (*store)->trades(id("BTC-USD.X"), {}, 10'000, troupe::storage::Pick::OLDEST);
  REQUIRE(trades.has_value());
  return *trades;
}

std::vector<trading::Bar> whole_bars(const std::vector<trading::Trade>& trades, const char* spec) {
  std::vector<trading::Bar> bars;
  for (const auto& item : trading::activity_bars_from_trades(trades, *BarSpec::from_text(spec))) {
    bars.push_back(item.bar);
  }
  return bars;
}

} // namespace

TEST_CASE("activity bars: told once when they close, answered with the open one, paged by cursor") {
  const Folder folder;
  World world;
  const auto script = std::make_shared<Script>();
  world.start({scripted(script)}, "sqlite:" + folder.file("h.db"), with_ticks());
  std::uint64_t sequence = 0;
  std::uint64_t number = 0;
  trade_for(world, *script, sequence, number, 11);
  const auto& told = world.heard->activity["tick:3"];
  REQUIRE(told.size() == 3);
  CHECK(told[0].instrument == id("BTC-USD.X"));
  CHECK(told[0].primary);
  CHECK(told[0].quality == Quality::live);
  CHECK(told[2].bar.trades == 3);
  auto request = bars_of("tick:3");
  const auto all = world.ask(request);
  REQUIRE(all.has_value());
  REQUIRE(all->data.size() == 4);
  CHECK(all->data[0] == told[0].bar);
  CHECK_FALSE(all->data[3].final);
  CHECK(all->data[3].trades == 2);
  CHECK(all->meta.quality == Quality::live);
  request.start = all->data[0].ts_open;
  request.limit = 1;
  std::vector<trading::Bar> paged;
  for (int page = 0; page < 4; ++page) {
    const auto reply = world.ask(request);
    REQUIRE(reply.has_value());
    paged.insert(paged.end(), reply->data.begin(), reply->data.end());
    request.cursor = reply->meta.next_cursor;
  }
  CHECK_FALSE(request.cursor.has_value());
  CHECK(paged == all->data);
  const auto refused = world.ask(bars_of("tick:4"));
  CHECK(refused.error().code == Errc::INVALID_ARGUMENT);
  CHECK(refused.error().message == "interval: expected one of 1s, 1m, tick:3, found tick:4");
}

TEST_CASE("activity bars: a restarted instrument builds the same bars of the stored trades") {
  const Folder folder;
  World world{nullptr, midnight};
  const auto script = std::make_shared<Script>();
  world.start({scripted(script)}, "sqlite:" + folder.file("h.db"), with_ticks());
  std::uint64_t sequence = 0;
  std::uint64_t number = 0;
  const auto begun = world.clock->now();
  trade_for(world, *script, sequence, number, 8, begun);
  world.advance(2s); // they are in the store
  CHECK(stored(folder.file("h.db")).size() == 8);
  const auto before = world.ask(bars_of("tick:3"));
  REQUIRE(before.has_value());
  REQUIRE(before->data.size() == 3);
  REQUIRE(sup::kill_child(world.rt, "market_data/instruments/BTC-USD").has_value());
  world.advance(2s);
  sequence = 0;
  const auto told = world.heard->activity["tick:3"].size();
  auto batch = scripted_batch(world, ++sequence);
  batch.complete_from = begun;
  batch.handled_through = number;
  push(world, *script, batch);
  world.advance(1s);
  const auto after = world.ask(bars_of("tick:3"));
  REQUIRE(after.has_value());
  CHECK(after->data == before->data);
  CHECK(world.heard->activity["tick:3"].size() == told);
  trade_for(world, *script, sequence, number, 1, begun); // the ninth trade ends the third bar
  CHECK(world.heard->activity["tick:3"].size() == told + 1);
}

TEST_CASE("activity bars: older ones are built of stored trades, page by page as in one piece") {
  const Folder folder;
  std::vector<trading::Trade> trades;
  auto t = midnight - 20'000s;
  for (std::uint64_t i = 1; i <= 500; ++i) {
    t = t + (i % 3 == 0 ? 0s : 300s); // some are of one time
    trades.push_back(old_trade(i, t));
  }
  put_trades(folder.file("h.db"), trades);
  World world{nullptr, t + 1s};
  const auto script = std::make_shared<Script>();
  world.start({scripted(script)}, "sqlite:" + folder.file("h.db"), with_ticks("tick:4"));
  auto batch = scripted_batch(world, 1);
  batch.complete_from = t;
  push(world, *script, batch);
  world.advance(1s);
  const auto expected = whole_bars(trades, "tick:4");
  REQUIRE(expected.size() > 120);
  auto request = bars_of("tick:4");
  request.start = midnight - 48h;
  request.limit = 10;
  std::vector<trading::Bar> paged;
  for (int page = 0; page < 20; ++page) {
    const auto reply = world.ask(request);
    REQUIRE(reply.has_value());
    CHECK(*reply->meta.source == (paged.size() < 20 ? "history" : *reply->meta.source));
    paged.insert(paged.end(), reply->data.begin(), reply->data.end());
    request.cursor = reply->meta.next_cursor;
    if (!request.cursor) {
      break;
    }
  }
  CHECK(paged == expected);
  auto newest = bars_of("tick:4");
  newest.limit = static_cast<std::uint32_t>(expected.size() - 7); // some of them of the day before
  const auto last = world.ask(newest);
  REQUIRE(last.has_value());
  CHECK(last->data == std::vector<trading::Bar>(expected.begin() + 7, expected.end()));
  newest.end = expected[15].ts_open;
  newest.limit = 5;
  const auto middle = world.ask(newest);
  REQUIRE(middle.has_value());
  CHECK(middle->data == std::vector<trading::Bar>(expected.begin() + 10, expected.begin() + 15));
  request = bars_of("tick:4");
  request.start = expected[3].ts_open;
  request.end = expected[9].ts_open + 1ns;
  const auto range = world.ask(request);
  REQUIRE(range.has_value());
  CHECK(range->data == std::vector<trading::Bar>(expected.begin() + 3, expected.begin() + 10));
}

TEST_CASE("activity bars: a question that takes in too many trades is refused") {
  const Folder folder;
  std::vector<trading::Trade> trades;
  for (std::uint64_t i = 1; i <= 9; ++i) {
    trades.push_back(old_trade(i, midnight - 100s + std::chrono::seconds{i}));
  }
  put_trades(folder.file("h.db"), trades);
  World world{nullptr, midnight + 1h};
  const auto script = std::make_shared<Script>();
  auto settings = with_ticks("tick:1000");
  settings.activity_trades_max = 5;
  world.start({scripted(script)}, "sqlite:" + folder.file("h.db"), settings);
  auto batch = scripted_batch(world, 1);
  batch.complete_from = midnight + 1h;
  push(world, *script, batch);
  world.advance(1s);
  auto request = bars_of("tick:1000");
  request.start = midnight - 48h;
  const auto refused = world.ask(request);
  CHECK(refused.error().code == Errc::INVALID_ARGUMENT);
  CHECK(refused.error().message.find("start: expected a time from which at most 5 stored trades")
        != std::string::npos);
}

TEST_CASE("activity track: trades missed between two streams mark the bar, trades told of do not") {
  ActivityTrack track{{{*BarSpec::from_text("tick:2")}, 100, false, false}};
  std::vector<SpecBar> out;
  const core::Timestamp t0{1'700'000'070'000'000'000};
  const auto print = [&](std::uint64_t number, std::chrono::nanoseconds at) {
    trading::Trade trade;
    trade.trade_id = number;
    trade.price = trading::Price::from_integer(1);
    trade.quantity = trading::Quantity::from_integer(1);
    trade.ts_event = t0 + at;
    return trade;
  };
  track.begin(core::Timestamp{INT64_MIN}, 0, core::Timestamp{INT64_MIN});
  track.apply({print(1, 1s)}, t0 + 2s, out);
  track.begin(t0 + 2s, 1, t0 + 2s); // the stream goes on where it ended
  track.apply({print(2, 2s)}, t0 + 3s, out);
  track.apply({print(3, 3s)}, t0 + 3s, out);
  track.begin(t0 + 9s, 3, t0 + 3s); // six seconds are not there
  track.apply({print(9, 9s)}, t0 + 9s, out);
  REQUIRE(out.size() == 2);
  CHECK_FALSE(out[0].bar.incomplete.has_value());
  CHECK(out[1].bar.incomplete == true);
}

TEST_CASE("activity track: without the stored trades of the day the first bar says so") {
  ActivityTrack track{{{*BarSpec::from_text("tick:1")}, 2, false, true}};
  std::vector<SpecBar> out;
  const core::Timestamp t0{1'700'000'070'000'000'000};
  track.begin(t0, 0, t0);
  REQUIRE(track.waits());
  CHECK(track.rebuild_from().to_text() == "2023-11-14T00:00:00.000000000Z");
  trading::Trade trade;
  trade.price = trading::Price::from_integer(1);
  trade.quantity = trading::Quantity::from_integer(1);
  for (std::uint64_t i = 1; i <= 4; ++i) {
    trade.trade_id = i;
    trade.ts_event = t0 + std::chrono::seconds{i};
    track.apply({trade}, trade.ts_event, out);
  }
  CHECK(out.empty());
  track.give_up(out);
  REQUIRE(out.size() == 4);
  CHECK(out[0].bar.incomplete == true);
  CHECK_FALSE(out[1].bar.incomplete.has_value());
  md::HistoryQuery query;
  query.spec = *BarSpec::from_text("tick:1");
  query.limit = 5;
  const auto recalled = track.recall(query);
  CHECK(recalled.bars.size() == 2); // no more are kept
  CHECK_FALSE(recalled.complete);
  CHECK(recalled.covered_from == recalled.bars[0].bar.ts_open);
}

TEST_CASE("recorded trades: each once, waiting while the store is away, old ones taken away") {
  const Folder folder;
  World world;
  const auto script = std::make_shared<Script>();
  auto settings = with_ticks();
  settings.trades_retention = 20min;
  settings.trades_unstored_max = 6;
  const auto file = folder.file("later/h.db");
  world.start({scripted(script)}, "sqlite:" + file, settings);
  std::uint64_t sequence = 0;
  std::uint64_t number = 0;
  trade_for(world, *script, sequence, number, 8); // the store does not open: the oldest two go
  std::filesystem::create_directories(folder.file("later"));
  world.advance(70s);
  auto again = scripted_batch(world, ++sequence);
  again.trades = {scripted_trade(world, 8, 100)}; // what was there already
  push(world, *script, again);
  world.advance(2s);
  auto trades = stored(file);
  REQUIRE(trades.size() == 6);
  CHECK(trades.front().trade_id == 3);
  CHECK(trades.back().trade_id == 8);
  world.advance(10min, 1s);
  trade_for(world, *script, sequence, number, 1);
  world.advance(14min, 1s);
  trades = stored(file);
  REQUIRE(trades.size() == 1);
  CHECK(trades[0].trade_id == 9);
}

TEST_CASE("recorded trades: not those of recordings, nor where it is switched off") {
  const Folder folder;
  World world;
  const auto script = std::make_shared<Script>();
  auto venue = scripted(script);
  venue.live_trades = false;
  world.start({venue}, "sqlite:" + folder.file("h.db"), with_ticks());
  std::uint64_t sequence = 0;
  std::uint64_t number = 0;
  trade_for(world, *script, sequence, number, 4);
  CHECK(stored(folder.file("h.db")).empty());
  CHECK(world.heard->activity["tick:3"].size() == 1);
}

TEST_CASE(
  "book resync: told at both ends, and the book says stale in between while trades do not") {
  const Folder folder;
  World world;
  const auto script = std::make_shared<Script>();
  world.start({scripted(script)}, "sqlite:" + folder.file("h.db"), with_ticks());
  const auto with_book = [&](std::uint64_t sequence) {
    auto batch = scripted_batch(world, sequence);
    trading::BookSnapshot book;
    book.instrument = id("BTC-USD.X");
    book.bids = {{trading::Price::from_integer(99), trading::Quantity::from_integer(1)}};
    book.asks = {{trading::Price::from_integer(101), trading::Quantity::from_integer(1)}};
    batch.book = book;
    return batch;
  };
  push(world, *script, with_book(1));
  auto request = messages::GetOrderBook{id("BTC-USD"), {}};
  CHECK(world.ask(request)->meta.quality == Quality::live);
  auto lost = scripted_batch(world, 0);
  lost.book_lost = true;
  lost.reason = "the stream has a gap";
  push(world, *script, lost);
  REQUIRE(world.heard->resyncs.size() == 1);
  CHECK(world.heard->resyncs[0].phase == messages::ResyncPhase::STARTED);
  CHECK(world.heard->resyncs[0].primary);
  CHECK(world.ask(request)->meta.quality == Quality::stale);
  CHECK(world.ask(messages::GetTicker{id("BTC-USD")})->meta.quality == Quality::stale);
  const auto& beat = world.heard->beats.back();
  CHECK(beat.freshness == Freshness::RESYNC);
  CHECK(beat.channels.book == Freshness::RESYNC);
  CHECK(beat.channels.trades == Freshness::LIVE);
  CHECK(beat.channels.bars == Freshness::LIVE);
  CHECK(beat.reason == "the stream has a gap");
  CHECK(beat.bars.size() == 3);
  world.advance(500ms);
  auto whole = with_book(2);
  whole.resync_attempts = 2;
  push(world, *script, whole);
  REQUIRE(world.heard->resyncs.size() == 2);
  const auto& healed = world.heard->resyncs[1];
  CHECK(healed.phase == messages::ResyncPhase::HEALED);
  CHECK(*healed.duration_ms >= 500);
  CHECK(healed.attempts == 2);
  CHECK(world.ask(request)->meta.quality == Quality::live);
  CHECK(world.heard->beats.back().freshness == Freshness::LIVE);
}

TEST_CASE("sla: measured of every feed and answered with breaches, which are events") {
  const Folder folder;
  World world;
  const auto script = std::make_shared<Script>();
  auto settings = with_ticks();
  settings.sla.window = 60s;
  settings.sla.latency_samples_min = 1;
  world.start({scripted(script)}, "sqlite:" + folder.file("h.db"), settings);
  for (std::uint64_t i = 1; i <= 3; ++i) {
    auto batch = scripted_batch(world, i);
    batch.trades = {scripted_trade(world, i, 100)};
    batch.trades_received = world.clock->now() - 80ms;
    push(world, *script, batch);
    world.advance(1s);
  }
  const auto reply = world.ask(messages::GetSla{});
  REQUIRE(reply.has_value());
  CHECK(reply->data.targets.uptime == 0.999);
  REQUIRE(reply->data.feeds.size() == 1); // it never had a book
  const auto& feed = reply->data.feeds[0];
  CHECK(feed.channel == "trades");
  CHECK(feed.figures.messages == 3);
  CHECK(feed.node == "test");
  CHECK(*feed.figures.latency_p99_ms == doctest::Approx(80).epsilon(0.13));
  CHECK(feed.breached == std::vector<std::string>{"latency_p99"});
  REQUIRE(reply->data.venues.size() == 2);
  CHECK(reply->data.venues[0].feeds_breached == 1);
  REQUIRE(world.heard->breaches.size() == 2); // the feed, then its venue as a whole
  CHECK(world.heard->breaches[0].target == "latency_p99");
  CHECK(world.heard->breaches[0].instrument == id("BTC-USD.X"));
  CHECK_FALSE(world.heard->breaches[1].instrument.has_value());
  CHECK(world.heard->breaches[1].venue == "X");
  world.advance(70s, 100ms); // silent: it lost its uptime; the slow publications left the window
  const auto& breaches = world.heard->breaches;
  CHECK(std::any_of(breaches.begin(), breaches.end(), [](const messages::SlaBreach& breach) {
    return breach.target == "uptime" && breach.breached && breach.instrument.has_value();
  }));
  CHECK(std::any_of(breaches.begin(), breaches.end(), [](const messages::SlaBreach& breach) {
    return breach.target == "latency_p99" && !breach.breached;
  }));
}

TEST_CASE("sla: what a node measures is on its board") {
  const Folder folder;
  World world;
  const auto script = std::make_shared<Script>();
  world.feeds = std::make_shared<messages::FeedBoard>();
  world.start({scripted(script)}, "sqlite:" + folder.file("h.db"), with_ticks());
  push(world, *script, scripted_batch(world, 1));
  world.advance(3s);
  const auto newest = world.feeds->newest();
  REQUIRE(newest != nullptr);
  REQUIRE(newest->venues.size() == 2);
  CHECK(newest->venues[1].channel == "trades");
  CHECK(newest->venues[1].feeds == 1);
}
