#include "fake_session.hpp"

#include <doctest/doctest.h>

using namespace troupe;
using api::tests::all_channels;
using api::tests::FakeSession;
using Json = nlohmann::json;

namespace {

api::StreamNews ticker(const char* instrument, bool primary, const char* data) {
  return {.channel = "ticker",
          .instrument = *trading::InstrumentId::from_text(instrument),
          .primary = primary,
          .interval = {},
          .as_of = {1},
          .quality = trading::Quality::live,
          .data = data};
}

} // namespace

TEST_CASE("stream: every kind of bad request is refused by name") {
  const auto channels = api::data_channels();
  for (const auto& [text, expected] : {
         std::pair{"", "expected JSON"},
         {"[]", "expected an object"},
         {"{\"op\":5}", "op: expected a string"},
         {"{\"op\":\"fly\"}", "op: expected one of subscribe"},
         {"{\"op\":\"subscribe\"}", "channel: expected one of ticker"},
         {"{\"op\":\"subscribe\",\"channel\":\"regime\"}", "channel: expected one of ticker"},
         {"{\"op\":\"subscribe\",\"channel\":\"ticker\"}", "symbols: expected 1 to 1000"},
         {"{\"op\":\"subscribe\",\"channel\":\"ticker\",\"symbols\":[]}", "symbols: expected 1"},
         {"{\"op\":\"subscribe\",\"channel\":\"ticker\",\"symbols\":[\"x\"]}",
          "symbols[0]: expected"},
         {"{\"op\":\"subscribe\",\"channel\":\"ticker\",\"symbols\":\"BTC-USD\"}", "an array"},
         {"{\"op\":\"subscribe\",\"channel\":\"ticker\",\"symbols\":[\"A-B\"],\"interval\":\"1m\"}",
          "interval: expected none"},
         {"{\"op\":\"subscribe\",\"channel\":\"bars\",\"symbols\":[\"A-B\"],\"interval\":\"2m\"}",
          "interval: expected"},
         {"{\"op\":\"ping\",\"extra\":1}", "extra: expected one of the keys"},
       }) {
    CAPTURE(text);
    const auto request = api::parse_stream_request(text, channels);
    REQUIRE_FALSE(request.has_value());
    CAPTURE(request.error().message);
    CHECK(request.error().message.find(expected) != std::string::npos);
  }
}

TEST_CASE("stream: subscriptions get an ack then a snapshot then numbered deltas") {
  api::StreamRegistry registry{all_channels(), [] { return std::int64_t{1}; }};
  const auto session = std::make_shared<FakeSession>(1);
  registry.add(session);
  const auto request = *api::parse_stream_request(
    R"({"op":"subscribe","channel":"ticker","symbols":["BTC-USD"],"id":7})", api::data_channels());
  CHECK(registry.subscribe(session, request).error().code == core::Errc::NOT_READY);
  registry.learn(*trading::InstrumentId::from_text("ETH-USD.SIM-A"), true);
  CHECK(registry.subscribe(session, request).error().code == core::Errc::UNKNOWN_SYMBOL);
  registry.learn(*trading::InstrumentId::from_text("BTC-USD.SIM-A"), true);
  registry.publish(ticker("BTC-USD.SIM-A", true, "1"));
  REQUIRE(registry.subscribe(session, request).has_value());
  registry.publish(ticker("BTC-USD.SIM-A", true, "2"));
  registry.publish(ticker("BTC-USD.SIM-B", false, "3"));
  registry.heartbeat({5});
  REQUIRE(session->sent.size() == 4);
  CHECK(session->sent[0]["type"] == "subscribed");
  CHECK(session->sent[0]["id"] == 7);
  CHECK(session->sent[1]["type"] == "snapshot");
  CHECK(session->sent[1]["seq"] == 1);
  CHECK(session->sent[2]["type"] == "delta");
  CHECK(session->sent[2]["seq"] == 2);
  CHECK(session->sent[2]["data"] == 2);
  CHECK(session->sent[2]["symbol"] == "BTC-USD");
  CHECK(session->sent[3]["type"] == "heartbeat");
  registry.unsubscribe(session, request);
  registry.publish(ticker("BTC-USD.SIM-A", true, "4"));
  CHECK(session->sent.size() == 5);
  registry.remove(session);
  CHECK(registry.sessions() == 0);
}

TEST_CASE("stream: without symbols a channel that has them together is subscribed as a whole") {
  api::StreamRegistry registry{all_channels(), [] { return std::int64_t{1}; }};
  const auto session = std::make_shared<FakeSession>(1);
  registry.add(session);
  const auto request = *api::parse_stream_request(R"({"op":"subscribe","channel":"correlation"})",
                                                  api::correlation_channels());
  CHECK(request.symbols.empty());
  CHECK(request.interval->to_text() == "1h");
  REQUIRE(registry.subscribe(session, request).has_value()); // whether or not instruments are known
  CHECK(session->sent.back()["symbols"] == Json::array({"*"}));
  api::StreamNews news{.channel = "correlation",
                       .instrument = {},
                       .whole = true,
                       .interval = "1h",
                       .as_of = {1},
                       .data = R"({"mean_correlation":0.5})"};
  registry.publish(news);
  REQUIRE(session->sent.size() == 2);
  CHECK(session->sent[1]["symbol"] == "*");
  CHECK(session->sent[1]["type"] == "delta");
  CHECK(session->sent[1]["data"]["mean_correlation"] == 0.5);
  news.interval = "1d";
  registry.publish(news);
  auto row = ticker("BTC-USD.SIM-A", true, "2");
  row.channel = "correlation";
  row.interval = "1h";
  registry.publish(row);
  CHECK(session->sent.size() == 2);
  const auto late = std::make_shared<FakeSession>(2);
  registry.add(late);
  REQUIRE(registry.subscribe(late, request).has_value());
  CHECK(late->sent.back()["type"] == "snapshot");
  const auto end = *api::parse_stream_request(R"({"op":"unsubscribe","channel":"correlation"})",
                                              api::correlation_channels());
  registry.unsubscribe(session, end);
  news.interval = "1h";
  registry.publish(news);
  CHECK(session->sent.size() == 3);
  CHECK(session->sent.back()["type"] == "unsubscribed");
  CHECK(late->sent.back()["seq"] == 2);
  CHECK(api::parse_stream_request(R"({"op":"subscribe","channel":"correlation","symbols":[]})",
                                  api::correlation_channels())
          .error()
          .code
        == core::Errc::INVALID_ARGUMENT);
}

TEST_CASE("stream: events of several kinds share a channel, and only those of state are kept") {
  api::StreamRegistry registry{all_channels(), [] { return std::int64_t{1}; }};
  const auto session = std::make_shared<FakeSession>(1);
  registry.add(session);
  registry.learn(*trading::InstrumentId::from_text("BTC-USD.SIM-A"), true);
  const auto request = *api::parse_stream_request(
    R"({"op":"subscribe","channel":"status","symbols":["BTC-USD"]})", api::data_channels());
  auto news = ticker("BTC-USD.SIM-A", true, "1");
  news.channel = "status";
  news.event = "venue_status";
  registry.publish(news);
  auto once = news;
  once.event = "book_resync";
  once.data = "2";
  once.once = true;
  registry.publish(once);
  REQUIRE(registry.subscribe(session, request).has_value());
  REQUIRE(session->sent.size() == 2);
  CHECK(session->sent[1]["type"] == "snapshot");
  CHECK(session->sent[1]["event"] == "venue_status");
  CHECK(session->sent[1]["data"] == 1);
  registry.publish(once);
  CHECK(session->keys.empty()); // not to be replaced by anything
  CHECK(session->sent.back()["event"] == "book_resync");
  registry.publish(news);
  CHECK(session->keys.size() == 1);
}

TEST_CASE(
  "stream: bars of trades are told apart by what they are made of, and unknown ones refused") {
  api::StreamRegistry registry{all_channels(), [] { return std::int64_t{1}; }};
  const auto session = std::make_shared<FakeSession>(1);
  registry.add(session);
  const auto subscription = [](const char* interval) {
    return *api::parse_stream_request(
      R"({"op":"subscribe","channel":"bars","symbols":["BTC-USD"],"interval":")"
        + std::string{interval} + "\"}",
      api::data_channels());
  };
  registry.learn(*trading::InstrumentId::from_text("BTC-USD.SIM-A"), true,
                 {trading::intervals::m1, *trading::BarSpec::from_text("tick:5")});
  REQUIRE(registry.subscribe(session, subscription("tick:5")).has_value());
  CHECK(session->sent.back()["interval"] == "tick:5");
  const auto refused = registry.subscribe(session, subscription("tick:6"));
  CHECK(refused.error().code == core::Errc::INVALID_ARGUMENT);
  CHECK(refused.error().message == "interval: expected one of 1m, tick:5, found tick:6");
  auto news = ticker("BTC-USD.SIM-A", true, "1");
  news.channel = "bars";
  news.interval = "1m";
  registry.publish(news);
  CHECK(session->sent.size() == 1);
  news.interval = "tick:5";
  registry.publish(news);
  CHECK(session->sent.size() == 2);
  CHECK(api::parse_stream_request(
          R"({"op":"subscribe","channel":"regime","symbols":["A-B"],"interval":"tick:5"})",
          all_channels())
          .error()
          .message.find("interval: expected one of 1s")
        == 0);
}

TEST_CASE("stream: bars are kept apart by interval and never conflated") {
  api::StreamRegistry registry{all_channels(), [] { return std::int64_t{1}; }};
  const auto session = std::make_shared<FakeSession>(1);
  registry.add(session);
  registry.learn(*trading::InstrumentId::from_text("BTC-USD.SIM-A"), true);
  const auto request = *api::parse_stream_request(
    R"({"op":"subscribe","channel":"bars","symbols":["BTC-USD"]})", api::data_channels());
  CHECK(request.interval->to_text() == "1m");
  REQUIRE(registry.subscribe(session, request).has_value());
  auto news = ticker("BTC-USD.SIM-A", true, "1");
  news.channel = "bars";
  news.interval = "1h";
  registry.publish(news);
  CHECK(session->sent.size() == 1);
  news.interval = "1m";
  registry.publish(news);
  CHECK(session->sent.size() == 2);
  CHECK(session->keys.empty());
  registry.publish_gap("bars", 3);
  CHECK(session->sent.back()["lost"] == 3);
  registry.publish_gap("trades", 3);
  CHECK(session->sent.size() == 3);
}
