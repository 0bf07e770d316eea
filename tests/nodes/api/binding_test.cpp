#include "messages/market_data.hpp"
#include "nodes/api/binding.hpp"

#include <doctest/doctest.h>

using namespace troupe;
using api::bind_parameters;
using api::Parameters;
using messages::GetHistorical;

TEST_CASE("binding: fields come from parameters of their names") {
  const auto request = bind_parameters<GetHistorical>({{"symbol", {"BTC-USD.SIM-A"}},
                                                       {"interval", {"5m"}},
                                                       {"start", {"2024-08-08T00:00:00Z"}},
                                                       {"limit", {"7"}}});
  REQUIRE(request.has_value());
  CHECK(request->symbol.venue == "SIM-A");
  CHECK(request->interval->to_text() == "5m");
  CHECK(request->start->to_text() == "2024-08-08T00:00:00.000000000Z");
  CHECK(*request->limit == 7);
  CHECK_FALSE(request->cursor.has_value());
}

TEST_CASE("binding: every kind of bad parameter is named with what was expected and found") {
  struct Bad {
    Parameters parameters;
    const char* text;
  };
  const Bad table[] = {
    {{}, "symbol: expected a value, found nothing"},
    {{{"symbol", {"btc"}}}, "symbol: expected instrument, found \"btc\""},
    {{{"symbol", {"BTC-USD", "ETH-USD"}}}, "symbol: expected one value, found 2 values"},
    {{{"symbol", {"BTC-USD"}}, {"limit", {"-1"}}}, "limit: expected a whole number in range"},
    {{{"symbol", {"BTC-USD"}}, {"limit", {"1e3"}}}, "found \"1e3\""},
    {{{"symbol", {"BTC-USD"}}, {"limit", {"99999999999"}}}, "limit: expected a whole number"},
    {{{"symbol", {"BTC-USD"}}, {"limit", {""}}}, "limit: expected a whole number"},
    {{{"symbol", {"BTC-USD"}}, {"interval", {"7m"}}}, "interval: expected"},
    {{{"symbol", {"BTC-USD"}}, {"start", {"yesterday"}}}, "start: expected date-time"},
    {{{"symbol", {"BTC-USD"}}, {"depth", {"5"}}}, "depth: expected one of the parameters symbol"},
  };
  for (const auto& bad : table) {
    const auto request = bind_parameters<GetHistorical>(bad.parameters);
    REQUIRE_FALSE(request.has_value());
    CAPTURE(request.error().message);
    CHECK(request.error().code == core::Errc::INVALID_ARGUMENT);
    CHECK(request.error().message.find(bad.text) != std::string::npos);
  }
}
