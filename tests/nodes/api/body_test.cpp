#include "messages/message_types.hpp"
#include "nodes/api/route_table.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace troupe;
using api::bind_body;
using api::Parameters;
using messages::PutPortfolio;

namespace {

const std::string path = "/portfolios/{id}";
const Parameters fund{{"id", {"fund"}}};

} // namespace

TEST_CASE("body: fields come from the path and the JSON body") {
  const auto request = bind_body<PutPortfolio>(
    path, fund,
    R"({"positions":[{"instrument":"BTC-USD","quantity":"1.5"}],"expected_version":3})");
  REQUIRE(request.has_value());
  CHECK(request->id == "fund");
  REQUIRE(request->positions.size() == 1);
  CHECK(request->positions[0].quantity->to_text() == "1.5");
  CHECK(*request->expected_version == 3);
  CHECK_FALSE(request->base_currency.has_value());
}

TEST_CASE("body: every kind of bad body is refused with the path of the field") {
  struct Bad {
    const char* body;
    core::Errc code;
    const char* text;
  };
  using core::Errc;
  const Bad table[] = {
    {"", Errc::MALFORMED_REQUEST, "body: "},
    {"{", Errc::MALFORMED_REQUEST, "body: "},
    {"[1]", Errc::MALFORMED_REQUEST, "body: expected an object, found [1]"},
    {"{}", Errc::INVALID_ARGUMENT, "positions: expected a value, found nothing"},
    {R"({"positions":5})", Errc::INVALID_ARGUMENT, "positions: expected an array"},
    {R"({"positions":[{}]})", Errc::INVALID_ARGUMENT, "positions[0].instrument: expected a value"},
    {R"({"positions":[{"instrument":"x"}]})", Errc::INVALID_ARGUMENT, "positions[0].instrument"},
    {R"({"positions":[{"instrument":"A-B","quantity":1.5}]})", Errc::INVALID_ARGUMENT,
     "positions[0].quantity: expected a string (decimal)"},
    {R"({"positions":[],"colour":1})", Errc::INVALID_ARGUMENT, "colour: expected one of the keys"},
    {R"({"positions":[],"id":"other"})", Errc::INVALID_ARGUMENT, "id: expected one of the keys"},
    {R"({"positions":[],"expected_version":-1})", Errc::INVALID_ARGUMENT, "expected_version"},
  };
  for (const auto& bad : table) {
    CAPTURE(bad.body);
    const auto request = bind_body<PutPortfolio>(path, fund, bad.body);
    REQUIRE_FALSE(request.has_value());
    CAPTURE(request.error().message);
    CHECK(request.error().code == bad.code);
    CHECK(request.error().message.find(bad.text) != std::string::npos);
  }
  const auto query =
    bind_body<PutPortfolio>(path, {{"id", {"fund"}}, {"limit", {"5"}}}, R"({"positions":[]})");
  REQUIRE_FALSE(query.has_value());
  CHECK(query.error().message == "limit: expected no query parameters, found one");
}

TEST_CASE("body: routes with bodies are documented with their schema and scope") {
  for (const auto& route : api::correlation_routes().requests) {
    CAPTURE(route.path);
    core::SchemaRegistry schemas;
    const auto doc = route.document(schemas);
    const bool has_body = route.method == net::Method::POST || route.method == net::Method::PUT;
    CHECK(doc.body_schema.empty() != has_body);
    if (route.method == net::Method::PUT) {
      CHECK(route.scope == "trade");
      const auto schema = nlohmann::json::parse(doc.body_schema);
      CHECK(schema["properties"].contains("positions"));
      CHECK_FALSE(schema["properties"].contains("id"));
      CHECK(schema["required"] == nlohmann::json::array({"positions"}));
      REQUIRE(doc.parameters.size() == 1);
      CHECK(doc.parameters[0].in_path);
    }
  }
}

TEST_CASE("body: requests of one universe go to one node") {
  const auto key = [](const std::string& query_symbols) {
    for (const auto& route : api::correlation_routes().requests) {
      if (route.path == "/correlation/matrix") {
        Parameters parameters;
        if (!query_symbols.empty()) {
          parameters["symbols"] = {query_symbols};
        }
        return route.bind(parameters, "")->key;
      }
    }
    return std::string{};
  };
  CHECK(key("BTC-USD,ETH-USD") == key("BTC-USD,ETH-USD"));
  CHECK(key("BTC-USD,ETH-USD") != key("BTC-USD,XRP-USD"));
  CHECK_FALSE(key("").empty());
}

TEST_CASE("body: a symbol in the path is read as one, and refused by its name") {
  const std::string models = "/regime/models/{symbol}/shadow";
  const auto request = bind_body<messages::StartShadowModel>(models, {{"symbol", {"BTC-USD"}}},
                                                             R"({"interval":"1m","hmm_states":3})");
  REQUIRE(request.has_value());
  CHECK(request->symbol.symbol == "BTC-USD");
  CHECK(*request->interval == trading::intervals::m1);
  CHECK(*request->hmm_states == 3);
  CHECK_FALSE(request->weights.has_value());
  const auto bad = bind_body<messages::StartShadowModel>(models, {{"symbol", {"x"}}}, "{}");
  REQUIRE_FALSE(bad.has_value());
  CHECK(bad.error().code == core::Errc::INVALID_ARGUMENT);
  CHECK(bad.error().message.find("symbol: expected") != std::string::npos);
}
