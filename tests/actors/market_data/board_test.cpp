#include "scripted.hpp"

using namespace test;
using trading::Quality;

namespace {

std::string small_sim(const std::string& name) {
  return R"({"name":")" + name
         + R"(","kind":"sim","seed":7,"instruments":[{"symbol":"BTC-USD","price":64000}]})";
}

md::Settings two_intervals() {
  md::Settings settings;
  settings.intervals = {"1s", "1m"};
  return settings;
}

/// The board's answer, as JSON, is the actor's.
void check_same(World& world, const char* symbol) {
  CAPTURE(symbol);
  const auto snapshot = world.board->find(symbol);
  REQUIRE(snapshot);
  auto asked = world.ask(messages::GetTicker{id(symbol)});
  REQUIRE(asked.has_value());
  CHECK(snapshot->text().data == core::json::encode(asked->data));
  CHECK(snapshot->is_live(world.clock->now()));
  CHECK(asked->meta.quality == Quality::live);
  CHECK(snapshot->age_ms(world.clock->now()) == *asked->meta.age_ms);
  asked->meta.age_ms.reset();
  CHECK("{" + snapshot->text().meta + "}" == core::json::encode(asked->meta));
}

} // namespace

TEST_CASE("market data board: says what the actors would, of every venue and of the first") {
  const Folder folder;
  World world;
  CHECK_FALSE(world.board->find("BTC-USD"));
  world.start(world.make({small_sim("SIM-A"), small_sim("SIM-B")}), "sqlite:" + folder.file("h.db"),
              two_intervals());
  world.advance(3s);
  for (int i = 0; i < 20; ++i) {
    check_same(world, "BTC-USD");
    check_same(world, "BTC-USD.SIM-A");
    check_same(world, "BTC-USD.SIM-B");
    world.advance(100ms);
  }
  CHECK(world.board->find("BTC-USD")->reply().data.instrument == id("BTC-USD.SIM-A"));
  CHECK_FALSE(world.board->find("ETH-USD"));
}

TEST_CASE("market data board: old by the clock is not live, whether or not an actor has looked") {
  const Folder folder;
  World world;
  world.start(world.make({small_sim("SIM-A")}), "sqlite:" + folder.file("h.db"), two_intervals());
  world.advance(3s);
  const auto snapshot = world.board->find("BTC-USD");
  REQUIRE(snapshot);
  CHECK(snapshot->is_live(world.clock->now()));
  const auto age_ms = snapshot->age_ms(world.clock->now());
  world.clock->advance(1h); // nothing runs: nobody withdraws anything
  REQUIRE(world.board->find("BTC-USD") == snapshot);
  CHECK_FALSE(snapshot->is_live(world.clock->now()));
  CHECK(snapshot->age_ms(world.clock->now()) == age_ms + 3'600'000);
}

TEST_CASE("market data board: what a killed actor said is withdrawn, its successor says it anew") {
  const Folder folder;
  World world;
  world.start(world.make({small_sim("SIM-A")}), "sqlite:" + folder.file("h.db"), two_intervals());
  world.advance(3s);
  const auto before = world.board->find("BTC-USD");
  REQUIRE(before);
  REQUIRE(sup::kill_child(world.rt, "market_data/instruments/BTC-USD").has_value());
  world.scheduler.run();
  CHECK_FALSE(world.board->find("BTC-USD"));
  CHECK_FALSE(world.board->find("BTC-USD.SIM-A"));
  CHECK(world.board->last("BTC-USD") == before);
  world.advance(5s);
  check_same(world, "BTC-USD");
  CHECK(world.board->find("BTC-USD") != before);
}
