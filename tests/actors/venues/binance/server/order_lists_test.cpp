#include "binance_world.hpp"

using namespace troupe;
using namespace troupe::venues::binance::server;
using net::Method;
using test::json;
using World = test::BinanceWorld;

namespace {

std::string id_of(const json& order) {
  return std::to_string(order["orderId"].get<std::int64_t>());
}

json order_of(World& world, const json& order) {
  return world.signed_call(Method::GET, "/api/v3/order", "symbol=BTCUSDT&orderId=" + id_of(order))
    .body;
}

std::string status_of(World& world, const json& order) {
  return order_of(world, order)["status"];
}

std::string list_query(const json& list) {
  return "orderListId=" + std::to_string(list["orderListId"].get<std::int64_t>());
}

std::string locked(World& world, const std::string& asset) {
  const auto account = world.signed_call(Method::GET, "/api/v3/account").body;
  for (const auto& balance : account["balances"]) {
    if (balance["asset"] == asset) {
      return balance["locked"];
    }
  }
  return {};
}

/// A stop below and a limit order above.
test::Reply place_oco(World& world, const std::string& quantity) {
  return world.signed_call(Method::POST, "/api/v3/orderList/oco",
                           "symbol=BTCUSDT&side=SELL&quantity=" + quantity
                             + "&aboveType=LIMIT_MAKER&abovePrice=" + world.at(1.2)
                             + "&belowType=STOP_LOSS_LIMIT&belowStopPrice=" + world.at(0.8)
                             + "&belowPrice=" + world.at(0.79) + "&belowTimeInForce=GTC");
}

} // namespace

TEST_CASE("binance server: of an OCO either order ends the other, and one amount is locked") {
  World world;
  const auto key = world.call(Method::POST, "/api/v3/userDataStream", {{"X-MBX-APIKEY", "key"}});
  const auto user = world.open("/ws/" + key.body["listenKey"].get<std::string>());
  const auto reply = place_oco(world, "1.5");
  REQUIRE(reply.status == 200);
  CHECK(reply.header("X-MBX-ORDER-COUNT-10S") == "2");
  CHECK(reply.body["contingencyType"] == "OCO");
  CHECK(reply.body["listStatusType"] == "EXEC_STARTED");
  CHECK(reply.body["listOrderStatus"] == "EXECUTING");
  REQUIRE(reply.body["orders"].size() == 2);
  CHECK(reply.body["orderReports"][0]["type"] == "STOP_LOSS_LIMIT");
  CHECK(reply.body["orderReports"][1]["type"] == "LIMIT_MAKER");
  CHECK(reply.body["orderReports"][0]["orderListId"] == reply.body["orderListId"]);
  CHECK(locked(world, "BTC") == "1.50000000");
  const auto told = user->take();
  REQUIRE(told.size() >= 3);
  CHECK(told[0]["e"] == "listStatus");
  CHECK(told[0]["l"] == "EXEC_STARTED");
  CHECK(told[1]["g"] == reply.body["orderListId"]);
  CHECK(world.signed_call(Method::GET, "/api/v3/openOrderList").body.size() == 1);
  CHECK(world.signed_call(Method::GET, "/api/v3/orderList", list_query(reply.body)).status == 200);
  // Canceling one cancels both.
  const auto canceled = world.signed_call(
    Method::DELETE, "/api/v3/order", "symbol=BTCUSDT&orderId=" + id_of(reply.body["orders"][0]));
  CHECK(canceled.body["status"] == "CANCELED");
  CHECK(status_of(world, reply.body["orders"][1]) == "CANCELED");
  CHECK(locked(world, "BTC") == "0.00000000");
  CHECK(user->take("l", "ALL_DONE").size() == 1);
  const auto second = place_oco(world, "1");
  const auto query = "symbol=BTCUSDT&" + list_query(second.body);
  const auto ended = world.signed_call(Method::DELETE, "/api/v3/orderList", query);
  CHECK(ended.body["listStatusType"] == "ALL_DONE");
  CHECK(ended.body["orderReports"][1]["status"] == "CANCELED");
  CHECK(world.signed_call(Method::GET, "/api/v3/allOrderList").body.size() == 2);
  CHECK_ERROR(world.signed_call(Method::DELETE, "/api/v3/orderList", query), -2011, 400);
}

TEST_CASE("binance server: an OCO's prices lie on both sides of the last, both forms are taken") {
  World world;
  const auto old = [&](double price, double stop) {
    return world.signed_call(Method::POST, "/api/v3/order/oco",
                             "symbol=BTCUSDT&side=SELL&quantity=0.5&price=" + world.at(price)
                               + "&stopPrice=" + world.at(stop)
                               + "&stopLimitPrice=" + world.at(stop * 0.99)
                               + "&stopLimitTimeInForce=GTC&listClientOrderId=mine");
  };
  CHECK_ERROR(old(1.2, 1.3), -2010, 400);
  CHECK(old(1.2, 0.8).body["listClientOrderId"] == "mine");
  CHECK_ERROR(old(1.2, 0.8), -2010, 400); // the name is in use
  CHECK_ERROR(world.signed_call(Method::GET, "/api/v3/orderList", "orderListId=77"), -2018, 400);
  const auto open = world.signed_call(Method::DELETE, "/api/v3/openOrders", "symbol=BTCUSDT").body;
  REQUIRE(open.size() == 1);
  CHECK(open[0]["contingencyType"] == "OCO");
}

TEST_CASE("binance server: a filled first order starts the others of its list") {
  World world;
  const auto place = [&](const std::string& working) {
    return world.signed_call(
      Method::POST, "/api/v3/orderList/otoco",
      "symbol=BTCUSDT&workingType=LIMIT&workingSide=BUY&workingQuantity=0.01&workingTimeInForce="
        + working
        + "&pendingSide=SELL&pendingQuantity=0.009&pendingAboveType=LIMIT_MAKER&pendingAbovePrice="
        + world.at(1.3) + "&pendingBelowType=STOP_LOSS&pendingBelowStopPrice=" + world.at(0.7));
  };
  const auto waits = place("GTC&workingPrice=" + world.at(0.9));
  REQUIRE(waits.status == 200);
  CHECK(waits.body["contingencyType"] == "OTO");
  CHECK(status_of(world, waits.body["orders"][0]) == "NEW");
  CHECK(status_of(world, waits.body["orders"][1]) == "PENDING_NEW");
  CHECK(locked(world, "BTC") == "0.00000000"); // nothing before its time
  const auto query = "symbol=BTCUSDT&" + list_query(waits.body);
  CHECK(world.signed_call(Method::DELETE, "/api/v3/orderList", query).status == 200);
  CHECK(status_of(world, waits.body["orders"][2]) == "CANCELED");
  const auto filled = place("GTC&workingPrice=" + world.at(1.1));
  CHECK(status_of(world, filled.body["orders"][0]) == "FILLED");
  CHECK(status_of(world, filled.body["orders"][1]) == "NEW");
  CHECK(status_of(world, filled.body["orders"][2]) == "NEW");
  CHECK(locked(world, "BTC") == "0.00900000");
  const auto gone = place("IOC&workingPrice=" + world.at(0.9)); // expires unfilled
  CHECK(status_of(world, gone.body["orders"][0]) == "EXPIRED");
  CHECK(status_of(world, gone.body["orders"][2]) == "EXPIRED");
  const auto oto = world.signed_call(
    Method::POST, "/api/v3/orderList/oto",
    "symbol=BTCUSDT&workingType=LIMIT&workingSide=BUY&workingQuantity=0.01&workingTimeInForce=GTC"
    "&workingPrice="
      + world.at(1.1) + "&pendingType=MARKET&pendingSide=SELL&pendingQuantity=0.009");
  REQUIRE(oto.status == 200);
  CHECK(status_of(world, oto.body["orders"][1]) == "FILLED");
}

TEST_CASE("binance server: icebergs show a part at a time, trailing stops follow the price") {
  World world;
  // At the best bid, once what was there is gone.
  const auto price =
    world.get("/api/v3/ticker/bookTicker?symbol=BTCUSDT").body["bidPrice"].get<std::string>();
  const auto sell = [&](const std::string& quantity) {
    return world.place("side=SELL&type=LIMIT&timeInForce=IOC&selfTradePreventionMode=NONE&quantity="
                       + quantity + "&price=" + price);
  };
  REQUIRE(sell("9").status == 200);
  const auto buy = [&](const std::string& tif, const std::string& shown) {
    return world.place("side=BUY&type=LIMIT&quantity=0.5&timeInForce=" + tif
                       + "&icebergQty=" + shown + "&price=" + price);
  };
  const auto iceberg = buy("GTC", "0.05");
  REQUIRE(iceberg.status == 200);
  CHECK(iceberg.body["icebergQty"] == "0.05000000");
  const auto level = world.get("/api/v3/depth?symbol=BTCUSDT&limit=5").body["bids"][0];
  CHECK(level[0] == price);
  CHECK(level[1] == "0.05000000");
  REQUIRE(sell("0.5").status == 200);
  CHECK(order_of(world, iceberg.body)["executedQty"] == "0.05000000");
  REQUIRE(sell("0.5").status == 200);
  CHECK(order_of(world, iceberg.body)["executedQty"] == "0.10000000"); // the next part
  CHECK_ERROR(buy("GTC", "0.01"), -1013, 400);
  CHECK_ERROR(buy("IOC", "0.1"), -1128, 400);
  const auto trailing = world.place("side=SELL&type=STOP_LOSS&quantity=0.01&trailingDelta=10");
  REQUIRE(trailing.status == 200);
  CHECK_ERROR(world.place("side=SELL&type=STOP_LOSS&quantity=0.01&trailingDelta=1"), -1013, 400);
  CHECK_ERROR(world.place("side=SELL&type=STOP_LOSS&quantity=0.01"), -1102, 400);
  world.later(std::chrono::minutes{15}); // a tenth of a percent below its best is soon reached
  CHECK(status_of(world, trailing.body) == "FILLED");
}

TEST_CASE("binance server: an order made smaller keeps its place and says what became of it") {
  World world;
  const auto order =
    world.place("side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.5&price=" + world.at(0.9));
  const auto query = "symbol=BTCUSDT&orderId=" + id_of(order.body);
  const auto amend = [&](const std::string& quantity) {
    return world.signed_call(Method::PUT, "/api/v3/order/amend/keepPriority",
                             query + "&newQty=" + quantity);
  };
  const auto amended = amend("0.2");
  REQUIRE(amended.status == 200);
  CHECK(amended.body["amendedOrder"]["qty"] == "0.20000000");
  CHECK_ERROR(amend("0.3"), -2038, 400);
  const auto listed = world.signed_call(Method::GET, "/api/v3/order/amendments", query).body;
  REQUIRE(listed.size() == 1);
  CHECK(listed[0]["origQty"] == "0.50000000");
  CHECK(listed[0]["newQty"] == "0.20000000");
}

TEST_CASE("binance server: a trade with oneself that did not happen is listed") {
  World world;
  // Between the best prices, so that nobody else's order is met first.
  const auto best = world.get("/api/v3/ticker/bookTicker?symbol=BTCUSDT").body;
  const auto price = best["bidPrice"].get<std::string>();
  (void)world.place("side=SELL&type=LIMIT&timeInForce=IOC&quantity=9&price=" + price);
  const auto mine = world.place("side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.1&price=" + price);
  REQUIRE(mine.body["status"] == "NEW");
  const auto against = world.place("side=SELL&type=LIMIT&timeInForce=IOC&quantity=0.1&"
                                   "selfTradePreventionMode=EXPIRE_MAKER&price="
                                   + price);
  REQUIRE(against.status == 200);
  const auto ended = order_of(world, mine.body);
  CHECK(ended["status"] == "EXPIRED_IN_MATCH");
  const auto listed = world.signed_call(Method::GET, "/api/v3/myPreventedMatches",
                                        "symbol=BTCUSDT&orderId=" + id_of(mine.body));
  REQUIRE(listed.body.size() == 1);
  CHECK(listed.body[0]["makerOrderId"] == mine.body["orderId"]);
  CHECK(listed.body[0]["makerPreventedQuantity"] == "0.10000000");
  CHECK(ended["preventedMatchId"] == listed.body[0]["preventedMatchId"]);
  CHECK_ERROR(world.signed_call(Method::GET, "/api/v3/myPreventedMatches", "symbol=BTCUSDT"), -1102,
              400);
}

TEST_CASE("binance server: an Ed25519 key signs, logs on, and needs no signature afterwards") {
  const std::string seed(32, '\x5a');
  const auto raw = venues::signing::ed25519_public_key(seed);
  REQUIRE(raw);
  // SubjectPublicKeyInfo of an Ed25519 key (RFC 8410): a fixed head, and the key.
  const std::string head{"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", 12};
  const auto pem = "-----BEGIN PUBLIC KEY-----\n" + venues::signing::base64_encode(head + *raw)
                   + "\n-----END PUBLIC KEY-----\n";
  REQUIRE(venues::signing::public_key_kind(pem) == venues::signing::PublicKeyKind::ED25519);
  auto settings = test::small_exchange("USDT");
  settings.accounts[0].public_key = pem;
  World world{{}, std::move(settings)};
  const auto mark = [&](const std::string& text) {
    return venues::signing::base64_encode(*venues::signing::ed25519_sign(seed, text));
  };
  const auto query = "timestamp=" + std::to_string(world.now_ms());
  const auto account = [&](const std::string& signature) {
    std::string escaped;
    for (const char c : signature) {
      escaped += c == '+' ? "%2B" : c == '/' ? "%2F" : c == '=' ? "%3D" : std::string{c};
    }
    return world.call(Method::GET, "/api/v3/account?" + query + "&signature=" + escaped,
                      {{"X-MBX-APIKEY", "key"}});
  };
  CHECK(account(mark(query)).status == 200);
  CHECK_ERROR(account(mark(query + "0")), -1022, 400);
  const auto session = world.open("/ws-api/v3");
  const json nothing = json::object();
  const json timed{{"timestamp", world.now_ms()}};
  const json logon{{"apiKey", "key"},
                   {"timestamp", world.now_ms()},
                   {"signature", mark("apiKey=key&timestamp=" + std::to_string(world.now_ms()))}};
  CHECK(world.api(session, "userDataStream.subscribe", nothing, false)["status"] == 401);
  const auto logged_on = world.api(session, "session.logon", logon, false);
  CHECK(logged_on["status"] == 200);
  CHECK(logged_on["result"]["apiKey"] == "key");
  CHECK(world.api(session, "userDataStream.subscribe", nothing, false)["status"] == 200);
  CHECK(world.api(session, "account.status", timed, false)["status"] == 200);
  CHECK(world.api(session, "session.logout", nothing, false)["result"]["apiKey"].is_null());
  CHECK(world.api(session, "account.status", timed, false)["status"] == 401);
}

TEST_CASE("binance server: days of another time zone are sums of the same hours") {
  World world;
  const auto hours = world.get("/api/v3/klines?symbol=BTCUSDT&interval=1h&limit=48").body;
  const auto days = world.get("/api/v3/klines?symbol=BTCUSDT&interval=1d&limit=2&timeZone=8").body;
  REQUIRE(days.size() == 2);
  constexpr std::int64_t hour_ms = 3'600'000;
  for (const auto& day : days) {
    const auto open = day[0].get<std::int64_t>();
    CHECK((open + 8 * hour_ms) % (24 * hour_ms) == 0);
    std::int64_t trades = 0;
    for (const auto& hour : hours) {
      const auto at = hour[0].get<std::int64_t>();
      trades += at >= open && at < open + 24 * hour_ms ? hour[8].get<std::int64_t>() : 0;
    }
    if (open >= hours[0][0].get<std::int64_t>()) {
      CHECK(day[8] == trades);
    }
  }
  CHECK_ERROR(world.get("/api/v3/klines?symbol=BTCUSDT&interval=1d&timeZone=15"), -1130, 400);
}
