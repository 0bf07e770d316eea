#include "net/envelope.hpp"
#include "nodes/api/ticker_shortcut.hpp"

#include <doctest/doctest.h>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

messages::TickerReply reply() {
  messages::TickerReply out;
  out.meta.as_of = core::Timestamp{5'000'000'000};
  out.meta.source = "feed";
  out.data.instrument = {"BTC-USD", "SIM-A"};
  out.data.bid = *trading::Price::from_text("100.5");
  return out;
}

struct Fixture {
  Fixture() {
    publisher.publish(reply(), core::Timestamp{9'000'000'000}, true);
    request.request_id = "n-1";
  }
  /// The body, or "" where it is left to the service.
  std::string ask(const char* symbol) {
    net::Params params;
    params.add("symbol", symbol);
    net::Response out;
    return shortcut.answer(request, params, out) ? out.body : "";
  }
  std::shared_ptr<messages::TickerBoard> board = std::make_shared<messages::TickerBoard>();
  messages::TickerPublisher publisher{board};
  core::ManualClock clock{core::Timestamp{5'250'000'000}};
  api::TickerShortcut shortcut{board, clock, "node \"1\""};
  net::Request request;
};

} // namespace

TEST_CASE("ticker shortcut: byte for byte what the service's reply becomes") {
  Fixture f;
  auto meta = reply().meta;
  meta.age_ms = 250;
  const auto members = core::json::encode(meta);
  const auto expected = net::data_response(
    core::json::encode(reply().data), members.substr(1, members.size() - 2), "n-1", "node \"1\"");
  CHECK(f.ask("BTC-USD") == expected.body);
  CHECK(f.ask("BTC-USD.SIM-A") == expected.body);
  CHECK(expected.body.find(R"("age_ms":250)") != std::string::npos);
}

TEST_CASE(
  "ticker shortcut: what is not live, not there or asked with more is left to the service") {
  Fixture f;
  CHECK(f.ask("ETH-USD").empty());
  CHECK(f.ask("btc-usd").empty());
  f.request.query = {{"depth", "5"}};
  CHECK(f.ask("BTC-USD").empty());
  f.request.query.clear();
  f.clock.set(core::Timestamp{9'000'000'000});
  CHECK_FALSE(f.ask("BTC-USD").empty());
  f.clock.advance(1ns);
  CHECK(f.ask("BTC-USD").empty());
  f.clock.set(core::Timestamp{5'250'000'000});
  f.publisher = messages::TickerPublisher{}; // its actor has ended
  CHECK(f.ask("BTC-USD").empty());
}

TEST_CASE(
  "ticker shortcut: the last one known stands in, marked and aged, while it is young enough") {
  Fixture f;
  f.publisher = messages::TickerPublisher{};
  f.clock.set(core::Timestamp{65'000'000'000});
  const auto last = f.shortcut.last_good("BTC-USD", 60s);
  REQUIRE(last);
  CHECK(last->meta.quality == trading::Quality::degraded);
  CHECK(*last->meta.source == "cache");
  CHECK(*last->meta.age_ms == 60'000);
  CHECK(last->data == core::json::encode(reply().data));
  CHECK_FALSE(f.shortcut.last_good("ETH-USD", 60s));
  f.clock.advance(1ms);
  CHECK_FALSE(f.shortcut.last_good("BTC-USD", 60s));
}
