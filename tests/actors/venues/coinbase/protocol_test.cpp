#include "actors/venues/coinbase/feed_protocol.hpp"
#include "actors/venues/coinbase/history.hpp"
#include "actors/venues/common/wire.hpp"
#include "recording_sink.hpp"

#include <doctest/doctest.h>

namespace {

using namespace troupe::venues;
using troupe::core::Timestamp;
using Said = std::vector<std::string>;
using wire::padded;

Timestamp at(int seconds) {
  return Timestamp{(1'700'000'000LL + seconds) * 1'000'000'000};
}

struct Session {
  explicit Session(std::unique_ptr<FeedProtocol> made) : protocol(std::move(made)) {
    protocol->follow(test::instrument("BTC-USD", "COINBASE", "BTC-USD"));
    open();
  }
  void open() {
    protocol->opened(at(0));
    protocol->tick(at(0), sink);
  }
  void receive(const std::string& text, int seconds = 1) {
    protocol->received(padded(text), at(seconds), sink);
  }
  std::unique_ptr<FeedProtocol> protocol;
  test::RecordingSink sink;
};

Session exchange() {
  return Session{coinbase::make_exchange_protocol({.venue = "COINBASE"})};
}
Session advanced() {
  return Session{coinbase::make_advanced_protocol({.venue = "COINBASE"})};
}

const char* const ack =
  R"({"type":"subscriptions","channels":[{"name":"level2_50","product_ids":["BTC-USD"]}]})";
const char* const whole =
  R"({"type":"snapshot","product_id":"BTC-USD","asks":[["101","1"]],"bids":[["100","1"]],"time":"2026-09-30T02:03:12.000000Z"})";
std::string update(const std::string& changes, int second = 13) {
  return R"({"type":"l2update","product_id":"BTC-USD","changes":[)" + changes
         + R"(],"time":"2026-09-30T02:03:)" + std::to_string(second) + R"(.000000Z"})";
}
std::string match(const char* type, int id) {
  return std::string{R"({"type":")"} + type + R"(","trade_id":)" + std::to_string(id)
         + R"(,"side":"sell","size":"1","price":"101","product_id":"BTC-USD","sequence":5,"time":"2026-09-30T02:03:14.000000Z"})";
}
std::string heartbeat(int last) {
  return R"({"type":"heartbeat","last_trade_id":)" + std::to_string(last)
         + R"(,"product_id":"BTC-USD","sequence":9,"time":"2026-09-30T02:03:15.000000Z"})";
}

TEST_CASE("exchange feed: subscribes at once, the snapshot and trades follow") {
  auto session = exchange();
  const auto messages = test::sent(*session.protocol);
  REQUIRE(messages.size() == 1);
  CHECK(
    messages[0]
    == R"({"type":"subscribe","product_ids":["BTC-USD"],"channels":["heartbeat","matches","ticker","level2_batch"]})");
  session.receive(ack);
  session.receive(match("last_match", 70));
  CHECK(session.sink.take().empty()); // it is old
  session.receive(whole);
  session.receive(update(R"(["buy","100.5","2"])"));
  session.receive(match("match", 71));
  const auto said = session.sink.take();
  REQUIRE(said.size() == 4);
  CHECK(said[0].starts_with("live BTC-USD"));
  CHECK(said[1] == "book BTC-USD");
  CHECK(said[2] == "book BTC-USD");
  CHECK(said[3] == "trade BTC-USD 71");
}

TEST_CASE("exchange feed: a book that cannot be is subscribed again, not for ever") {
  auto session = exchange();
  session.receive(ack);
  session.receive(whole);
  (void)test::sent(*session.protocol);
  session.sink.take();
  session.receive(update(R"(["buy","101.5","2"])"));
  CHECK(session.sink.take() == Said{"lost book BTC-USD"});
  const auto messages = test::sent(*session.protocol);
  REQUIRE(messages.size() == 2);
  CHECK(messages[0].find(R"("unsubscribe")") != std::string::npos);
  CHECK(messages[1].find(R"("level2_batch")") != std::string::npos);
  for (int i = 0; i < 5; ++i) {
    CHECK(session.protocol->take_reconnect().empty());
    session.receive(whole);
    session.receive(update(R"(["buy","101.5","2"])"));
  }
  CHECK_FALSE(session.protocol->take_reconnect().empty());
}

TEST_CASE("exchange feed: trades that heartbeats know and we do not are lost, after a second") {
  auto session = exchange();
  session.receive(ack);
  session.receive(match("last_match", 70));
  session.receive(heartbeat(70));
  session.sink.take();
  session.receive(heartbeat(72)); // may be on their way
  CHECK(session.sink.take().empty());
  session.receive(match("match", 71));
  session.receive(heartbeat(72));
  const auto said = session.sink.take();
  REQUIRE(said.size() == 3);
  CHECK(said[1] == "lost trades BTC-USD 1");
  session.receive(match("match", 72)); // late
  CHECK(session.sink.take().empty());
  session.receive(match("match", 75));
  CHECK(session.sink.take().front() == "lost trades BTC-USD 2");
}

TEST_CASE("exchange feed: where trades were lost the book is lost, and asked for once") {
  auto session = exchange();
  session.receive(ack);
  session.receive(match("last_match", 70));
  session.receive(whole);
  (void)test::sent(*session.protocol);
  session.sink.take();
  session.receive(match("match", 73));
  CHECK(session.protocol->book("BTC-USD") == nullptr);
  CHECK(test::sent(*session.protocol).size() == 2);
  session.receive(match("match", 75)); // its snapshot is on its way
  CHECK(test::sent(*session.protocol).empty());
  session.receive(whole);
  CHECK(session.protocol->book("BTC-USD") != nullptr);
  session.receive(heartbeat(77));
  session.receive(heartbeat(77));
  CHECK(session.protocol->book("BTC-USD") == nullptr);
}

TEST_CASE("exchange feed: heartbeats that stay away lose the book, silence the connection") {
  auto session = exchange();
  session.receive(ack);
  session.receive(whole);
  session.receive(heartbeat(1), 2);
  session.sink.take();
  session.receive(update(R"(["sell","102","2"])", 16), 8);
  session.protocol->tick(at(8), session.sink);
  CHECK(session.sink.take() == Said{"book BTC-USD", "lost book BTC-USD"});
  session.protocol->tick(at(19), session.sink);
  CHECK(session.protocol->take_reconnect() == "nothing was heard for 10s");
}

std::string level2(int sequence, const char* type, const char* updates) {
  return R"({"channel":"l2_data","timestamp":"2026-09-30T02:39:53.0Z","sequence_num":)"
         + std::to_string(sequence) + R"(,"events":[{"type":")" + type
         + R"(","product_id":"BTC-USD","updates":[)" + updates + R"(]}]})";
}
std::string trades(int sequence, const char* type, int id) {
  return R"({"channel":"market_trades","timestamp":"2026-09-30T02:39:54.0Z","sequence_num":)"
         + std::to_string(sequence) + R"(,"events":[{"type":")" + type
         + R"(","trades":[{"product_id":"BTC-USD","trade_id":")" + std::to_string(id)
         + R"(","price":"100","size":"1","time":"2026-09-30T02:39:53.5Z","side":"BUY"}]}]})";
}
const char* const both =
  R"({"side":"bid","price_level":"100","new_quantity":"1"},{"side":"offer","price_level":"101","new_quantity":"1"})";

TEST_CASE("advanced feed: one channel a message, heartbeats first; history is not news") {
  auto session = advanced();
  const auto messages = test::sent(*session.protocol);
  REQUIRE(messages.size() == 3);
  CHECK(messages[0] == R"({"type":"subscribe","channel":"heartbeats"})");
  CHECK(messages[1] == R"({"type":"subscribe","product_ids":["BTC-USD"],"channel":"level2"})");
  CHECK(messages[2]
        == R"({"type":"subscribe","product_ids":["BTC-USD"],"channel":"market_trades"})");
  session.receive(level2(0, "snapshot", both));
  CHECK(session.sink.take() == Said{"book BTC-USD"});
  session.receive(trades(1, "snapshot", 90));
  const auto live = session.sink.take();
  REQUIRE(live.size() == 1);
  CHECK(live[0].starts_with("live BTC-USD"));
  session.receive(trades(2, "update", 91));
  CHECK(session.sink.take() == Said{"trade BTC-USD 91"});
}

TEST_CASE("advanced feed: a missing message gives up the connection, a repeated one is nothing") {
  auto session = advanced();
  session.receive(level2(0, "snapshot", both));
  session.receive(level2(0, "snapshot", both));
  CHECK(session.sink.take() == Said{"book BTC-USD"});
  session.receive(level2(2, "update", both));
  CHECK(session.sink.take() == Said{"lost book BTC-USD"});
  CHECK(session.protocol->take_reconnect() == "a message of the connection is missing");
  CHECK(session.protocol->book("BTC-USD") == nullptr);
  session.protocol->closed();
  session.open();
  session.receive(level2(0, "snapshot", both));
  CHECK(session.protocol->book("BTC-USD") != nullptr);
}

TEST_CASE("coinbase feeds: listing and polling over REST") {
  auto session = exchange();
  session.protocol->closed();
  session.sink.take();
  session.protocol->ask_listing();
  session.protocol->poll("BTC-USD");
  const auto queries = test::asked(*session.protocol);
  REQUIRE(queries.size() == 2);
  CHECK(queries[0].target == "/products");
  session.protocol->answered(
    queries[0].id,
    padded(
      R"([{"id":"BTC-USD","base_currency":"BTC","quote_currency":"USD","quote_increment":"0.01","base_increment":"0.00000001","status":"online"}])"),
    at(1), session.sink);
  session.protocol->answered(
    queries[1].id, padded(R"({"bids":[["1","2",3]],"asks":[],"sequence":7})"), at(1), session.sink);
  CHECK(session.sink.take() == Said{"listing 1", "polled BTC-USD 1"});
}

TEST_CASE("coinbase history: candles and trades of both APIs") {
  using namespace troupe::trading;
  const auto btc = test::instrument("BTC-USD", "COINBASE", "BTC-USD");
  const auto one = coinbase::make_exchange_history();
  CHECK(one->source_of(intervals::h4) == std::chrono::seconds{3600});
  CHECK(one->source_of(intervals::d1) == std::chrono::seconds{86400});
  CHECK_FALSE(one->source_of(intervals::s1));
  CHECK(one->bars_target(btc, std::chrono::minutes{1}, {at(0), at(600)})
        == "/products/BTC-USD/candles?granularity=60&start=2023-11-14T22:13:20.000000000Z"
           "&end=2023-11-14T22:22:20.000000000Z");
  CHECK(one->trades_target(btc, {}, 77) == "/products/BTC-USD/trades?limit=1000&after=77");
  const auto other = coinbase::make_advanced_history();
  CHECK(other->bars_target(btc, std::chrono::hours{1}, {at(0), at(7200)})
        == "/api/v3/brokerage/market/products/BTC-USD/candles?start=1700000000"
           "&end=1700003600&granularity=ONE_HOUR");
}

} // namespace
