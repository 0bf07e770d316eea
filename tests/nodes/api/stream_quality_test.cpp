#include "fake_session.hpp"
#include "messages/regime.hpp"

#include <doctest/doctest.h>

using namespace troupe;
using api::tests::all_channels;
using api::tests::FakeSession;
using Json = nlohmann::json;
using trading::Freshness;
using trading::Quality;

using namespace std::chrono_literals;

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

/// A registry whose time a test has in its hand, and one client.
struct Streams {
  Streams() {
    registry.learn(*trading::InstrumentId::from_text("BTC-USD.SIM-A"), true);
    registry.learn(*trading::InstrumentId::from_text("ETH-USD.SIM-A"), true);
    registry.add(session);
  }
  core::Result<void> subscribe(const std::string& more, const std::shared_ptr<FakeSession>& to) {
    const auto request =
      api::parse_stream_request(R"({"op":"subscribe",)" + more + "}", all_channels());
    REQUIRE(request.has_value());
    return registry.subscribe(to, *request);
  }
  /// What a new client gets as a snapshot.
  Json snapshot(const std::string& more) {
    const auto late = std::make_shared<FakeSession>(++sessions);
    registry.add(late);
    REQUIRE(subscribe(more, late).has_value());
    REQUIRE(late->sent.size() == 2);
    CHECK(late->sent.back()["type"] == "snapshot");
    return late->sent.back();
  }
  void beat(Freshness freshness = Freshness::LIVE, const char* instrument = "BTC-USD.SIM-A") {
    messages::InstrumentStatusBeat event;
    event.instrument = *trading::InstrumentId::from_text(instrument);
    event.primary = true;
    event.now = core::Timestamp{1} + 700ms + std::chrono::nanoseconds{now - second_ns};
    event.freshness = freshness;
    event.channels = {freshness, freshness, freshness};
    registry.heard(event);
  }
  void regime(Quality quality = Quality::live, bool standing = false) {
    registry.publish(
      {.channel = "regime",
       .instrument = {"BTC-USD", ""},
       .primary = true,
       .interval = "1h",
       .as_of = {1},
       .quality = quality,
       .data = "{}",
       .standing = standing,
       .age_ms = 700,
       .retell = [](Quality q, std::int64_t age_ms) {
         Json meta{{"quality", boost::describe::enum_to_string(q, "?")}, {"age_ms", age_ms}};
         return Json{{"meta", meta}}.dump();
       }});
  }
  /// Time passes, a second at a time, as the streams' actor lets it.
  void pass(int seconds, bool beats) {
    for (int i = 0; i < seconds; ++i) {
      now += second_ns;
      if (beats) {
        beat();
      }
      registry.tell_qualities();
    }
  }

  std::int64_t now = second_ns;
  std::uint64_t sessions = 1;
  api::StreamRegistry registry{all_channels(), [this] { return now; }};
  std::shared_ptr<FakeSession> session = std::make_shared<FakeSession>(1);
};

const std::string regime_of_btc = R"("channel":"regime","symbols":["BTC-USD"],"interval":"1h")";

} // namespace

TEST_CASE("stream quality: a snapshot has the age and quality of the moment it is sent") {
  Streams s;
  s.beat();
  s.regime();
  auto snapshot = s.snapshot(regime_of_btc);
  CHECK(snapshot["quality"] == "live");
  CHECK(snapshot["age_ms"] == 700);
  s.now += 30 * second_ns;
  snapshot = s.snapshot(regime_of_btc);
  CHECK(snapshot["quality"] == "stale");
  CHECK(snapshot["age_ms"] == 30'700);
  CHECK(snapshot["data"]["meta"]["quality"] == "stale");
  CHECK(snapshot["data"]["meta"]["age_ms"] == 30'700);
}

TEST_CASE("stream quality: age is by the source's clock, however late an event came here") {
  Streams s;
  s.now += 3'600 * second_ns; // an hour after it was made, as a newcomer on the bus gets it
  s.beat();
  s.regime();
  CHECK(s.snapshot(regime_of_btc)["age_ms"] == 3'600'700);
}

TEST_CASE("stream quality: who follows a stream hears once that its quality is lost, and is back") {
  Streams s;
  REQUIRE(s.subscribe(regime_of_btc, s.session).has_value());
  s.beat();
  s.regime();
  s.pass(10, true);
  REQUIRE(s.session->sent.size() == 2); // the ack and the change
  s.pass(20, false);
  REQUIRE(s.session->sent.size() == 3);
  const auto lost = s.session->sent.back();
  CHECK(lost["type"] == "quality");
  CHECK(lost["channel"] == "regime");
  CHECK(lost["symbol"] == "BTC-USD");
  CHECK(lost["interval"] == "1h");
  CHECK(lost["quality"] == "stale");
  CHECK(lost["previous"] == "live");
  CHECK(lost["age_ms"] == 16'700); // ten seconds with beats, six without
  CHECK(lost["seq"] == 2);
  CHECK_FALSE(lost.contains("data"));
  s.pass(3, true);
  REQUIRE(s.session->sent.size() == 4);
  CHECK(s.session->sent.back()["quality"] == "live");
  CHECK(s.session->sent.back()["previous"] == "stale");
  s.beat(Freshness::DOWN);
  s.registry.tell_qualities();
  CHECK(s.session->sent.back()["quality"] == "degraded");
  CHECK(s.session->keys.back() == "regime|BTC-USD|1h|quality"); // never in the place of a change
}

TEST_CASE("stream quality: a service's word that nothing changed is kept, and is no event") {
  Streams s;
  REQUIRE(s.subscribe(regime_of_btc, s.session).has_value());
  s.regime();
  s.regime(Quality::live, true);
  CHECK(s.session->sent.size() == 2);
  s.regime(Quality::degraded, true);
  REQUIRE(s.session->sent.size() == 3);
  CHECK(s.session->sent.back()["type"] == "quality");
  CHECK(s.session->sent.back()["quality"] == "degraded");
  CHECK(s.snapshot(regime_of_btc)["quality"] == "degraded");
  s.regime(Quality::live, true);
  CHECK(s.session->sent.back()["quality"] == "live");
  SUBCASE("but whoever waits for a first one gets it") {
    Streams fresh;
    REQUIRE(fresh.subscribe(regime_of_btc, fresh.session).has_value());
    fresh.regime(Quality::live, true);
    REQUIRE(fresh.session->sent.size() == 2);
    CHECK(fresh.session->sent.back()["type"] == "snapshot");
  }
}

TEST_CASE("stream quality: without anyone who carries the service what was told is stale") {
  Streams s;
  REQUIRE(s.subscribe(regime_of_btc, s.session).has_value());
  s.regime();
  s.registry.learn_carried("regime", false);
  s.registry.tell_qualities();
  CHECK(s.session->sent.back()["quality"] == "stale");
  s.registry.learn_carried("regime", true);
  s.registry.tell_qualities();
  CHECK(s.session->sent.back()["quality"] == "live");
}

TEST_CASE("stream quality: what is made of many instruments is worth what the worst of them is") {
  Streams s;
  s.beat();
  s.beat(Freshness::LIVE, "ETH-USD.SIM-A");
  const std::string whole = R"("channel":"correlation")";
  REQUIRE(s.subscribe(whole, s.session).has_value());
  s.registry.publish({.channel = "correlation",
                      .instrument = {},
                      .whole = true,
                      .interval = "1h",
                      .as_of = {1},
                      .data = "{}",
                      .sources = std::make_shared<const std::vector<std::string>>(
                        std::vector<std::string>{"BTC-USD", "ETH-USD"})});
  s.pass(10, true); // BTC-USD alone
  REQUIRE(s.session->sent.size() == 3);
  CHECK(s.session->sent.back()["symbol"] == "*");
  CHECK(s.session->sent.back()["quality"] == "stale");
  s.beat(Freshness::LIVE, "ETH-USD.SIM-A");
  CHECK(s.snapshot(whole)["quality"] == "live");
}

TEST_CASE("stream quality: a source's word from before the newest data does not count") {
  Streams s;
  s.beat(Freshness::STALE);
  s.now += 1;
  const std::string ticker = R"("channel":"ticker","symbols":["BTC-USD"])";
  REQUIRE(s.subscribe(ticker, s.session).has_value());
  s.registry.publish({.channel = "ticker",
                      .instrument = {"BTC-USD", "SIM-A"},
                      .primary = true,
                      .interval = {},
                      .as_of = {1},
                      .data = "1"});
  s.registry.tell_qualities();
  CHECK(s.session->sent.size() == 2);
  s.beat(Freshness::STALE);
  s.registry.tell_qualities();
  CHECK(s.session->sent.back()["quality"] == "stale");
  CHECK_FALSE(s.session->sent.back().contains("interval"));
}

TEST_CASE("stream: an interval that its service does not keep is refused as REST refuses it") {
  Streams s;
  const std::string four_hours = R"("channel":"regime","symbols":["BTC-USD"],"interval":"4h")";
  CHECK(s.subscribe(four_hours, s.session).has_value()); // nothing is known yet
  s.registry.learn_intervals("regime", {trading::intervals::m1, trading::intervals::h1});
  const auto refused = s.subscribe(four_hours, s.session);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == core::Errc::INVALID_ARGUMENT);
  CHECK(refused.error().message == "interval: expected one of 1m, 1h, found 4h");
  CHECK(s.subscribe(regime_of_btc, s.session).has_value());
}

TEST_CASE("stream: a symbol that is named twice is one subscription") {
  Streams s;
  s.regime();
  REQUIRE(s.subscribe(R"("channel":"regime","symbols":["BTC-USD","ETH-USD","BTC-USD"])", s.session)
            .has_value());
  REQUIRE(s.session->sent.size() == 2);
  CHECK(s.session->sent[0]["symbols"] == Json::array({"BTC-USD", "ETH-USD"}));
  CHECK(s.session->sent[1]["type"] == "snapshot");
}
