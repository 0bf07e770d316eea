#include "example_venue.hpp"
#include "faulty_line.hpp"
#include "recording_sink.hpp"

#include <doctest/doctest.h>

#include <rapidcheck.h>

/// That docs/adding-a-venue.md leads to a venue: the example it stands on, driven as it says.
namespace {

using namespace std::chrono_literals;
using example::Timestamp;
using Said = std::vector<std::string>;

Timestamp at(int seconds) {
  return Timestamp{(1'700'000'000LL + seconds) * 1'000'000'000};
}

std::string book(int seq, bool whole, int bid) {
  return R"({"op":"book","symbol":"BTC-USD","seq":)" + std::to_string(seq)
         + (whole ? R"(,"whole":true)" : "") + R"(,"bids":[["9.00",")" + std::to_string(bid)
         + R"("]],"asks":[["9.10","1"]],"time":1700000001000})";
}

struct Session {
  Session() {
    feed.follow(test::instrument("BTC-USD", "EXAMPLE", "BTC-USD"));
    feed.opened(at(0));
    feed.tick(at(0), sink);
  }
  void receive(const std::string& text, int seconds = 1) {
    feed.received(troupe::venues::wire::padded(text), at(seconds), sink);
  }
  example::Feed feed;
  test::RecordingSink sink;
};

TEST_CASE("example venue: subscribes, follows the book, begins anew after a gap") {
  Session session;
  CHECK(test::sent(session.feed) == Said{R"({"op":"subscribe","symbols":["BTC-USD"]})"});
  session.receive(R"({"op":"subscribed"})");
  session.receive(book(5, true, 1));
  session.receive(book(6, false, 2));
  const auto said = session.sink.take();
  REQUIRE(said.size() == 3);
  CHECK(said[0].starts_with("live BTC-USD"));
  CHECK(session.feed.book("BTC-USD")->best_bid()->quantity
        == troupe::trading::Quantity::from_integer(2));
  session.receive(book(8, false, 3));
  CHECK(session.sink.take() == Said{"lost book BTC-USD"});
  CHECK(session.feed.book("BTC-USD") == nullptr);
  CHECK(test::sent(session.feed).size() == 1);
  session.receive(R"({"op":"news","text":"of a type that nobody asked for"})");
  session.receive("not JSON");
  CHECK(session.sink.take().empty());
}

TEST_CASE("example venue: lost, repeated and reordered messages are healed") {
  CHECK(rc::check("the last book in the end", [] {
    std::mt19937_64 random{*rc::gen::arbitrary<std::uint64_t>()};
    test::FaultyLine line{random, 0ms};
    Session session;
    auto now = at(0);
    int seq = 0;
    int bid = 1;
    const auto step = [&] {
      now = now + 100ms;
      for (const auto& message : test::sent(session.feed)) {
        RC_ASSERT(message.find("subscribe") != std::string::npos);
        line.send(R"({"op":"subscribed"})", now);
        line.send(book(++seq, true, bid), now);
      }
      bid = std::uniform_int_distribution<>{1, 9}(random);
      line.send(book(++seq, false, bid), now);
      line.deliver(now, [&](const std::string& text) {
        session.feed.received(troupe::venues::wire::padded(text), now, session.sink);
      });
      session.feed.tick(now, session.sink);
    };
    line.fault_rate = 0.2;
    for (int i = 0; i < 100; ++i) {
      step();
    }
    line.fault_rate = 0.0;
    for (int i = 0; i < 200; ++i) {
      step();
    }
    const auto* const ours = session.feed.book("BTC-USD");
    RC_ASSERT(ours != nullptr);
    RC_ASSERT(ours->best_bid()->quantity == troupe::trading::Quantity::from_integer(bid));
  }));
}

TEST_CASE("example venue: its element of the settings, and what is wrong with one") {
  const auto made = [](const std::string& json,
                       std::vector<troupe::core::json::Problem>& problems) {
    const auto document = troupe::core::json::Document::parse(json);
    REQUIRE(document.has_value());
    return example::make_example_venue(document->view(), "venues[0]", problems);
  };
  std::vector<troupe::core::json::Problem> problems;
  const auto venue =
    made(R"({"name":"EXAMPLE","kind":"example","instruments":["BTC-USD"]})", problems);
  CHECK(problems.empty());
  CHECK(venue.has_history);
  CHECK(venue.supervisor.children.size() == 3);
  (void)made(R"({"name":"EXAMPLE","kind":"example","instruments":["BTC"]})", problems);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].path == "venues[0].instruments[0]");
}

TEST_CASE("example venue: candles newest first become bars oldest first") {
  const example::History history;
  CHECK(history.source_of(troupe::trading::intervals::h1) == std::chrono::seconds{60});
  CHECK_FALSE(history.source_of(troupe::trading::intervals::s1));
  const auto bars = history.read_bars(
    troupe::venues::wire::padded(
      R"([{"open_time":1700000060000,"price":"2"},{"open_time":1700000000000,"price":"1"}])"),
    60s);
  REQUIRE(bars.has_value());
  REQUIRE(bars->size() == 2);
  CHECK(bars->front().open == troupe::trading::Price::from_integer(1));
}

} // namespace
