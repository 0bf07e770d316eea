#include "nodes/api/correlation_subscriptions.hpp"
#include "nodes/api/stream_actor.hpp"

#include <doctest/doctest.h>

using namespace troupe;
using namespace troupe::api;
using core::Errc;

namespace {

StreamRequest subscription(const std::string& fields) {
  const auto request = parse_stream_request(
    R"({"op":"subscribe","channel":"correlation")" + fields + '}', correlation_channels());
  REQUIRE_MESSAGE(request.has_value(), core::to_string(request.error()));
  return *request;
}

messages::UniverseKept hourly() {
  return {.universe = "default 1h",
          .interval = trading::intervals::h1,
          .symbols = {{"BTC-USD", {}}, {"ETH-USD", {}}},
          .left_out = {{{"SHORT-USD", {}}, "expected 501 closed bars of 1h, found 40"}}};
}

} // namespace

TEST_CASE("correlation subscriptions: what is not kept is refused, with what is") {
  CorrelationSubscriptions subscriptions;
  CHECK(subscriptions.check(subscription(R"(,"interval":"1d")")).has_value()); // nothing heard yet
  subscriptions.learn(hourly());
  CHECK(subscriptions.check(subscription("")).has_value());
  CHECK(subscriptions.check(subscription(R"(,"symbols":["BTC-USD"])")).has_value());
  CHECK(subscriptions.check(subscription(R"(,"symbols":["NEW-USD"])")).has_value());
  const auto daily = subscriptions.check(subscription(R"(,"interval":"1d")"));
  REQUIRE_FALSE(daily.has_value());
  CHECK(daily.error().code == Errc::INVALID_ARGUMENT);
  CHECK(daily.error().message == "interval: expected one whose universe is kept: 1h, found 1d");
}

TEST_CASE("correlation subscriptions: instruments that never get a row are refused, and why") {
  CorrelationSubscriptions subscriptions;
  subscriptions.learn(hourly());
  const auto left_out = subscriptions.check(subscription(R"(,"symbols":["BTC-USD","SHORT-USD"])"));
  REQUIRE_FALSE(left_out.has_value());
  CHECK(left_out.error().code == Errc::NOT_READY);
  CHECK(left_out.error().message
        == "SHORT-USD has no place in the universe default 1h: expected 501 closed bars of 1h, "
           "found 40");
  trading::InstrumentId qualified{"BTC-USD", "SIM-A"};
  auto request = subscription("");
  request.symbols = {qualified};
  const auto refused = subscriptions.check(request);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Errc::INVALID_ARGUMENT);
  CHECK(refused.error().message.find(qualified.to_text()) != std::string::npos);
  auto later = hourly();
  later.left_out.clear();
  subscriptions.learn(later);
  CHECK(subscriptions.check(subscription(R"(,"symbols":["SHORT-USD"])")).has_value());
}
