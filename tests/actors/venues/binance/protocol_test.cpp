#include "actors/venues/binance/feed_protocol.hpp"
#include "actors/venues/binance/history.hpp"
#include "actors/venues/common/wire.hpp"
#include "recording_sink.hpp"

#include <doctest/doctest.h>

namespace {

using namespace troupe::venues;
using troupe::core::Errc;
using troupe::core::Error;
using troupe::core::Timestamp;
using Said = std::vector<std::string>;
using wire::padded;

Timestamp at(int seconds) {
  return Timestamp{(1'700'000'000LL + seconds) * 1'000'000'000};
}

std::string diff(int first, int last, const std::string& bids = "") {
  return padded(
    R"({"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1000,"s":"BTCUSDT","U":)"
    + std::to_string(first) + R"(,"u":)" + std::to_string(last) + R"(,"b":[)" + bids
    + R"(],"a":[]}})");
}
std::string trade(int id) {
  return padded(R"({"stream":"btcusdt@trade","data":{"e":"trade","E":2000,"s":"BTCUSDT","t":)"
                + std::to_string(id) + R"(,"p":"100.00","q":"1.00","T":1999,"m":true,"M":true}})");
}
std::string snapshot(int id) {
  return padded(R"({"lastUpdateId":)" + std::to_string(id)
                + R"(,"bids":[["100.00","1"]],"asks":[["101.00","2"]]})");
}

struct Session {
  Session() {
    protocol->follow(test::instrument("BTC-USDT", "BINANCE", "BTCUSDT"));
    open();
  }
  void open() {
    protocol->opened(at(0));
    protocol->tick(at(0), sink);
  }
  void receive(const std::string& text, int seconds = 1) {
    protocol->received(text, at(seconds), sink);
  }
  void acknowledge() {
    const auto messages = test::sent(*protocol);
    REQUIRE(messages.size() == 1);
    const auto id = messages[0].substr(messages[0].rfind(':') + 1);
    receive(padded(R"({"result":null,"id":)" + id));
  }
  RestQuery query(int seconds = 1) {
    protocol->tick(at(seconds), sink);
    const auto queries = test::asked(*protocol);
    REQUIRE(queries.size() == 1);
    return queries[0];
  }
  std::unique_ptr<FeedProtocol> protocol =
    binance::make_feed_protocol({.venue = "BINANCE", .depth_limit = 1000});
  test::RecordingSink sink;
};

TEST_CASE("binance feed: subscribes, waits for the acknowledgement, fetches the snapshot once") {
  Session session;
  CHECK(session.protocol->socket_target() == "/stream");
  CHECK(session.protocol->messages().front()
        == R"({"method":"SUBSCRIBE","params":["btcusdt@depth@100ms","btcusdt@trade"],"id":1})");
  session.acknowledge();
  session.receive(diff(11, 12));
  CHECK(session.sink.take() == Said{"live BTC-USDT 1001"});
  const auto query = session.query();
  CHECK(query.target == "/api/v3/depth?symbol=BTCUSDT&limit=1000");
  CHECK(query.cost.at("REQUEST_WEIGHT") == 50);
  session.protocol->tick(at(1), session.sink);
  CHECK(test::asked(*session.protocol).empty()); // it is on its way
  CHECK(session.protocol->book("BTC-USDT") == nullptr);
  session.protocol->answered(query.id, snapshot(12), at(1), session.sink);
  CHECK(session.sink.take() == Said{"book BTC-USDT"});
  REQUIRE(session.protocol->book("BTC-USDT") != nullptr);
  session.receive(diff(13, 13, R"(["100.50","3"])"));
  session.receive(trade(7));
  session.receive(trade(7));
  session.receive(trade(8));
  CHECK(session.sink.take() == Said{"book BTC-USDT", "trade BTC-USDT 7", "trade BTC-USDT 8"});
  CHECK(session.protocol->book("BTC-USDT")->best_bid()->price
        == *troupe::trading::Price::from_text("100.5"));
}

TEST_CASE("binance feed: a gap is told and healed; snapshots are tried a bounded number of times") {
  Session session;
  session.acknowledge();
  session.receive(diff(11, 12));
  session.protocol->answered(session.query().id, snapshot(12), at(1), session.sink);
  session.sink.take();
  session.receive(diff(15, 16));
  CHECK(session.sink.take() == Said{"lost book BTC-USDT"});
  CHECK(session.protocol->book("BTC-USDT") == nullptr);
  int now = 2;
  for (int tries = 0; tries < 5; ++tries) {
    now += 60;
    session.receive(padded(R"({"result":[],"id":99})"), now);
    const auto query = session.query(now);
    if (tries == 1) {
      session.protocol->answered(query.id, Error{Errc::RATE_LIMITED, "later"}, at(now),
                                 session.sink);
    } else {
      session.protocol->answered(query.id, snapshot(14), at(now), session.sink); // too old
    }
    session.protocol->tick(at(now), session.sink);
    CHECK(test::asked(*session.protocol).empty()); // not at once
  }
  CHECK(session.protocol->take_reconnect().empty());
  session.receive(padded(R"({"result":[],"id":99})"), now + 60);
  session.protocol->tick(at(now + 60), session.sink);
  CHECK(session.protocol->take_reconnect().find("BTC-USDT") != std::string::npos);
}

TEST_CASE("binance feed: missing trades are told, and where they are complete again") {
  Session session;
  session.acknowledge();
  session.receive(diff(11, 12));
  session.receive(trade(7));
  session.sink.take();
  session.receive(trade(10));
  CHECK(session.sink.take()
        == Said{"lost trades BTC-USDT 2", "live BTC-USDT 1999", "trade BTC-USDT 10"});
  session.receive(trade(9)); // late
  CHECK(session.sink.take().empty());
}

TEST_CASE("binance feed: a new connection begins anew, answers of the old one are nothing") {
  Session session;
  session.acknowledge();
  session.receive(diff(11, 12));
  const auto old = session.query();
  session.protocol->closed();
  CHECK(session.protocol->book("BTC-USDT") == nullptr);
  session.sink.take();
  session.open();
  session.protocol->answered(old.id, snapshot(12), at(1), session.sink);
  CHECK(session.sink.take().empty());
  session.acknowledge();
  session.receive(diff(31, 32));
  session.protocol->answered(session.query().id, snapshot(32), at(2), session.sink);
  CHECK(session.sink.take() == Said{"live BTC-USDT 1001", "book BTC-USDT"});
}

TEST_CASE("binance feed: silence is asked about, then the connection is given up") {
  Session session;
  session.acknowledge();
  session.protocol->tick(at(4), session.sink);
  const auto messages = test::sent(*session.protocol);
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].find("LIST_SUBSCRIPTIONS") != std::string::npos);
  session.receive(padded(R"({"result":["btcusdt@trade"],"id":2})"), 5);
  session.protocol->tick(at(14), session.sink);
  CHECK(session.protocol->take_reconnect().empty());
  session.protocol->tick(at(16), session.sink);
  CHECK(session.protocol->take_reconnect() == "nothing was heard for 10s");
  session.receive(padded(R"({"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}})"));
  CHECK_FALSE(session.protocol->take_reconnect().empty());
}

TEST_CASE("binance feed: a refused subscription is tried later, unfollowing says so") {
  Session session;
  CHECK(test::sent(*session.protocol).size() == 1);
  session.receive(padded(R"({"code":2,"msg":"Invalid request","id":1})"));
  session.protocol->tick(at(2), session.sink);
  CHECK(test::sent(*session.protocol).empty());
  session.receive(padded(R"({"result":null,"id":77})"), 39);
  session.protocol->tick(at(40), session.sink);
  CHECK(test::sent(*session.protocol).size() == 1);
  session.protocol->unfollow("BTC-USDT");
  CHECK(test::sent(*session.protocol).front().find("UNSUBSCRIBE") != std::string::npos);
  CHECK_FALSE(session.protocol->follows_any());
}

TEST_CASE("binance feed: listing and polling over REST") {
  Session session;
  session.sink.take();
  session.protocol->ask_listing();
  auto queries = test::asked(*session.protocol);
  REQUIRE(queries.size() == 1);
  CHECK(queries[0].target == "/api/v3/exchangeInfo");
  session.protocol->answered(
    queries[0].id,
    padded(
      R"({"rateLimits":[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":1200}],"symbols":[{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT","filters":[{"filterType":"PRICE_FILTER","tickSize":"0.01"},{"filterType":"LOT_SIZE","stepSize":"0.001"}]}]})"),
    at(1), session.sink);
  CHECK(session.sink.take() == Said{"limits 1", "listing 1"});
  session.protocol->closed();
  session.protocol->poll("BTC-USDT");
  queries = test::asked(*session.protocol);
  REQUIRE(queries.size() == 1);
  session.protocol->answered(queries[0].id, snapshot(5), at(1), session.sink);
  CHECK(session.sink.take() == Said{"polled BTC-USDT 1"});
}

TEST_CASE("binance history: klines by interval and time") {
  const auto history = binance::make_history_protocol();
  const auto btc = test::instrument("BTC-USDT", "BINANCE", "BTCUSDT");
  CHECK(history->bars_target(btc, std::chrono::hours{4}, {at(0), at(3600)})
        == "/api/v3/klines?symbol=BTCUSDT&interval=4h&startTime=1700000000000"
           "&endTime=1700003599999&limit=1000");
  CHECK(history->source_of(troupe::trading::intervals::s1) == std::chrono::seconds{1});
}

} // namespace
