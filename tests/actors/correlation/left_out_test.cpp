#include "world.hpp"

#include <algorithm>
#include <cmath>

/// Requests for all instruments do without those that cannot be used, and name them.
using namespace troupe;
using namespace troupe::correlation::tests;
using core::Errc;
using correlation::Settings;
using correlation::synthetic::market;
using messages::CorrelationMethod;
using messages::GetCorrelationMatrix;

namespace {

/// Four coins; one with few bars, one that never moves, one that trades every third bar.
correlation::synthetic::Market odd_market(int bars = 700) {
  auto all = market({"ADA-USD", "BTC-USD", "ETH-USD", "FLAT-USD", "RARE-USD", "SHORT-USD"}, bars);
  for (auto& bar : all["FLAT-USD"]) {
    bar.open = bar.high = bar.low = bar.close = correlation::synthetic::price(7.0);
  }
  auto& rare = all["RARE-USD"];
  std::size_t index = 0;
  std::erase_if(rare, [&](const trading::Bar&) { return index++ % 3 != 0; });
  auto& young = all["SHORT-USD"];
  young.erase(young.begin(), young.end() - 40);
  return all;
}

const std::vector<std::string> good{"ADA-USD", "BTC-USD", "ETH-USD"};

void check_left_out(const std::vector<messages::LeftOut>& left) {
  REQUIRE(left.size() == 3);
  CHECK(left[0].instrument.symbol == "FLAT-USD");
  CHECK(left[0].reason.find("did not move") != std::string::npos);
  CHECK(left[1].instrument.symbol == "RARE-USD");
  CHECK(left[1].reason.find("of its own") != std::string::npos);
  CHECK(left[2].instrument.symbol == "SHORT-USD");
  CHECK(left[2].reason.find("found 40") != std::string::npos);
}

struct OddWorld : World {
  explicit OddWorld(const Settings& settings = {}) : World(settings) {
    market->bars = odd_market();
    beat();
  }
};

} // namespace

TEST_CASE(
  "left out: bare calls answer from the instruments that can be used, and name the others") {
  Settings settings;
  settings.intervals.clear();
  OddWorld world{settings};
  const auto matrix = world.get(GetCorrelationMatrix{});
  CHECK(matrix.data.symbols == World::ids(good));
  CHECK(matrix.data.window == 500);
  check_left_out(matrix.data.left_out);
  const auto tail = world.get(messages::GetTail{});
  CHECK(tail.data.symbols == World::ids(good));
  check_left_out(tail.data.left_out);
  messages::GetPca pca;
  pca.portfolio = "default";
  const auto factors = world.get(pca);
  CHECK(factors.data.symbols == World::ids(good));
  CHECK(factors.data.weights == std::vector<double>(3, 1.0 / 3.0));
  check_left_out(factors.data.left_out);
  check_left_out(world.get(messages::GetStressTest{}).data.left_out);
  const auto sized = world.get(messages::SizePositions{});
  CHECK(sized.data.symbols == World::ids(good));
  check_left_out(sized.data.left_out);
}

TEST_CASE("left out: an instrument that is named is no such case, and its refusal is final") {
  Settings settings;
  settings.intervals.clear();
  OddWorld world{settings};
  const auto refusal = [&](const char* odd) {
    GetCorrelationMatrix request;
    request.symbols = World::ids({"BTC-USD", odd});
    const auto answer = world.ask(request);
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().message.find(odd) != std::string::npos);
    return answer.error().code;
  };
  CHECK(refusal("FLAT-USD") == Errc::INVALID_ARGUMENT);
  CHECK(refusal("RARE-USD") == Errc::INVALID_ARGUMENT);
  CHECK(refusal("SHORT-USD") == Errc::NOT_READY); // bars still come
}

TEST_CASE("left out: of two that hardly trade together the one with fewer bars goes") {
  Settings settings;
  settings.intervals.clear();
  World world{settings};
  world.market->bars = market({"ADA-USD", "BTC-USD", "ETH-USD", "EVEN-USD", "ODD-USD"}, 700);
  std::size_t index = 0;
  std::erase_if(world.market->bars["EVEN-USD"],
                [&](const trading::Bar&) { return index++ % 5 > 2; });
  index = 0;
  std::erase_if(world.market->bars["ODD-USD"],
                [&](const trading::Bar&) { return index++ % 5 < 1; });
  world.beat();
  const auto matrix = world.get(GetCorrelationMatrix{});
  REQUIRE(matrix.data.left_out.size() == 1);
  CHECK(matrix.data.left_out[0].instrument.symbol == "EVEN-USD");
  CHECK(matrix.data.left_out[0].reason.find("in common with ODD-USD") != std::string::npos);
  CHECK(matrix.data.symbols.size() == 4);
}

TEST_CASE("left out: what a method takes at once bounds a bare call") {
  Settings settings;
  settings.intervals.clear();
  settings.tail_symbols_max = 2;
  settings.model_symbols_max = 3;
  World world{settings};
  world.market->bars = market(four_coins, 700);
  world.beat();
  const auto tail = world.get(messages::GetTail{});
  CHECK(tail.data.symbols == World::ids({"ADA-USD", "BTC-USD"}));
  REQUIRE(tail.data.left_out.size() == 2);
  CHECK(tail.data.left_out[0].reason.find("at most 2 instruments") != std::string::npos);
  GetCorrelationMatrix models;
  models.method = CorrelationMethod::ccc;
  CHECK(world.get(models).data.symbols.size() == 3);
  messages::GetTail named;
  named.symbols = World::ids(four_coins);
  CHECK(world.code(named) == Errc::INVALID_ARGUMENT);
}

TEST_CASE("left out: a kept universe names them in answers, events and what can be subscribed to") {
  OddWorld world;
  world.advance(1s);
  world.advance(1s);
  GetCorrelationMatrix kept;
  kept.method = CorrelationMethod::ewma;
  const auto matrix = world.get(kept);
  CHECK(matrix.data.symbols == World::ids(good));
  check_left_out(matrix.data.left_out);
  REQUIRE_FALSE(world.updates->empty());
  check_left_out(world.updates->back().left_out);
  REQUIRE_FALSE(world.kept->empty());
  CHECK(world.kept->back().universe == "default 1h");
  CHECK(world.kept->back().symbols == World::ids(good));
  check_left_out(world.kept->back().left_out);
}

TEST_CASE("tail: too few returns for a tail are refused with the number that is needed") {
  World world;
  world.market->bars = market(four_coins, 700);
  world.beat();
  messages::GetTail request;
  request.alpha = 0.01;
  request.window = 20;
  const auto answer = world.ask(request);
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().code == Errc::INVALID_ARGUMENT);
  CHECK(answer.error().message
        == "window: expected at least 100 returns, one in the tail of 0.01, found 20");
  request.alpha = std::nan("");
  CHECK(world.ask(request).error().message.find("found NaN") != std::string::npos);
}

TEST_CASE(
  "history: a page that came in part is asked for again, and told as such where it stays so") {
  Settings settings;
  settings.intervals.clear();
  World world{settings};
  world.market->bars = market(four_coins, 700);
  world.beat();
  world.market->bars_in_time = 200;
  const auto answer = world.ask(GetCorrelationMatrix{});
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().code == Errc::NOT_READY);
  CHECK(answer.error().message.find("history is not here yet: 200 of 501 closed bars")
        != std::string::npos);
  world.market->bars_in_time.reset();
  world.advance(1s);
  CHECK(world.get(GetCorrelationMatrix{}).data.symbols.size() == 4);
}

TEST_CASE("history: where more of a page comes each time, one request waits for all of it") {
  Settings settings;
  settings.intervals.clear();
  World world{settings};
  world.market->bars = market(four_coins, 700);
  world.beat();
  world.market->bars_in_time = 300;
  world.market->bars_more_each_time = 150;
  CHECK(world.get(GetCorrelationMatrix{}).data.symbols.size() == 4);
}
