#include "binance_world.hpp"

using namespace troupe;
using net::Method;
using test::json;
using World = test::BinanceWorld;

/// What client libraries ask for besides the plain calls: times in microseconds, candles in another
/// zone, the wallet.
namespace {

const test::HeaderList in_microseconds{{"X-MBX-TIME-UNIT", "MICROSECOND"}};
constexpr std::int64_t us_per_ms = 1'000;

std::int64_t number(const json& value) {
  return value.get<std::int64_t>();
}

} // namespace

TEST_CASE("binance server: replies give times in the unit that the header names") {
  World world;
  world.later(std::chrono::seconds{70});
  const auto us = [&](const std::string& target) {
    return world.call(Method::GET, target, in_microseconds).body;
  };
  CHECK(number(us("/api/v3/time")["serverTime"]) == world.now.ns / 1'000);
  CHECK(number(world.get("/api/v3/time").body["serverTime"]) == world.now_ms());

  const std::string klines = "/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=3";
  const auto fine = us(klines);
  const auto coarse = world.get(klines).body;
  REQUIRE(fine.size() == 3);
  for (std::size_t i = 0; i < fine.size(); ++i) {
    CHECK(number(fine[i][0]) == number(coarse[i][0]) * us_per_ms);
    CHECK(number(fine[i][6]) == number(coarse[i][6]) * us_per_ms + 999);
    CHECK(fine[i][4] == coarse[i][4]);
  }
  const std::string trades = "/api/v3/aggTrades?symbol=BTCUSDT&limit=20";
  const auto exact = us(trades);
  const auto whole = world.get(trades).body;
  REQUIRE(exact.size() == 20);
  for (std::size_t i = 0; i < exact.size(); ++i) {
    CHECK(number(exact[i]["T"]) / us_per_ms == number(whole[i]["T"]));
  }
  const auto day = us("/api/v3/ticker/24hr?symbol=BTCUSDT");
  CHECK(number(day["closeTime"]) == world.now.ns / 1'000);
  const auto refused = world.call(Method::GET, "/api/v3/time", {{"X-MBX-TIME-UNIT", "HOUR"}});
  CHECK_ERROR(refused, -1194, 400);
}

TEST_CASE("binance server: windows are taken in milliseconds and in microseconds") {
  World world;
  world.later(std::chrono::seconds{70});
  const auto all =
    world.call(Method::GET, "/api/v3/aggTrades?symbol=BTCUSDT&limit=50", in_microseconds).body;
  REQUIRE(all.size() == 50);
  const auto first = number(all[10]["T"]);
  const auto last = number(all[20]["T"]);
  const auto between = [&](std::int64_t start, std::int64_t end) {
    return world
      .call(Method::GET,
            "/api/v3/aggTrades?symbol=BTCUSDT&startTime=" + std::to_string(start)
              + "&endTime=" + std::to_string(end),
            in_microseconds)
      .body;
  };
  for (const auto& found : {between(first, last), between(first / us_per_ms, last / us_per_ms)}) {
    REQUIRE(found.size() >= 11);
    CHECK(number(found.front()["T"]) / us_per_ms == first / us_per_ms);
    CHECK(number(found.back()["T"]) / us_per_ms == last / us_per_ms);
  }
  CHECK(number(between(first, last).front()["T"]) == first);
  CHECK(number(between(first, last).back()["T"]) == last);
  // Beyond what a clock can hold: nothing, and no error.
  CHECK(between(INT64_MAX, INT64_MAX).empty());
  CHECK(world.get("/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime=9223372036854775807")
          .body.empty());
  CHECK(world.get("/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=2&startTime=-1").body.size()
        == 2);
}

TEST_CASE("binance server: orders and their reports in microseconds") {
  World world;
  const auto key = world.call(Method::POST, "/api/v3/userDataStream", {{"X-MBX-APIKEY", "key"}})
                     .body["listenKey"]
                     .get<std::string>();
  const auto fine = world.open("/ws/" + key + "?timeUnit=microsecond");
  const auto coarse = world.open("/stream?streams=" + key);
  const auto api = world.open("/ws-api/v3?timeUnit=MICROSECOND");
  CHECK(world.api(api, "userDataStream.subscribe.signature", json::object())["status"] == 200);
  const auto placed = world.api(api, "order.place",
                                {{"symbol", "BTCUSDT"},
                                 {"side", "BUY"},
                                 {"type", "LIMIT"},
                                 {"timeInForce", "GTC"},
                                 {"quantity", "0.01"},
                                 {"price", world.at(0.9)}});
  REQUIRE(placed["status"] == 200);
  CHECK(number(placed["result"]["transactTime"]) == world.now.ns / 1'000);
  CHECK(number(placed["result"]["workingTime"]) == world.now.ns / 1'000);
  const auto report = fine->take("e", "executionReport");
  REQUIRE(report.size() == 1);
  for (const auto* const name : {"E", "T", "O", "W"}) {
    CHECK(number(report[0][name]) == world.now.ns / 1'000);
  }
  const auto combined = coarse->take("stream", key.c_str());
  REQUIRE(combined.size() == 2);
  CHECK(combined[0]["data"]["e"] == "executionReport");
  CHECK(number(combined[0]["data"]["T"]) == world.now_ms());
  CHECK(combined[0]["data"]["I"] == report[0]["I"]); // one event, whatever its form
  // An order that waits for its price does not work yet, in no unit.
  (void)world.api(api, "order.place",
                  {{"symbol", "BTCUSDT"},
                   {"side", "SELL"},
                   {"type", "STOP_LOSS"},
                   {"quantity", "0.01"},
                   {"stopPrice", world.at(0.9)}});
  const auto open = world.api(api, "openOrders.status", {{"symbol", "BTCUSDT"}})["result"];
  REQUIRE(open.size() == 2);
  CHECK(open[1]["workingTime"] == -1);
  CHECK(number(open[1]["time"]) == world.now.ns / 1'000);
}

TEST_CASE("binance server: a market stream in both units at once") {
  World world;
  const auto fine = world.open("/ws/btcusdt@trade?timeUnit=MICROSECOND");
  const auto coarse = world.open("/ws/btcusdt@trade");
  const auto named = world.open("/stream?streams=btcusdt@trade&timeUnit=MICROSECOND");
  world.later(std::chrono::seconds{20});
  const auto exact = fine->take();
  const auto whole = coarse->take();
  const auto combined = named->take();
  REQUIRE(!exact.empty());
  REQUIRE(exact.size() == whole.size());
  REQUIRE(exact.size() == combined.size());
  for (std::size_t i = 0; i < exact.size(); ++i) {
    CHECK(exact[i]["t"] == whole[i]["t"]);
    CHECK(number(exact[i]["T"]) / us_per_ms == number(whole[i]["T"]));
    CHECK(number(exact[i]["E"]) / us_per_ms == number(whole[i]["E"]));
    CHECK(combined[i]["stream"] == "btcusdt@trade");
    CHECK(combined[i]["data"] == exact[i]);
  }
  CHECK(world.open("/ws?timeUnit=HOUR")->closed == net::CloseCode::POLICY);
}

TEST_CASE("binance server: candles of the zone eight hours ahead") {
  World world;
  const auto session = world.open("/stream?streams=btcusdt@kline_1d@%2B08:00/btcusdt@kline_1d");
  world.later(std::chrono::seconds{10});
  const auto zoned = session->take("stream", "btcusdt@kline_1d@+08:00");
  REQUIRE(!zoned.empty());
  const auto& candle = zoned.back()["data"]["k"];
  constexpr std::int64_t day_ms = 86'400'000;
  constexpr std::int64_t zone_ms = 8 * 3'600'000;
  CHECK(candle["i"] == "1d");
  CHECK((number(candle["t"]) + zone_ms) % day_ms == 0);
  CHECK(number(candle["T"]) == number(candle["t"]) + day_ms - 1);
  const auto row =
    world.get("/api/v3/klines?symbol=BTCUSDT&interval=1d&timeZone=8&limit=1").body.at(0);
  CHECK(row[0] == candle["t"]);
  CHECK(row[1] == candle["o"]);
  const auto unknown = world.open("/ws/btcusdt@kline_1d@+09:00");
  world.later(std::chrono::seconds{5});
  CHECK(unknown->take().empty());
}

TEST_CASE("binance server: the end of a connection is announced in each form") {
  troupe::venues::binance::server::Limits limits;
  limits.connection_lifetime = std::chrono::minutes{20};
  World world{limits};
  const auto plain = world.open("/ws");
  const auto combined = world.open("/stream");
  const auto api = world.open("/ws-api/v3?timeUnit=MICROSECOND");
  world.now = world.now + std::chrono::minutes{19};
  world.server->advance(world.now);
  const json event{{"e", "serverShutdown"}, {"E", world.now_ms()}};
  CHECK(plain->take() == std::vector{event});
  CHECK(combined->take() == std::vector{json{{"stream", "!serverShutdown"}, {"data", event}}});
  const auto frames = api->take();
  REQUIRE(frames.size() == 1);
  CHECK(number(frames[0]["event"]["E"]) == world.now.ns / 1'000);
}

TEST_CASE("binance server: wallets and rules of an exchange where nothing is deposited") {
  World world;
  const auto signed_get = [&](const std::string& path, const std::string& query = {}) {
    const auto reply = world.signed_call(Method::GET, path, query);
    CHECK_MESSAGE(reply.status == 200, path);
    return reply.body;
  };
  for (const auto* const path :
       {"/sapi/v1/capital/deposit/hisrec", "/sapi/v1/capital/withdraw/history"}) {
    CHECK(signed_get(path) == json::array());
  }
  for (const auto* const path : {"/sapi/v1/asset/transfer", "/sapi/v1/asset/assetDividend"}) {
    CHECK(signed_get(path)["total"] == 0);
  }
  CHECK(signed_get("/sapi/v1/accountSnapshot", "type=SPOT")["snapshotVos"].empty());
  CHECK(signed_get("/sapi/v1/account/apiTradingStatus")["data"]["isLocked"] == false);
  CHECK(signed_get("/sapi/v1/asset/assetDetail")["BTC"]["withdrawStatus"] == false);
  CHECK(signed_get("/sapi/v1/asset/assetDetail", "asset=BTC").size() == 1);
  CHECK(world.get("/sapi/v1/capital/deposit/hisrec").status == 401);
  CHECK(world.get("/api/v3/executionRules").body["symbolRules"].empty());
  CHECK_ERROR(world.get("/api/v3/referencePrice?symbol=BTCUSDT"), -2043, 400);
  CHECK_ERROR(world.get("/api/v3/referencePrice/calculation?symbol=BTCUSDT"), -2043, 400);
  CHECK_ERROR(world.get("/api/v3/referencePrice?symbol=NOPE"), -1121, 400);
  CHECK(world.get("/api/v3/historicalBlockTrades?symbol=BTCUSDT&fromId=0").body == json::array());
  CHECK_ERROR(world.get("/api/v3/historicalBlockTrades?symbol=BTCUSDT"), -1102, 400);
}
