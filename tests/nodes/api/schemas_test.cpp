#include "nodes/api/schemas.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <set>

using namespace troupe;
using Json = nlohmann::json;

namespace {

/// Every $ref of a document, wherever it stands.
void refs_of(const Json& value, std::set<std::string>& out) {
  if (value.is_object() && value.contains("$ref")) {
    out.insert(value["$ref"].get<std::string>());
  }
  for (const auto& item : value) {
    if (item.is_structured()) {
      refs_of(item, out);
    }
  }
}

} // namespace

TEST_CASE("schemas: every document stands alone and is listed") {
  const api::SchemaDocuments documents{api::all_routes()};
  CHECK(documents.list().size() > 60);
  for (const auto& entry : documents.list()) {
    CAPTURE(entry.name);
    CHECK(entry.url == "/schemas/" + entry.name);
    const auto* const text = documents.find(entry.name);
    REQUIRE(text != nullptr);
    const auto document = Json::parse(*text);
    CHECK(document["$schema"] == "https://json-schema.org/draft/2020-12/schema");
    CHECK(document["$id"] == entry.url);
    std::set<std::string> refs;
    refs_of(document, refs);
    for (const auto& ref : refs) {
      CAPTURE(ref);
      CHECK(document.contains(Json::json_pointer(ref.substr(1))));
    }
  }
  CHECK(documents.find("nobody") == nullptr);
}

TEST_CASE("schemas: what the field calls them and what the API sends are there") {
  const api::SchemaDocuments documents{api::all_routes()};
  for (const auto* const name : {"quote",
                                 "trade",
                                 "book",
                                 "book_delta",
                                 "bar",
                                 "instrument",
                                 "venue_status",
                                 "book_resync",
                                 "feed_sla",
                                 "error",
                                 "Ticker",
                                 "Bar",
                                 "BookDelta",
                                 "GetHistorical",
                                 "TickerReply",
                                 "HistoricalReply",
                                 "SlaReply",
                                 "InstrumentsReply",
                                 "RegimeReply",
                                 "stream.ticker",
                                 "stream.trades",
                                 "stream.book",
                                 "stream.bars",
                                 "stream.venue_status",
                                 "stream.book_resync",
                                 "stream.feed_sla",
                                 "stream.instrument_changed",
                                 "stream.regime",
                                 "stream.correlation"}) {
    CAPTURE(name);
    CHECK(documents.find(name) != nullptr);
  }
  const auto reply = Json::parse(*documents.find("TickerReply"));
  CHECK(reply["required"] == Json({"data", "meta"}));
  const auto& meta = reply["$defs"]["ReplyMeta"];
  CHECK(meta["properties"].contains("request_id"));
  CHECK(meta["properties"].contains("age_ms"));
  const auto event = Json::parse(*documents.find("stream.book_resync"));
  CHECK(event["properties"]["event"]["const"] == "book_resync");
  CHECK(event["properties"]["channel"]["const"] == "status");
  // Every route's request and reply, too.
  for (const auto& table : api::all_routes()) {
    for (const auto& route : table.requests) {
      CAPTURE(route.path);
      core::SchemaRegistry registry;
      const auto names = route.message_schemas(registry);
      CHECK(documents.find(names.request) != nullptr);
      CHECK(documents.find(names.reply) != nullptr);
    }
  }
}
