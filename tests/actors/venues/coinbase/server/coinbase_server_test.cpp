#include "actors/venues/coinbase/server/coinbase_server.hpp"
#include "actors/venues/common/signing.hpp"
#include "endpoint_fixture.hpp"

#include <map>

using namespace troupe;
using namespace troupe::venues::coinbase::server;
using net::Method;
using test::json;

namespace {

struct World : test::EndpointFixture<CoinbaseServer, Limits> {
  explicit World(Limits limits = {}) : EndpointFixture(test::small_exchange("USD"), limits) {}

  [[nodiscard]] std::string timestamp() const { return std::to_string(now.ns / 1'000'000'000); }
  test::HeaderList
  headers(const char* method, const std::string& target, const std::string& body = {}) const {
    const auto at = timestamp();
    return {
      {"CB-ACCESS-KEY", "key"},
      {"CB-ACCESS-SIGN", *venues::signing::coinbase_signature(secret, at, method, target, body)},
      {"CB-ACCESS-TIMESTAMP", at},
      {"CB-ACCESS-PASSPHRASE", "phrase"}};
  }
  test::Reply signed_get(const std::string& target) {
    later(std::chrono::milliseconds{100});
    return call(Method::GET, target, headers("GET", target));
  }
  test::Reply signed_delete(const std::string& target) {
    later(std::chrono::milliseconds{100});
    return call(Method::DELETE, target, headers("DELETE", target));
  }
  test::Reply place(json order) {
    order.emplace("product_id", "BTC-USD");
    later(std::chrono::milliseconds{100});
    const auto body = order.dump();
    return call(Method::POST, "/orders", headers("POST", "/orders", body), body);
  }
  json limit(double factor, const char* side = "buy", const char* size = "0.01") {
    return {{"side", side}, {"type", "limit"}, {"size", size}, {"price", at(factor)}};
  }
  std::string at(double factor) {
    later(std::chrono::milliseconds{100});
    const auto price = get("/products/BTC-USD/ticker").body["price"].get<std::string>();
    return std::to_string(static_cast<int>(std::stod(price) * factor));
  }
  json sign_in(json message) const {
    message["key"] = "key";
    message["passphrase"] = "phrase";
    message["timestamp"] = timestamp();
    message["signature"] = *venues::signing::coinbase_websocket_signature(secret, timestamp());
    return message;
  }
  std::string secret = "c2VjcmV0IG9mIHRoZSB0ZXN0";
};

json subscribe(std::vector<std::string> channels) {
  return {{"type", "subscribe"}, {"product_ids", {"BTC-USD"}}, {"channels", std::move(channels)}};
}

} // namespace

TEST_CASE("coinbase server: products, book, trades and candles") {
  World world;
  const auto products = world.get("/products").body;
  REQUIRE(products.size() == 2);
  CHECK(products[0]["id"] == "BTC-USD");
  CHECK(products[0]["quote_increment"] == "0.01");
  CHECK(world.get("/products/NO-PE").status == 404);
  CHECK(world.get("/products/NO-PE").body["message"] == "NotFound");
  world.later(std::chrono::seconds{65});
  const auto one = world.get("/products/BTC-USD/book").body;
  const auto two = world.get("/products/BTC-USD/book?level=2").body;
  const auto three = world.get("/products/BTC-USD/book?level=3").body;
  REQUIRE(one["bids"].size() == 1);
  CHECK(one["bids"][0] == two["bids"][0]);
  CHECK(three["bids"].size() >= two["bids"].size());
  CHECK(three["bids"][0][2].get<std::string>().size() == 36);
  CHECK(two["sequence"] == three["sequence"]);
  const auto page = world.get("/products/BTC-USD/trades?limit=5");
  REQUIRE(page.body.size() == 5);
  const auto after = page.header("CB-AFTER");
  CHECK(page.header("CB-BEFORE") == page.body.front()["trade_id"].dump());
  world.later(std::chrono::seconds{1});
  const auto older = world.get("/products/BTC-USD/trades?limit=5&after=" + after).body;
  CHECK(older.front()["trade_id"].get<std::uint64_t>() + 1 == std::stoull(after));
  const auto candles = world.get("/products/BTC-USD/candles?granularity=300").body;
  REQUIRE(candles.size() == 300);
  CHECK(candles[0][0].get<std::int64_t>() == candles[1][0].get<std::int64_t>() + 300);
  for (const auto& candle : candles) { // time, low, high, open, close
    CHECK(candle[1].get<double>() <= candle[3].get<double>());
    CHECK(candle[2].get<double>() >= candle[4].get<double>());
  }
  CHECK(world.get("/products/BTC-USD/candles?granularity=7").status == 400);
  CHECK(world
          .get("/products/BTC-USD/"
               "candles?granularity=60&start=2026-01-01T00:00:00Z&end=2026-02-01T00:00:00Z")
          .status
        == 400);
}

TEST_CASE("coinbase server: who may call what") {
  World world;
  auto headers = world.headers("GET", "/accounts");
  CHECK(world.call(Method::GET, "/accounts", headers).status == 200);
  const auto refused = [&](std::size_t index, const char* value, unsigned status,
                           const char* message) {
    auto changed = headers;
    changed[index].second = value;
    const auto reply = world.call(Method::GET, "/accounts", changed);
    CHECK(reply.status == status);
    CHECK(reply.body["message"] == message);
  };
  refused(0, "other", 401, "Invalid API Key");
  refused(1, "AAAA", 401, "invalid signature");
  refused(2, "1000", 400, "request timestamp expired");
  refused(2, "soon", 400, "invalid timestamp");
  refused(3, "wrong", 401, "Invalid Passphrase");
  headers.pop_back();
  CHECK(world.call(Method::GET, "/accounts", headers).body["message"]
        == "CB-ACCESS-PASSPHRASE header is required");
}

TEST_CASE("coinbase server: the life of an order, by REST and on the user channel") {
  World world;
  const auto session = world.open("/");
  world.send(session, world.sign_in(subscribe({"user"})));
  CHECK(session->take().front()["type"] == "subscriptions");
  auto order = world.limit(0.9);
  order["client_oid"] = "2f1d5e0c-4c8b-4d8e-9d0c-8a1b2c3d4e5f";
  const auto placed = world.place(order);
  REQUIRE(placed.status == 200);
  CHECK(placed.body["status"] == "pending");
  const auto id = placed.body["id"].get<std::string>();
  auto events = session->take();
  REQUIRE(events.size() == 2);
  CHECK(events[0]["type"] == "received");
  CHECK(events[0]["client_oid"] == order["client_oid"]);
  CHECK(events[1]["type"] == "open");
  CHECK(events[1]["order_id"] == id);
  CHECK(world.signed_get("/orders/" + id).body["status"] == "open");
  CHECK(world.signed_get("/orders/client:2f1d5e0c-4c8b-4d8e-9d0c-8a1b2c3d4e5f").body["id"] == id);
  CHECK(world.signed_get("/orders?status=open").body.size() == 1);
  const auto hold = world.signed_get("/accounts").body;
  CHECK(world.signed_delete("/orders/" + id).body == id);
  events = session->take();
  REQUIRE(events.size() == 1);
  CHECK(events[0]["type"] == "done");
  CHECK(events[0]["reason"] == "canceled");
  CHECK(world.signed_delete("/orders/" + id).body["message"] == "Order already done");
  CHECK(world.signed_delete("/orders/2f1d5e0c-4c8b-4d8e-9d0c-8a1b2c3d4e5f").status == 404);
  CHECK(world.signed_get("/orders/" + id).body["done_reason"] == "canceled");
  CHECK(world.signed_get("/orders").body.empty());
  CHECK(world.signed_get("/orders?status=all").body.size() == 1);
}

TEST_CASE("coinbase server: a market order's fills tie to the ledger") {
  World world;
  const auto placed = world.place({{"side", "buy"}, {"type", "market"}, {"funds", "5000"}});
  REQUIRE(placed.status == 200);
  const auto id = placed.body["id"].get<std::string>();
  const auto done = world.signed_get("/orders/" + id).body;
  CHECK(done["status"] == "done");
  CHECK(done["done_reason"] == "filled");
  const auto fills = world.signed_get("/fills?order_id=" + id).body;
  REQUIRE_FALSE(fills.empty());
  double cost = 0;
  for (const auto& fill : fills) {
    CHECK(fill["liquidity"] == "T");
    cost +=
      std::stod(fill["usd_volume"].get<std::string>()) + std::stod(fill["fee"].get<std::string>());
  }
  CHECK(cost <= 5000.0);
  for (const auto& account : world.signed_get("/accounts").body) {
    if (account["currency"] == "USD") {
      CHECK(std::stod(account["balance"].get<std::string>()) == doctest::Approx(1'000'000 - cost));
      const auto ledger =
        world.signed_get("/accounts/" + account["id"].get<std::string>() + "/ledger").body;
      CHECK(ledger.size() == 1 + 2 * fills.size());
      CHECK(ledger.front()["balance"] == account["balance"]);
      CHECK(ledger.back()["type"] == "transfer");
    }
  }
  CHECK(world.signed_get("/fills").status == 400);
}

TEST_CASE("coinbase server: orders are refused with the venue's words") {
  World world;
  const auto refused = [&](const json& order, const std::string& message) {
    const auto reply = world.place(order);
    CAPTURE(order.dump());
    CHECK(reply.status == 400);
    CHECK(reply.body["message"] == message);
  };
  auto order = world.limit(0.9);
  order["price"] = "100.001";
  refused(order, "price is too accurate. Smallest unit is 0.01000000");
  refused({{"side", "buy"}, {"price", "1000"}}, "size is required");
  refused({{"side", "both"}, {"price", "1000"}, {"size", "1"}}, "Invalid side");
  refused(world.limit(0.99, "buy", "20"), "Insufficient funds");
  order = world.limit(0.9);
  order["client_oid"] = "not one!";
  refused(order, "client_oid must be a valid UUID");
  order = world.limit(0.9);
  order["time_in_force"] = "GTT";
  refused(order, "Invalid cancel_after");
  order["time_in_force"] = "IOC";
  order["post_only"] = true;
  refused(order, "post_only is not allowed with time_in_force IOC");
  refused({{"side", "buy"}, {"type", "market"}}, "size or funds is required");
  CHECK(
    world.place({{"product_id", "NO-PE"}, {"side", "buy"}, {"price", "1"}, {"size", "1"}}).status
    == 404);
  order = world.limit(1.05);
  order["post_only"] = true;
  CHECK(world.place(order).body["status"] == "rejected");
  CHECK(world.place(order).body["reject_reason"] == "post only");
}

TEST_CASE("coinbase server: books kept from level2 and from full equal the REST books") {
  World world;
  world.later(std::chrono::seconds{1});
  const auto session = world.open("/");
  world.send(session, world.sign_in(subscribe({"level2", "full"})));
  const auto start = world.get("/products/BTC-USD/book?level=3").body;
  struct Entry {
    std::string side;
    double price;
    double size;
  };
  std::map<std::string, Entry> orders;
  for (const auto* const side : {"bids", "asks"}) {
    for (const auto& row : start[side]) {
      orders[row[2].get<std::string>()] = {side, std::stod(row[0].get<std::string>()),
                                           std::stod(row[1].get<std::string>())};
    }
  }
  std::map<std::string, std::string> levels;
  (void)world.place(world.limit(0.99));
  world.later(std::chrono::seconds{75});
  auto sequence = start["sequence"].get<std::uint64_t>();
  for (const auto& frame : session->take()) {
    const auto type = frame["type"].get<std::string>();
    if (type == "snapshot" || type == "l2update") {
      const auto set = [&](const std::string& side, const json& row, std::size_t at) {
        const auto size = row[at + 1].get<std::string>();
        const auto key = side + row[at].get<std::string>();
        std::stod(size) == 0.0 ? void(levels.erase(key)) : void(levels[key] = size);
      };
      if (type == "snapshot") {
        for (const auto& row : frame["bids"]) {
          set("buy", row, 0);
        }
        for (const auto& row : frame["asks"]) {
          set("sell", row, 0);
        }
      } else {
        for (const auto& row : frame["changes"]) {
          set(row[0].get<std::string>(), row, 1);
        }
      }
      continue;
    }
    if (!frame.contains("sequence") || frame["sequence"].get<std::uint64_t>() <= sequence) {
      continue;
    }
    CHECK(frame["sequence"].get<std::uint64_t>() == sequence + 1);
    sequence = frame["sequence"];
    if (type == "open") {
      orders[frame["order_id"].get<std::string>()] = {
        frame["side"] == "buy" ? "bids" : "asks", std::stod(frame["price"].get<std::string>()),
        std::stod(frame["remaining_size"].get<std::string>())};
    } else if (type == "match" && orders.contains(frame["maker_order_id"].get<std::string>())) {
      orders[frame["maker_order_id"].get<std::string>()].size -=
        std::stod(frame["size"].get<std::string>());
    } else if (type == "done") {
      orders.erase(frame["order_id"].get<std::string>());
    }
  }
  const auto two = world.get("/products/BTC-USD/book?level=2").body;
  std::map<std::string, std::string> expected;
  for (const auto& row : two["bids"]) {
    expected["buy" + row[0].get<std::string>()] = row[1].get<std::string>();
  }
  for (const auto& row : two["asks"]) {
    expected["sell" + row[0].get<std::string>()] = row[1].get<std::string>();
  }
  CHECK(levels == expected);
  const auto three = world.get("/products/BTC-USD/book?level=3").body;
  CHECK(three["sequence"].get<std::uint64_t>() == sequence);
  CHECK(orders.size() == three["bids"].size() + three["asks"].size());
  for (const auto& row : three["bids"]) {
    const auto id = row[2].get<std::string>();
    REQUIRE(orders.contains(id));
    CHECK(orders[id].size == doctest::Approx(std::stod(row[1].get<std::string>())));
  }
}

TEST_CASE("coinbase server: channels of the feed") {
  World world;
  const auto session = world.open("/");
  world.send(session, subscribe({"ticker", "matches", "heartbeat", "level2_batch", "status"}));
  const auto first = session->take();
  CHECK(first[0]["type"] == "subscriptions");
  bool as_level2_50 = false;
  for (const auto& channel : first[0]["channels"]) {
    as_level2_50 = as_level2_50 || channel["name"] == "level2_50";
  }
  CHECK(as_level2_50);
  world.later(std::chrono::seconds{20});
  std::map<std::string, int> seen;
  std::uint64_t last_trade = 0;
  for (const auto& frame : session->take()) {
    ++seen[frame["type"].get<std::string>()];
    if (frame["type"] == "match") {
      CHECK((last_trade == 0 || frame["trade_id"].get<std::uint64_t>() == last_trade + 1));
      last_trade = frame["trade_id"];
    }
  }
  CHECK(seen["match"] > 3);
  CHECK(seen["ticker"] > 3);
  CHECK(seen["heartbeat"] >= 19);
  CHECK(seen["l2update"] > 50);
  CHECK(seen["status"] >= 3);
  world.send(session, {{"type", "unsubscribe"},
                       {"product_ids", {"BTC-USD"}},
                       {"channels", {"matches", "ticker", "heartbeat", "level2_batch"}}});
  CHECK(session->take().front()["channels"].size() == 1);
  for (const auto* const channel : {"level2", "level3", "full", "user"}) {
    world.send(session, subscribe({channel}));
    CHECK(session->take().front()["type"] == "error");
  }
  world.send(session, subscribe({"nothing"}));
  CHECK(session->take().front()["reason"] == "nothing is not a valid channel");
  auto forged = world.sign_in(subscribe({"user"}));
  forged["signature"] = "AAAA";
  world.send(session, forged);
  CHECK(session->take().front()["message"] == "Authentication Failed");
  world.server->on_message(session, "{");
  CHECK(session->take().front()["type"] == "error");
}

TEST_CASE("coinbase server: who does not subscribe in time is let go") {
  World world;
  const auto silent = world.open("/");
  const auto busy = world.open("/");
  world.send(busy, subscribe({"heartbeat"}));
  world.later(std::chrono::milliseconds{5'100});
  CHECK(silent->closed == net::CloseCode::POLICY);
  CHECK(busy->closed == 0);
}

TEST_CASE("coinbase server: buckets of public and private requests") {
  World world;
  int good = 0;
  while (world.get("/time").status == 200) {
    ++good;
  }
  CHECK(good == 15);
  CHECK(world.get("/time").body["message"] == "Public rate limit exceeded");
  const auto headers = world.headers("GET", "/accounts");
  int kept = 0;
  while (world.call(Method::GET, "/accounts", headers).status == 200) {
    ++kept;
  }
  CHECK(kept == 30);
  CHECK(world.call(Method::GET, "/accounts", headers).body["message"]
        == "Private rate limit exceeded");
  world.later(std::chrono::milliseconds{100});
  CHECK(world.get("/time").status == 200);
  CHECK(world.get("/time").status == 429);
}

TEST_CASE("coinbase server: spark lines are hourly candles without their volume") {
  World world;
  const auto lines = world.get("/products/spark-lines").body;
  REQUIRE(lines.size() == 2);
  const auto& rows = lines["BTC-USD"];
  REQUIRE(rows.size() >= 23);
  const auto candles = world.get("/products/BTC-USD/candles?granularity=3600").body;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    REQUIRE(rows[i].size() == 5);
    for (std::size_t column = 0; column < 5; ++column) { // time, low, high, open, close
      CHECK(rows[i][column] == candles[i][column]);
    }
  }
}

TEST_CASE("coinbase server: what an account traded in 30 days, by product") {
  World world;
  CHECK(world.place({{"side", "buy"}, {"type", "market"}, {"size", "0.01"}}).status == 200);
  CHECK(world.place({{"side", "sell"}, {"type", "market"}, {"size", "0.02"}}).status == 200);
  const auto volumes = world.signed_get("/users/self/trailing-volume").body;
  REQUIRE(volumes.size() == 2);
  CHECK(volumes[0]["product_id"] == "BTC-USD");
  CHECK(volumes[0]["volume"] == "0.03000000");
  CHECK(volumes[1]["volume"] == "0.00000000");
  CHECK(std::stod(volumes[0]["exchange_volume"].get<std::string>()) >= 0.03);
  for (const auto* const path : {"/conversions", "/address-book", "/reports"}) {
    CHECK(world.signed_get(path).body == json::array());
  }
}

TEST_CASE("coinbase server: a channel goes by its old name too") {
  World world;
  const auto session = world.open("/");
  world.send(session,
             {{"type", "subscribe"}, {"product_ids", {"BTC-USD"}}, {"channels", {"ticker_1000"}}});
  const auto told = session->take("type", "subscriptions");
  REQUIRE(told.size() == 1);
  CHECK(told[0]["channels"][0]["name"] == "ticker_batch");
}
