#include "binance_world.hpp"

using namespace troupe;
using namespace troupe::venues::binance::server;
using net::Method;
using test::faults_with;
using World = test::BinanceWorld;

TEST_CASE("binance server: more than five messages a second end a connection") {
  World world;
  const auto session = world.open("/ws");
  for (int i = 0; i < 5; ++i) {
    world.send(session, {{"method", "LIST_SUBSCRIPTIONS"}, {"id", i}});
  }
  CHECK(session->closed == 0);
  world.send(session, {{"method", "LIST_SUBSCRIPTIONS"}, {"id", 6}});
  CHECK(session->closed == net::CloseCode::POLICY);
}

TEST_CASE("binance server: weights, bans and order counts") {
  Limits limits;
  limits.weight_per_minute = 100;
  limits.ban_after = 2;
  limits.orders_per_10_seconds = 2;
  World world{limits};
  world.begin_minute();
  for (int i = 0; i < 5; ++i) {
    CHECK(world.get("/api/v3/exchangeInfo").status == 200);
  }
  const auto refused = world.get("/api/v3/ping");
  CHECK_ERROR(refused, -1003, 429);
  CHECK(refused.header("Retry-After") == "60");
  CHECK(world.get("/api/v3/ping").status == 429);
  const auto banned = world.get("/api/v3/ping");
  CHECK_ERROR(banned, -1003, 418);
  CHECK(banned.header("Retry-After") == "120");
  world.later(std::chrono::seconds{119});
  CHECK(world.get("/api/v3/ping").status == 418);
  world.later(std::chrono::seconds{2});
  CHECK(world.get("/api/v3/ping").status == 200);
  const auto limit = "side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=" + world.at(0.9);
  CHECK(world.place(limit).status == 200);
  CHECK(world.place(limit).status == 200);
  const auto full = world.place(limit);
  CHECK_ERROR(full, -1015, 429);
  CHECK(full.header("Retry-After") != "");
  world.later(std::chrono::seconds{10});
  CHECK(world.place(limit).status == 200);
}

TEST_CASE("binance server: the minute of weights can be shortened, and is told as it is") {
  Limits limits;
  limits.weight_per_minute = 50;
  limits.weight_window = std::chrono::seconds{10};
  World world{limits};
  world.begin_minute();
  const auto listing = world.get("/api/v3/exchangeInfo");
  CHECK(listing.header("X-MBX-USED-WEIGHT-10S") == "20");
  CHECK(listing.body["rateLimits"][0]["rateLimitType"] == "REQUEST_WEIGHT");
  CHECK(listing.body["rateLimits"][0]["interval"] == "SECOND");
  CHECK(listing.body["rateLimits"][0]["intervalNum"] == 10);
  CHECK(world.get("/api/v3/exchangeInfo").status == 200);
  const auto refused = world.get("/api/v3/exchangeInfo");
  CHECK_ERROR(refused, -1003, 429);
  CHECK(refused.header("Retry-After") == "10");
  world.later(std::chrono::seconds{10});
  CHECK(world.get("/api/v3/exchangeInfo").status == 200);
}

TEST_CASE("binance server: faults lose frames, skew the clock and end connections") {
  World world;
  const auto session = world.open("/ws/btcusdt@depth@100ms");
  world.later(std::chrono::seconds{2});
  (void)session->take();
  world.box->set(faults_with([](auto& faults) {
    faults.drop_frames = 1;
    faults.clock_skew_ms = 60'000;
  }));
  world.later(std::chrono::seconds{3});
  const auto frames = session->take();
  REQUIRE(frames.size() > 3);
  CHECK(world.get("/api/v3/time").body["serverTime"].get<std::int64_t>()
        == world.now_ms() + 60'000);
  CHECK_ERROR(world.signed_call(Method::GET, "/api/v3/account"), -1021, 400);
  world.box->set(faults_with([](auto& faults) { faults.stall_streams = true; }));
  world.later(std::chrono::seconds{2});
  CHECK(session->take().empty());
  world.box->set(faults_with([](auto& faults) { faults.disconnect = 1; }));
  world.later(std::chrono::milliseconds{20});
  CHECK(session->closed == net::CloseCode::GOING_AWAY);
}

TEST_CASE("binance server: connections have a lifetime and listen keys too") {
  Limits limits;
  limits.connection_lifetime = std::chrono::minutes{20};
  limits.listen_key_lifetime = std::chrono::minutes{5};
  World world{limits};
  const auto key = world.call(Method::POST, "/api/v3/userDataStream", {{"X-MBX-APIKEY", "key"}})
                     .body["listenKey"]
                     .get<std::string>();
  const auto session = world.open("/ws/" + key);
  world.now = world.now + std::chrono::minutes{6};
  world.server->advance(world.now);
  CHECK(session->take("e", "listenKeyExpired").size() == 1);
  CHECK_ERROR(
    world.call(Method::PUT, "/api/v3/userDataStream?listenKey=" + key, {{"X-MBX-APIKEY", "key"}}),
    -1125, 400);
  world.now = world.now + std::chrono::minutes{12} + std::chrono::seconds{30};
  world.server->advance(world.now);
  CHECK(session->take("e", "serverShutdown").size() == 1);
  world.now = world.now + std::chrono::minutes{2};
  world.server->advance(world.now);
  CHECK(session->closed == net::CloseCode::NORMAL);
}
