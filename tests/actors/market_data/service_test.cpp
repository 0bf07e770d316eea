#include "scripted.hpp"

using namespace test;
using core::Errc;
using trading::Freshness;
using trading::Quality;

namespace {

constexpr const char* one_coin =
  R"("instruments":[{"symbol":"BTC-USD","price":64000},{"symbol":"ETH-USD","price":3200}])";

std::string sim(const std::string& name) {
  return R"({"name":")" + name + R"(","kind":"sim","seed":7,)" + one_coin + "}";
}

/// Intervals short enough that a test sees them close.
md::Settings few_intervals() {
  md::Settings settings;
  settings.intervals = {"1s", "1m", "5m"};
  return settings;
}

/// Everything belongs to another node.
class Elsewhere final : public sup::Placement {
public:
  std::optional<sup::Owner> owner(std::string_view, std::string_view) const override {
    return sup::Owner{"other", false, 2};
  }
  std::vector<std::string> carriers(std::string_view) const override { return {"other"}; }
  std::uint64_t epoch() const override { return 2; }
  caf::actor gateway(std::string_view) const override { return {}; }
  void watch(const caf::actor&) override {}
};

messages::GetHistorical history_of(const char* symbol) {
  messages::GetHistorical request;
  request.symbol = id(symbol);
  return request;
}

} // namespace

TEST_CASE("market data: the simulated venues are answered for live and refusals have their codes") {
  const Folder folder;
  World world;
  world.start(world.make({sim("SIM-A"), sim("SIM-B")}), "sqlite:" + folder.file("h.db"),
              few_intervals());
  world.advance(3s);
  CHECK(world.rt.health.ready());
  const auto ticker = world.ask(messages::GetTicker{id("BTC-USD")});
  REQUIRE(ticker.has_value());
  CHECK(ticker->meta.quality == Quality::live);
  CHECK(ticker->data.instrument == id("BTC-USD.SIM-A"));
  CHECK(*ticker->data.bid < *ticker->data.ask);
  CHECK(ticker->data.consolidated.bid >= ticker->data.bid);
  const auto book = world.ask(messages::GetOrderBook{id("BTC-USD.SIM-B"), 3});
  REQUIRE(book.has_value());
  CHECK(book->data.bids.size() == 3);
  CHECK(book->data.bids[0].price < book->data.asks[0].price);
  const auto list = world.ask(messages::ListInstruments{});
  REQUIRE(list.has_value());
  REQUIRE(list->data.size() == 4);
  CHECK(list->data[0].instrument == id("BTC-USD.SIM-A"));
  CHECK(list->data[3].instrument == id("ETH-USD.SIM-B"));
  CHECK(world.ask(messages::GetTicker{id("NO-USD")}).error().code == Errc::UNKNOWN_SYMBOL);
  CHECK(world.ask(messages::GetTicker{id("BTC-USD.NONE")}).error().code == Errc::UNKNOWN_SYMBOL);
  CHECK(world.ask(messages::GetOrderBook{id("BTC-USD"), 0}).error().code == Errc::INVALID_ARGUMENT);
  auto bars = history_of("BTC-USD");
  bars.interval = trading::intervals::h1;
  CHECK(world.ask(bars).error().code == Errc::INVALID_ARGUMENT);
}

TEST_CASE("market data: history from before the start is whole and pages join") {
  const Folder folder;
  World world;
  world.start(world.make({sim("SIM-A")}), "sqlite:" + folder.file("h.db"), few_intervals());
  world.advance(3s);
  auto newest = history_of("BTC-USD");
  newest.limit = 20;
  const auto last = world.ask(newest);
  REQUIRE(last.has_value());
  REQUIRE(last->data.size() == 20);
  CHECK(!last->data.back().final);
  CHECK(strictly_ascending(last->data, [](const auto& b) { return b.ts_open; }));
  CHECK(last->data[18].ts_close == last->data[19].ts_open);
  auto paged = history_of("BTC-USD");
  paged.start = last->data.front().ts_open - 1000min; // beyond memory's warm bars
  paged.end = last->data[10].ts_open;
  paged.limit = 300;
  std::vector<trading::Bar> got;
  for (int pages = 0; pages < 10; ++pages) {
    const auto page = world.ask(paged);
    REQUIRE(page.has_value());
    got.insert(got.end(), page->data.begin(), page->data.end());
    paged.cursor = page->meta.next_cursor;
    if (!paged.cursor) {
      break;
    }
  }
  CHECK(got.size() == 1010);
  CHECK(strictly_ascending(got, [](const auto& b) { return b.ts_open; }));
  CHECK(got.back() == last->data[9]);
}

TEST_CASE("market data: a killed instrument actor loses and doubles nothing") {
  const auto run = [](bool kill) {
    const Folder folder;
    auto world = std::make_unique<World>();
    world->start(world->make({sim("SIM-A")}), "sqlite:" + folder.file("h.db"), few_intervals());
    for (int i = 0; i < 16; ++i) {
      world->advance(5s);
      if (kill && i % 4 == 1) {
        REQUIRE(sup::kill_child(world->rt, "market_data/instruments/BTC-USD").has_value());
      }
    }
    world->advance(2s);
    return *world->heard;
  };
  const auto calm = run(false);
  const auto killed = run(true);
  const auto& ids = calm.trades.at("BTC-USD.SIM-A");
  CHECK(ids.size() > 20);
  CHECK(killed.trades.at("BTC-USD.SIM-A") == ids);
  CHECK(killed.bars == calm.bars);
  CHECK(calm.bars.at("BTC-USD.SIM-A 1m").size() == 1);
  CHECK(calm.bars.at("BTC-USD.SIM-A 1s").size() > 10);
}

TEST_CASE("market data: while the instrument actor is away the last good value stands in") {
  const Folder folder;
  World world;
  const auto script = std::make_shared<Script>();
  world.start({scripted(script)}, "sqlite:" + folder.file("h.db"), few_intervals());
  CHECK(world.ask(messages::GetTicker{id("BTC-USD")}).error().code == Errc::NOT_READY);
  CHECK(!world.rt.health.ready());
  auto batch = scripted_batch(world, 1);
  batch.trades = {scripted_trade(world, 1, 100)};
  push(world, *script, batch);
  CHECK(world.rt.health.ready());
  REQUIRE(script->acks.size() == 1);
  CHECK(script->acks[0].trades_through == 1);
  world.advance(1100ms); // a beat puts it into the cache
  REQUIRE(sup::kill_child(world.rt, "market_data/instruments/BTC-USD").has_value());
  world.scheduler.run();
  const auto ticker = world.ask(messages::GetTicker{id("BTC-USD")});
  REQUIRE(ticker.has_value());
  CHECK(ticker->meta.quality == Quality::degraded);
  CHECK(*ticker->meta.source == "cache");
  CHECK(*ticker->meta.age_ms >= 1000);
  CHECK(*ticker->data.last == trading::Price::from_integer(100));
  CHECK(world.ask(messages::GetOrderBook{id("BTC-USD"), {}}).error().code != Errc::NONE);
  world.advance(61s); // nothing came since: the cache has forgotten, the new actor knows nothing
  CHECK(world.ask(messages::GetTicker{id("BTC-USD")}).error().code == Errc::NOT_READY);
}

TEST_CASE("market data: freshness follows the data and is told at every change") {
  const Folder folder;
  World world;
  const auto script = std::make_shared<Script>();
  world.start({scripted(script)}, "sqlite:" + folder.file("h.db"), few_intervals());
  const auto state = [&] { return world.heard->beats.back().freshness; };
  CHECK(state() == Freshness::DOWN);
  push(world, *script, scripted_batch(world, 1));
  CHECK(state() == Freshness::LIVE);
  world.advance(4s);
  CHECK(state() == Freshness::STALE);
  push(world, *script, scripted_batch(world, 2));
  CHECK(state() == Freshness::LIVE);
  auto lost = scripted_batch(world, 3);
  lost.connected = false;
  push(world, *script, lost);
  CHECK(state() == Freshness::DOWN);
  CHECK(world.heard->beats.back().reason == "the venue is unreachable");
}

TEST_CASE("market data: batches of a given-up subscription are ignored") {
  const Folder folder;
  World world;
  const auto script = std::make_shared<Script>();
  world.start({scripted(script)}, "sqlite:" + folder.file("h.db"), few_intervals());
  auto batch = scripted_batch(world, 1);
  batch.trades = {scripted_trade(world, 1, 100)};
  push(world, *script, batch);
  const auto old = script->subscriptions.at(id("BTC-USD.X"));
  REQUIRE(sup::kill_child(world.rt, "market_data/venues/X/feed").has_value());
  world.advance(2s);
  const auto renewed = script->subscriptions.at(id("BTC-USD.X"));
  CHECK(renewed.subscription != old.subscription);
  CHECK(renewed.trades_through == 1);
  batch.subscription = old.subscription;
  batch.sequence = 2;
  batch.trades = {scripted_trade(world, 2, 100)};
  caf::anon_send(renewed.receiver, batch);
  world.scheduler.run();
  CHECK(world.heard->trades.at("BTC-USD.X") == std::vector<std::uint64_t>{1});
}

TEST_CASE("market data: bars wait for a store that is away and are stored when it is back") {
  const Folder folder;
  World world;
  const auto script = std::make_shared<Script>();
  world.start({scripted(script)}, "sqlite:" + folder.file("later/h.db"), few_intervals());
  for (std::uint64_t i = 1; i <= 4; ++i) {
    auto batch = scripted_batch(world, i);
    batch.trades = {scripted_trade(world, i, 100)};
    push(world, *script, batch);
    world.advance(1s);
  }
  std::filesystem::create_directories(folder.file("later"));
  world.advance(70s); // the breaker lets a probe through
  auto bars = history_of("BTC-USD");
  bars.interval = trading::intervals::s1;
  const auto before = world.ask(bars);
  REQUIRE(before.has_value());
  REQUIRE(before->data.size() == 4);
  REQUIRE(sup::kill_child(world.rt, "market_data/instruments/BTC-USD").has_value());
  world.advance(3s); // the new actor has nothing in memory, and its feed nothing to say
  const auto after = world.ask(bars);
  REQUIRE(after.has_value());
  REQUIRE(after->data.size() == 3);
  CHECK(after->data[2] == before->data[2]);
  CHECK(*after->meta.source == "history");
}

TEST_CASE("market data: what another node owns is refused with MOVED") {
  const Folder folder;
  World world{std::make_shared<Elsewhere>()};
  world.start(world.make({sim("SIM-A")}), "sqlite:" + folder.file("h.db"));
  world.advance(1s);
  CHECK(world.ask(messages::GetTicker{id("BTC-USD")}).error().code == Errc::MOVED);
  CHECK(!world.rt.registry.find("market_data/instruments/BTC-USD").actor);
}
