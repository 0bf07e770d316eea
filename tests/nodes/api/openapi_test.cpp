#include "nodes/api/openapi.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace troupe;

TEST_CASE("openapi: every route is there with its parameters and reply, and every $ref resolves") {
  const auto text =
    api::openapi_document(api::all_routes(), {{"get", "/health/live", "alive", "none"}}, "1");
  const auto document = nlohmann::json::parse(text);
  CHECK(document["openapi"] == "3.1.0");
  for (const char* path :
       {"/data/ticker/{symbol}", "/data/historical/{symbol}", "/data/orderbook/{symbol}",
        "/data/instruments", "/data/stream", "/regime/current/{symbol}", "/regime/stream",
        "/regime/probability/{symbol}", "/regime/bulk", "/regime/models/{symbol}",
        "/regime/models/{symbol}/shadow", "/regime/models/{symbol}/promote", "/correlation/matrix",
        "/correlation/position-sizing", "/correlation/stream", "/portfolios/{id}",
        "/health/live"}) {
    CAPTURE(path);
    CHECK(document["paths"].contains(path));
  }
  const auto& historical = document["paths"]["/data/historical/{symbol}"]["get"]["parameters"];
  CHECK(historical.size() == 6);
  CHECK(historical[0]["in"] == "path");
  CHECK(historical[1]["in"] == "query");
  CHECK(historical[1]["required"] == false);
  for (std::size_t at = text.find("\"$ref\":\""); at != std::string::npos;
       at = text.find("\"$ref\":\"", at + 1)) {
    const auto start = at + 8;
    const auto ref = text.substr(start, text.find('"', start) - start);
    CAPTURE(ref);
    CHECK(document.contains(nlohmann::json::json_pointer(ref.substr(1))));
  }
}
