#include "actors/market_data/feed_watch.hpp"
#include "actors/market_data/sla_table.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <rapidcheck.h>

using namespace troupe;
using namespace troupe::market_data;
using namespace std::chrono_literals;
using core::Timestamp;
using trading::Freshness;

namespace {

constexpr Timestamp start{1'700'000'400'000'000'000}; // a whole twelfth of an hour

Timestamp after(std::chrono::nanoseconds d) {
  return start + d;
}

SlaSettings strict() {
  SlaSettings settings;
  settings.latency_samples_min = 3;
  return settings;
}

venues::FeedBatch from_feed(std::uint64_t sequence) {
  venues::FeedBatch batch;
  batch.instrument = {"BTC-USD", "A"};
  batch.sequence = sequence;
  return batch;
}

messages::FeedSlaMeasured row(const char* symbol, const char* venue, const char* channel) {
  messages::FeedSlaMeasured item;
  item.feed.instrument = {symbol, venue};
  item.feed.channel = channel;
  item.feed.freshness = Freshness::LIVE;
  item.feed.as_of = start;
  item.feed.node = "n1";
  item.latencies.resize(messages::latency_buckets);
  return item;
}

Catalogue listed() {
  trading::Instrument a;
  a.instrument = {"BTC-USD", "A"};
  trading::Instrument b;
  b.instrument = {"BTC-USD", "B"};
  return Catalogue{{{"A", {a}}, {"B", {b}}}};
}

} // namespace

TEST_CASE("latency buckets: bounds hold what falls into them and are at most an eighth too large") {
  CHECK(rc::check([](std::uint32_t us) {
    const auto bucket = messages::latency_bucket(std::chrono::microseconds{us});
    RC_ASSERT(bucket < messages::latency_buckets);
    if (bucket + 1 < messages::latency_buckets) {
      const double bound = messages::latency_bucket_us(bucket);
      RC_ASSERT(us < bound);
      RC_ASSERT(bound <= std::max(us * 1.125, us + 1.0));
    }
  }));
  CHECK(messages::latency_bucket(-5ms) == 0);
  CHECK(messages::latency_bucket(10h) == messages::latency_buckets - 1);
  CHECK_FALSE(messages::latency_quantile_ms(std::vector<std::uint32_t>(3), 0.5).has_value());
  std::vector<std::uint32_t> counts(messages::latency_buckets);
  counts[messages::latency_bucket(1ms)] = 98;
  counts[messages::latency_bucket(80ms)] = 2;
  CHECK(*messages::latency_quantile_ms(counts, 0.5) == doctest::Approx(1.0).epsilon(0.13));
  CHECK(*messages::latency_quantile_ms(counts, 0.99) == doctest::Approx(80.0).epsilon(0.13));
}

TEST_CASE("sla: uptime is the time that was live by the data, to the nanosecond") {
  SlaTracker tracker{SlaSettings{}};
  tracker.observe(after(0s), Freshness::LIVE, after(10s));
  tracker.observe(after(60s), Freshness::STALE, after(10s)); // it was live for ten seconds of them
  tracker.observe(after(100s), Freshness::LIVE, after(200s));
  auto figures = tracker.figures(after(150s));
  CHECK(figures.observed_ms == 150000);
  CHECK(figures.down_ms == 90000);
  CHECK(figures.uptime == doctest::Approx(60.0 / 150.0));
  CHECK(figures.error_budget_used == doctest::Approx(90.0 / 3.6));
  CHECK(breached_targets(figures, SlaSettings{}) == std::vector<std::string>{"uptime"});
  tracker.observe(after(150s), Freshness::LIVE, after(10h));
  figures = tracker.figures(after(2h)); // what was lost has left the window
  CHECK(figures.down_ms == 0);
  CHECK(figures.observed_ms >= 3300000);
  CHECK(figures.observed_ms <= 3600000);
  CHECK(breached_targets(figures, SlaSettings{}).empty());
}

TEST_CASE("sla: equals a naive account of any sequence of states within a window") {
  CHECK(rc::check([](const std::vector<std::pair<std::uint8_t, std::uint8_t>>& steps) {
    SlaTracker tracker{SlaSettings{}};
    std::chrono::nanoseconds now{0};
    std::chrono::nanoseconds live{0};
    tracker.observe(after(now), Freshness::LIVE, after(1h));
    bool is_live = true;
    for (const auto& [seconds, state] : steps) {
      if (now + std::chrono::seconds{seconds} > 50min) {
        break;
      }
      now += std::chrono::seconds{seconds};
      live += is_live ? std::chrono::seconds{seconds} : 0s;
      is_live = state % 3 == 0;
      tracker.observe(after(now), is_live ? Freshness::LIVE : Freshness::RESYNC, after(1h));
    }
    const auto figures = tracker.figures(after(now));
    RC_ASSERT(figures.observed_ms == now.count() / 1'000'000);
    RC_ASSERT(figures.down_ms == (now - live).count() / 1'000'000);
  }));
}

TEST_CASE("sla: a feed that never comes up is observed after a grace") {
  SlaTracker tracker{SlaSettings{}};
  tracker.observe(after(0s), Freshness::DOWN, {});
  tracker.observe(after(20s), Freshness::DOWN, {});
  CHECK(tracker.figures(after(20s)).observed_ms == 0);
  tracker.observe(after(40s), Freshness::DOWN, {});
  tracker.observe(after(70s), Freshness::DOWN, {});
  CHECK(tracker.figures(after(70s)).down_ms == 30000);
}

TEST_CASE("sla: latency is judged by enough publications, gaps by whether they heal in time") {
  const auto settings = strict();
  SlaTracker tracker{settings};
  tracker.observe(after(0s), Freshness::LIVE, after(1h));
  tracker.on_published(after(1s), 80ms);
  tracker.on_published(after(2s), 80ms);
  CHECK(breached_targets(tracker.figures(after(2s)), settings).empty());
  tracker.on_published(after(3s), 80ms);
  CHECK(breached_targets(tracker.figures(after(3s)), settings)
        == std::vector<std::string>{"latency_p99"});
  tracker.on_gap(after(4s));
  tracker.on_gap(after(5s)); // still the same one
  CHECK(tracker.figures(after(14s)).unhealed_gaps == 0);
  CHECK(tracker.figures(after(14s + 1ns)).unhealed_gaps == 1);
  tracker.on_healed();
  CHECK(tracker.figures(after(20s)).unhealed_gaps == 0);
  CHECK(tracker.figures(after(20s)).gaps == 1);
  tracker.on_unhealable(after(30s));
  CHECK(tracker.figures(after(50min)).unhealed_gaps == 1);
  CHECK(tracker.figures(after(2h)).unhealed_gaps == 0);
  CHECK(tracker.figures(after(2h)).gaps == 0);
  CHECK(tracker.figures(after(2h)).latency_samples == 0);
}

TEST_CASE("sla: rates and silences are of the window") {
  static_assert(std::is_trivially_copyable_v<SlaTracker>, "its memory is fixed");
  SlaTracker tracker{SlaSettings{}};
  tracker.observe(after(0s), Freshness::LIVE, after(1h));
  for (int i = 1; i <= 1'000; ++i) {
    const auto now = after(std::chrono::milliseconds{100 * i});
    tracker.on_data(now, 3);
    tracker.on_published(now, 2ms);
    tracker.observe(now, Freshness::LIVE, now + 1h);
  }
  const auto figures = tracker.figures(after(107s));
  CHECK(figures.messages == 3'000);
  CHECK(figures.messages_per_second == doctest::Approx(3'000.0 / 107.0));
  CHECK(figures.latency_samples == 1'000);
  CHECK(figures.staleness_ms == 7'000);
  CHECK(figures.staleness_max_ms == 7'000);
}

TEST_CASE("feed watch: a book that is lost and fetched anew is told with reason and duration") {
  FeedWatch watch{{"BTC-USD", "A"}, strict()};
  FreshnessTracker freshness{2s};
  auto lost = from_feed(0);
  lost.book_lost = true;
  lost.reason = "the stream has a gap";
  CHECK_FALSE(watch.book_lost(lost, after(0s)).has_value()); // there was none yet
  freshness.on_data(after(0s), true);
  CHECK_FALSE(watch.data(from_feed(1), true, after(0s)).has_value());
  watch.observe(freshness, after(0s));

  const auto started = watch.book_lost(lost, after(1s));
  freshness.on_book_lost(lost.reason);
  REQUIRE(started.has_value());
  CHECK(started->phase == messages::ResyncPhase::STARTED);
  CHECK(started->reason == "the stream has a gap");
  watch.observe(freshness, after(1s));
  lost.resync_attempts = 2;
  CHECK_FALSE(watch.book_lost(lost, after(2s)).has_value()); // told already
  freshness.on_data(after(2s), false);
  CHECK(freshness.book_at(after(2s)) == Freshness::RESYNC);
  CHECK(freshness.trades_at(after(2s)) == Freshness::LIVE);
  CHECK(freshness.reason(after(2s)) == "the stream has a gap");
  CHECK_FALSE(watch.data(from_feed(2), false, after(2s)).has_value());
  watch.observe(freshness, after(2s));

  auto whole = from_feed(3);
  whole.resync_attempts = 3;
  const auto healed = watch.data(whole, true, after(4s));
  freshness.on_data(after(4s), true);
  watch.observe(freshness, after(4s));
  REQUIRE(healed.has_value());
  CHECK(healed->phase == messages::ResyncPhase::HEALED);
  CHECK(healed->since == after(1s));
  CHECK(*healed->duration_ms == 3'000);
  CHECK(healed->attempts == 3);
  const auto measured = watch.measured(freshness, "n1", after(5s));
  REQUIRE(measured.size() == 2);
  CHECK(measured[0].feed.channel == "trades");
  CHECK(measured[0].feed.figures.down_ms == 0);
  CHECK(measured[1].feed.channel == "book");
  CHECK(measured[1].feed.figures.down_ms == 3000);
  CHECK(measured[1].feed.figures.resyncs == 1);
  CHECK(measured[1].feed.figures.gaps == 1);
}

TEST_CASE("feed watch: a broken stream is a gap of trades until its bars are whole, and a breach") {
  FeedWatch watch{{"BTC-USD", "A"}, strict()};
  FreshnessTracker freshness{2s};
  freshness.on_data(after(0s), true);
  (void)watch.data(from_feed(1), true, after(0s));
  watch.observe(freshness, after(0s));
  CHECK(watch.breaches(watch.measured(freshness, "n1", after(0s))).empty());
  auto down = from_feed(0);
  down.connected = false;
  down.reason = "reset by peer";
  const auto started = watch.disconnected(down, after(1s));
  freshness.on_disconnected(down.reason);
  watch.observe(freshness, after(1s));
  REQUIRE(started.has_value());
  CHECK(started->reason == "reset by peer");
  auto told = watch.breaches(watch.measured(freshness, "n1", after(12s)));
  REQUIRE(told.size() == 4); // uptime and gaps, of trades and book
  CHECK(told[0].channel == "trades");
  CHECK(told[0].target == "uptime");
  CHECK(told[0].breached);
  CHECK(told[1].target == "gaps");
  CHECK(told[3].channel == "book");
  CHECK(watch.breaches(watch.measured(freshness, "n1", after(13s))).empty());
  freshness.on_data(after(14s), true);
  (void)watch.data(from_feed(1), true, after(14s));
  watch.observe(freshness, after(14s));
  told = watch.breaches(watch.measured(freshness, "n1", after(14s)));
  REQUIRE(told.size() == 1); // the book is whole, the bars are not
  CHECK(told[0].channel == "book");
  CHECK(told[0].target == "gaps");
  CHECK_FALSE(told[0].breached);
  watch.bars_healed();
  told = watch.breaches(watch.measured(freshness, "n1", after(15s)));
  REQUIRE(told.size() == 1);
  CHECK(told[0].channel == "trades");
  CHECK_FALSE(told[0].breached);
}

TEST_CASE(
  "sla table: venues add up, the newest of a feed counts, and filters say what they expect") {
  SlaTable table{strict()};
  const auto catalogue = listed();
  CHECK(answer_sla(table, catalogue, {}, start).error().code == core::Errc::NOT_READY);
  auto a = row("BTC-USD", "A", "trades");
  a.feed.figures.observed_ms = 100000;
  a.feed.figures.down_ms = 10000;
  a.feed.figures.messages = 7;
  a.feed.figures.latency_samples = 3;
  a.latencies[messages::latency_bucket(90ms)] = 3;
  a.feed.breached = {"latency_p99"};
  auto old = a;
  old.feed.as_of = start - 1s;
  old.feed.figures.messages = 1;
  table.take(a);
  table.take(old);
  auto book = row("BTC-USD", "A", "book");
  book.feed.figures.observed_ms = 100000;
  book.feed.node = "n2";
  table.take(book);
  table.take(row("BTC-USD", "B", "trades"));
  const auto reply = answer_sla(table, catalogue, {}, start + 1s);
  REQUIRE(reply.has_value());
  CHECK(reply->meta.quality == trading::Quality::live);
  CHECK(reply->meta.age_ms == 1'000);
  CHECK(reply->data.feeds.size() == 3);
  REQUIRE(reply->data.venues.size() == 5);
  const auto& all = reply->data.venues[0];
  CHECK(all.venue == "A");
  CHECK(all.channel == "all");
  CHECK(all.feeds == 2);
  CHECK(all.live == 2);
  CHECK(all.figures.messages == 7);
  CHECK(all.figures.uptime == doctest::Approx(0.95));
  CHECK(all.breached == std::vector<std::string>{"latency_p99"});
  CHECK(all.feeds_breached == 1);
  CHECK(answer_sla(table, catalogue, {}, start + 6s)->meta.quality == trading::Quality::stale);

  messages::GetSla request;
  request.venue = "B";
  CHECK(answer_sla(table, catalogue, request, start)->data.feeds.size() == 1);
  request.channel = "book";
  CHECK(answer_sla(table, catalogue, request, start)->data.feeds.empty());
  request.venue = "C";
  CHECK(answer_sla(table, catalogue, request, start).error().message
        == "venue: expected one of A, B, found \"C\"");
  request = {};
  request.channel = "bars";
  CHECK(answer_sla(table, catalogue, request, start).error().message
        == "channel: expected one of trades, book, all, found \"bars\"");
  request = {};
  request.symbol = trading::InstrumentId{"BTC-USD", "B"};
  CHECK(answer_sla(table, catalogue, request, start)->data.feeds.size() == 1);
  request.symbol = trading::InstrumentId{"ETH-USD", ""};
  CHECK(answer_sla(table, catalogue, request, start).error().code == core::Errc::UNKNOWN_SYMBOL);

  CHECK(table.venues("n2").size() == 2); // its book and the whole
  auto told = table.breaches("A", "n1", start);
  REQUIRE(told.size() == 1);
  CHECK(told[0].target == "latency_p99");
  CHECK_FALSE(told[0].instrument.has_value());
  CHECK(table.breaches("A", "n1", start).empty());
  CHECK(table.breaches("C", "n1", start).empty());
}

TEST_CASE("sla settings: what cannot be is named") {
  std::vector<core::json::Problem> problems;
  check(SlaSettings{}, "market_data.sla", problems);
  CHECK(problems.empty());
  SlaSettings wrong;
  wrong.uptime = 1.0;
  wrong.latency_p99 = 0s;
  wrong.heal_within = 0s;
  wrong.window = 1s;
  check(wrong, "market_data.sla", problems);
  REQUIRE(problems.size() == 4);
  CHECK(problems[0].path == "market_data.sla.uptime");
  CHECK(problems[3].path == "market_data.sla.window");
}
