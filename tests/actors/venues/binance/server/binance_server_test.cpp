#include "binance_world.hpp"

#include <map>

using namespace troupe;
using namespace troupe::venues::binance::server;
using net::Method;
using test::json;
using World = test::BinanceWorld;

TEST_CASE("binance server: exchangeInfo lists symbols, filters and limits") {
  World world;
  const auto reply = world.get("/api/v3/exchangeInfo");
  CHECK(reply.status == 200);
  REQUIRE(reply.body["symbols"].size() == 2);
  const auto& symbol = reply.body["symbols"][0];
  CHECK(symbol["symbol"] == "BTCUSDT");
  CHECK(symbol["permissionSets"] == json::array({json::array({"SPOT"})}));
  std::map<std::string, json> filters;
  for (const auto& filter : symbol["filters"]) {
    filters[filter["filterType"].get<std::string>()] = filter;
  }
  CHECK(filters["PRICE_FILTER"]["tickSize"] == "0.01000000");
  CHECK(filters["LOT_SIZE"]["stepSize"] == "0.00001000");
  CHECK(filters.contains("NOTIONAL"));
  CHECK(filters.contains("MARKET_LOT_SIZE"));
  CHECK(filters.contains("MAX_NUM_ORDERS"));
  CHECK(reply.body["rateLimits"][0]["limit"] == 6'000);
  CHECK(world.get("/api/v3/exchangeInfo?symbols=%5B%22ETHUSDT%22%5D").body["symbols"].size() == 1);
  CHECK_ERROR(world.get("/api/v3/exchangeInfo?symbol=NOPE"), -1121, 400);
}

TEST_CASE("binance server: candles tie to trades and to longer candles") {
  World world;
  world.later(std::chrono::minutes{2});
  const auto rows = world.get("/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=61").body;
  REQUIRE(rows.size() == 61);
  for (std::size_t i = 1; i < rows.size(); ++i) {
    CHECK(rows[i][0].get<std::int64_t>() == rows[i - 1][0].get<std::int64_t>() + 60'000);
    CHECK(rows[i][6].get<std::int64_t>() == rows[i][0].get<std::int64_t>() + 59'999);
  }
  const auto start = rows[58][0].get<std::int64_t>(); // across the exchange's start
  const auto trades = world
                        .get("/api/v3/aggTrades?symbol=BTCUSDT&startTime=" + std::to_string(start)
                             + "&endTime=" + std::to_string(start + 59'999) + "&limit=1000")
                        .body;
  CHECK(trades.size() == rows[58][8].get<std::size_t>());
  CHECK(trades.front()["p"] == rows[58][1]);
  CHECK(trades.back()["p"] == rows[58][4]);
  for (std::size_t i = 1; i < trades.size(); ++i) {
    CHECK(trades[i]["a"].get<std::int64_t>() == trades[i - 1]["a"].get<std::int64_t>() + 1);
  }
  CHECK_ERROR(world.get("/api/v3/klines?symbol=BTCUSDT&interval=7m"), -1120, 400);
  CHECK_ERROR(world.get("/api/v3/klines?interval=1m"), -1102, 400);
  const auto seconds = world.get("/api/v3/klines?symbol=BTCUSDT&interval=1s&limit=100").body;
  CHECK(seconds.size() == 100); // flat ones where nothing traded
}

TEST_CASE("binance server: who may call what") {
  World world;
  const std::string path = "/api/v3/account";
  CHECK_ERROR(world.get(path + '?' + world.sign("")), -2014, 401);
  CHECK_ERROR(world.call(Method::GET, path + '?' + world.sign(""), {{"X-MBX-APIKEY", "other"}}),
              -2015, 401);
  CHECK_ERROR(world.call(Method::GET, path + "?timestamp=1", {{"X-MBX-APIKEY", "key"}}), -1102,
              400);
  CHECK_ERROR(world.call(Method::GET, path, {{"X-MBX-APIKEY", "key"}}), -1102, 400);
  CHECK_ERROR(world.get("/api/v3/depth?symbol="), -1105, 400);
  CHECK_ERROR(world.get("/api/v3/depth?symbol=BTCUSDT&x=1"), -1104, 400);
  CHECK_ERROR(world.get("/api/v3/depth?symbol=BTCUSDT&symbol=ETHUSDT"), -1101, 400);
  CHECK_ERROR(
    world.call(Method::GET, path + "?timestamp=1&signature=00", {{"X-MBX-APIKEY", "key"}}), -1022,
    400);
  auto query = world.sign("recvWindow=100");
  world.later(std::chrono::milliseconds{200});
  CHECK_ERROR(world.call(Method::GET, path + '?' + query, {{"X-MBX-APIKEY", "key"}}), -1021, 400);
  CHECK_ERROR(world.signed_call(Method::GET, path, "recvWindow=60001"), -1131, 400);
  const auto good = world.signed_call(Method::GET, path);
  CHECK(good.status == 200);
  CHECK(good.header("X-MBX-USED-WEIGHT-1M") != "");
  // In the body as well as in the query.
  const auto form = world.sign(
    "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=" + world.at(0.9));
  CHECK(world.call(Method::POST, "/api/v3/order", {{"X-MBX-APIKEY", "key"}}, form).status == 200);
  CHECK(world.get("/api/v3/nothing").status == 404);
  CHECK(world.call(Method::PUT, "/api/v3/order").status == 405);
  CHECK(world.get("/api/v1/ping").status == 200);
}

TEST_CASE("binance server: the life of a limit order, by REST and by its reports") {
  World world;
  const auto key = world.call(Method::POST, "/api/v3/userDataStream", {{"X-MBX-APIKEY", "key"}})
                     .body["listenKey"]
                     .get<std::string>();
  CHECK(key.size() == 64);
  const auto user = world.open("/ws/" + key);
  const auto placed = world.place("side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price="
                                  + world.at(0.9) + "&newClientOrderId=mine");
  REQUIRE(placed.status == 200);
  CHECK(placed.body["status"] == "NEW");
  CHECK(placed.body["fills"].empty());
  CHECK(placed.header("X-MBX-ORDER-COUNT-10S") == "1");
  auto events = user->take();
  REQUIRE(events.size() == 2);
  CHECK(events[0]["e"] == "executionReport");
  CHECK(events[0]["x"] == "NEW");
  CHECK(events[0]["c"] == "mine");
  CHECK(events[1]["e"] == "outboundAccountPosition");
  CHECK(events[1]["B"][0]["a"] == "USDT");
  CHECK(world.signed_call(Method::GET, "/api/v3/openOrders", "symbol=BTCUSDT").body.size() == 1);
  CHECK_ERROR(world.place("side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=" + world.at(0.9)
                          + "&newClientOrderId=mine"),
              -2010, 400);
  const auto canceled =
    world.signed_call(Method::DELETE, "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=mine");
  CHECK(canceled.body["status"] == "CANCELED");
  CHECK(canceled.body["origClientOrderId"] == "mine");
  CHECK(canceled.body["clientOrderId"] != "mine");
  events = user->take("e", "executionReport");
  REQUIRE(events.size() == 1);
  CHECK(events[0]["x"] == "CANCELED");
  CHECK(events[0]["C"] == "mine");
  CHECK(events[0]["c"] == canceled.body["clientOrderId"]);
  CHECK_ERROR(
    world.signed_call(Method::DELETE, "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=mine"),
    -2011, 400);
  CHECK_ERROR(world.signed_call(Method::GET, "/api/v3/order", "symbol=BTCUSDT&orderId=1"), -2013,
              400);
  const auto kept =
    world.signed_call(Method::GET, "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=mine");
  CHECK(kept.body["status"] == "CANCELED");
}

TEST_CASE("binance server: a market order's fills, trades and balances tie") {
  World world;
  const auto placed = world.place("side=BUY&type=MARKET&quoteOrderQty=5000");
  REQUIRE(placed.body["status"] == "FILLED");
  const auto trades = world.signed_call(Method::GET, "/api/v3/myTrades", "symbol=BTCUSDT").body;
  REQUIRE(trades.size() == placed.body["fills"].size());
  double quote = 0;
  double base = 0;
  for (const auto& trade : trades) {
    quote += std::stod(trade["quoteQty"].get<std::string>());
    base += std::stod(trade["qty"].get<std::string>())
            - std::stod(trade["commission"].get<std::string>());
    CHECK(trade["commissionAsset"] == "BTC");
    CHECK(trade["isMaker"] == false);
  }
  CHECK(quote == doctest::Approx(std::stod(placed.body["cummulativeQuoteQty"].get<std::string>())));
  const auto account = world.signed_call(Method::GET, "/api/v3/account").body;
  for (const auto& balance : account["balances"]) {
    const auto free = std::stod(balance["free"].get<std::string>());
    if (balance["asset"] == "USDT") {
      CHECK(free == doctest::Approx(1'000'000 - quote));
    } else if (balance["asset"] == "BTC") {
      CHECK(free == doctest::Approx(10 + base));
    }
  }
}

TEST_CASE("binance server: parameters and filters refuse with the documented codes") {
  World world;
  const auto limit = "side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=" + world.at(0.9);
  const std::vector<std::pair<std::string, int>> cases{
    {"side=BUY", -1102},
    {"side=LEFT&type=LIMIT", -1117},
    {"side=BUY&type=ODD", -1116},
    {"side=BUY&type=LIMIT&timeInForce=SOON&quantity=1&price=1", -1115},
    {"side=BUY&type=LIMIT&timeInForce=GTC&price=1", -1102},
    {"side=BUY&type=MARKET", -1102},
    {"side=BUY&type=MARKET&quantity=0.01&timeInForce=GTC", -1106},
    {"side=BUY&type=MARKET&quantity=0.01&price=1", -1106},
    {"side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.000000001&price=60000", -1111},
    {"side=BUY&type=LIMIT&timeInForce=GTC&quantity=x&price=60000", -1100},
    {"side=BUY&type=LIMIT&timeInForce=GTC&quantity=0&price=60000", -1013},
    {limit + ".001", -1013},                           // PRICE_FILTER
    {"side=BUY&type=MARKET&quantity=0.000001", -1013}, // LOT_SIZE
    {"side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.00001&price=" + world.at(0.9), -1013},
    {"side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=1", -1013}, // PERCENT_PRICE
    {"side=BUY&type=LIMIT&timeInForce=GTC&quantity=20&price=" + world.at(0.99), -2010},
    {"side=BUY&type=LIMIT_MAKER&quantity=0.01&price=" + world.at(1.05), -2010},
    {"side=SELL&type=STOP_LOSS_LIMIT&timeInForce=GTC&quantity=0.01&price=" + world.at(0.9)
       + "&stopPrice=" + world.at(1.1),
     -2010},
    {limit + "&newClientOrderId=%24%24", -1100},
    {limit + "&selfTradePreventionMode=ODD", -1137},
  };
  for (const auto& [query, code] : cases) {
    CAPTURE(query);
    CHECK_ERROR(world.place(query), code, 400);
  }
  CHECK(world.place(limit + ".001").body["msg"] == "Filter failure: PRICE_FILTER");
  CHECK(world.signed_call(Method::GET, "/api/v3/openOrders").body.empty());
  CHECK(world.signed_call(Method::POST, "/api/v3/order/test", "symbol=BTCUSDT&" + limit).body
        == json::object());
  CHECK(world.signed_call(Method::GET, "/api/v3/openOrders").body.empty());
}

TEST_CASE("binance server: cancel-replace, whole, half and not at all") {
  World world;
  const auto limit = "side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=" + world.at(0.9);
  const auto id = world.place(limit).body["orderId"].dump();
  const auto replace = [&](const std::string& mode, const std::string& old,
                           const std::string& next) {
    return world.signed_call(Method::POST, "/api/v3/order/cancelReplace",
                             "symbol=BTCUSDT&cancelReplaceMode=" + mode + "&cancelOrderId=" + old
                               + '&' + next);
  };
  const auto whole = replace("STOP_ON_FAILURE", id, limit);
  CHECK(whole.status == 200);
  CHECK(whole.body["newOrderResult"] == "SUCCESS");
  const auto none = replace("STOP_ON_FAILURE", id, limit);
  CHECK_ERROR(none, -2022, 400);
  CHECK(none.body["data"]["newOrderResult"] == "NOT_ATTEMPTED");
  const auto half = replace("ALLOW_FAILURE", id, limit);
  CHECK_ERROR(half, -2021, 409);
  CHECK(half.body["data"]["newOrderResult"] == "SUCCESS");
}

TEST_CASE("binance server: a book kept from depth events equals the REST book") {
  World world;
  const auto session = world.open("/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker");
  world.later(std::chrono::seconds{1});
  const auto snapshot = world.get("/api/v3/depth?symbol=BTCUSDT&limit=5000").body;
  std::map<std::string, std::string> levels;
  const auto apply = [&](const json& side, const char* name) {
    for (const auto& level : side) {
      const auto key = name + level[0].get<std::string>();
      level[1] == "0.00000000" ? void(levels.erase(key))
                               : void(levels[key] = level[1].get<std::string>());
    }
  };
  apply(snapshot["bids"], "b");
  apply(snapshot["asks"], "a");
  auto book_id = snapshot["lastUpdateId"].get<std::uint64_t>();
  (void)world.place("side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.5&price=" + world.at(0.99));
  world.later(std::chrono::seconds{90}); // over the start of an epoch
  std::uint64_t previous = 0;
  for (const auto& frame : session->take("stream", "btcusdt@depth@100ms")) {
    const auto& event = frame["data"];
    const auto first = event["U"].get<std::uint64_t>();
    const auto last = event["u"].get<std::uint64_t>();
    CHECK((previous == 0 || first == previous + 1));
    previous = last;
    if (last <= book_id) {
      continue;
    }
    CHECK(first <= book_id + 1);
    apply(event["b"], "b");
    apply(event["a"], "a");
    book_id = last;
  }
  world.later(std::chrono::milliseconds{100});
  for (const auto& frame : session->take("stream", "btcusdt@depth@100ms")) {
    apply(frame["data"]["b"], "b");
    apply(frame["data"]["a"], "a");
    book_id = frame["data"]["u"].get<std::uint64_t>();
  }
  const auto now = world.get("/api/v3/depth?symbol=BTCUSDT&limit=5000").body;
  CHECK(now["lastUpdateId"].get<std::uint64_t>() == book_id);
  std::map<std::string, std::string> expected;
  for (const auto* const name : {"bids", "asks"}) {
    for (const auto& level : now[name]) {
      expected[std::string(1, *name) + level[0].get<std::string>()] = level[1].get<std::string>();
    }
  }
  CHECK(levels == expected);
}

TEST_CASE("binance server: streams by path, by message and by property") {
  World world;
  const auto session = world.open("/ws/btcusdt@trade");
  world.send(session, {{"method", "SUBSCRIBE"},
                       {"params", {"btcusdt@kline_1m", "btcusdt@aggTrade", "!miniTicker@arr"}},
                       {"id", 7}});
  CHECK(session->take().front() == json({{"result", nullptr}, {"id", 7}}));
  world.later(std::chrono::seconds{70});
  std::map<std::string, int> seen;
  std::int64_t last_trade = 0;
  bool closed = false;
  for (const auto& frame : session->take()) {
    if (frame.is_array()) {
      ++seen["array"];
      CHECK(frame.size() == 2);
      continue;
    }
    ++seen[frame["e"].get<std::string>()];
    if (frame["e"] == "trade") {
      CHECK((last_trade == 0 || frame["t"] == last_trade + 1));
      last_trade = frame["t"];
    }
    closed = closed || (frame["e"] == "kline" && frame["k"]["x"] == true);
  }
  CHECK(seen["trade"] > 5);
  CHECK(seen["trade"] == seen["aggTrade"]);
  CHECK(seen["kline"] > 10);
  CHECK(seen["array"] >= 69);
  CHECK(closed);
  world.send(session, {{"method", "LIST_SUBSCRIPTIONS"}, {"id", "a"}});
  CHECK(session->take().front()["result"].size() == 4);
  world.send(session, {{"method", "SET_PROPERTY"}, {"params", {"combined", true}}, {"id", 1}});
  world.send(session, {{"method", "UNSUBSCRIBE"}, {"params", {"btcusdt@trade"}}, {"id", 2}});
  (void)session->take();
  world.later(std::chrono::seconds{5});
  for (const auto& frame : session->take()) {
    CHECK(frame.contains("stream"));
    CHECK(frame["stream"] != "btcusdt@trade");
  }
  world.server->on_message(session, "{");
  CHECK(session->take().front()["code"] == 3);
  world.send(session, {{"method", "WHAT"}, {"id", 3}});
  CHECK(session->take().front()["code"] == 2);
}

TEST_CASE("binance server: the WebSocket API places, reports and refuses") {
  World world;
  const auto session = world.open("/ws-api/v3");
  CHECK(world.api(session, "ping", json::object(), false)["status"] == 200);
  const auto subscribed = world.api(session, "userDataStream.subscribe.signature", json::object());
  CHECK(subscribed["result"]["subscriptionId"] == 0);
  const json order{{"symbol", "BTCUSDT"},      {"side", "BUY"},
                   {"type", "LIMIT"},          {"timeInForce", "GTC"},
                   {"quantity", "0.01000000"}, {"price", world.at(0.9)}};
  (void)session->take();
  auto params = order;
  params["apiKey"] = "key";
  const auto placed = world.api(session, "order.place", order);
  CHECK(placed["status"] == 200);
  CHECK(placed["result"]["status"] == "NEW");
  CHECK(placed["rateLimits"][0]["rateLimitType"] == "ORDERS");
  const auto id = placed["result"]["orderId"];
  CHECK(
    world.api(session, "order.status", {{"symbol", "BTCUSDT"}, {"orderId", id}})["result"]["status"]
    == "NEW");
  CHECK(world.api(session, "openOrders.status", {{"symbol", "BTCUSDT"}})["result"].size() == 1);
  world.send(session, {{"id", 1}, {"method", "time"}});
  (void)session->take();
  auto canceled = world.api(session, "order.cancel", {{"symbol", "BTCUSDT"}, {"orderId", id}});
  CHECK(canceled["result"]["status"] == "CANCELED");
  const auto bad =
    world.api(session, "order.place",
              {{"symbol", "NOPE"}, {"side", "BUY"}, {"type", "MARKET"}, {"quantity", "1"}});
  CHECK(bad["status"] == 400);
  CHECK(bad["error"]["code"] == -1121);
  CHECK(world.api(session, "session.logon", json::object())["error"]["code"] == -4056);
  CHECK(world.api(session, "no.such", json::object(), false)["status"] == 400);
  auto wrong = order;
  wrong["apiKey"] = "key";
  wrong["timestamp"] = world.now_ms();
  wrong["signature"] = "00";
  CHECK(world.api(session, "order.place", wrong, false)["error"]["code"] == -1022);
}
