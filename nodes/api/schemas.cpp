#include "nodes/api/schemas.hpp"

#include "messages/message_types.hpp"
#include "nodes/api/openapi.hpp"
#include "nodes/api/stream_actor.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <set>

namespace troupe::api {

namespace schema_documents {

using Json = nlohmann::ordered_json;

constexpr std::string_view component_ref = "#/components/schemas/";

/// Short names of what others call these.
constexpr std::array<std::pair<const char*, const char*>, 10> aliases{
  {{"quote", "Ticker"},
   {"trade", "Trade"},
   {"book", "BookSnapshot"},
   {"book_delta", "BookDelta"},
   {"bar", "Bar"},
   {"instrument", "Instrument"},
   {"venue_status", "InstrumentStatusBeat"},
   {"book_resync", "BookResync"},
   {"feed_sla", "FeedSla"},
   {"error", "ErrorReply"}}};

/// Turns references to components into references to definitions, and notes which.
void take_refs(Json& value, std::set<std::string>& used) {
  if (value.is_object() && value.contains("$ref")) {
    const auto name = value["$ref"].get<std::string>().substr(component_ref.size());
    used.insert(name);
    value["$ref"] = "#/$defs/" + name;
    return;
  }
  for (auto& item : value) {
    if (item.is_structured()) {
      take_refs(item, used);
    }
  }
}

/// @param components  schemas by name, as the registry has them
std::string standalone(const std::string& name, Json schema, const Json& components) {
  Json document{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                {"$id", "/schemas/" + name},
                {"title", name}};
  std::set<std::string> open;
  take_refs(schema, open);
  document.update(schema);
  Json defs = Json::object();
  while (!open.empty()) {
    const auto next = *open.begin();
    open.erase(open.begin());
    if (defs.contains(next)) {
      continue;
    }
    auto definition = components.at(next);
    take_refs(definition, open);
    defs[next] = std::move(definition);
  }
  if (!defs.empty()) {
    document["$defs"] = std::move(defs);
  }
  return document.dump();
}

Json ref(const std::string& name) {
  return {{"$ref", std::string{component_ref} + name}};
}

/// What the envelope adds to a service's own words.
Json reply_meta(const Json& meta) {
  auto out = meta;
  for (const auto* const name : {"request_id", "node"}) {
    out["properties"][name] = {{"type", "string"}};
    out["required"].push_back(name);
  }
  return out;
}

Json reply_schema(const std::string& data) {
  return {{"type", "object"},
          {"properties", {{"data", Json::parse(data)}, {"meta", ref("ReplyMeta")}}},
          {"required", {"data", "meta"}}};
}

Json event_schema(const StreamSchema& stream) {
  Json out{{"type", "object"},
           {"properties",
            {{"channel", {{"const", stream.channel}}},
             {"symbol", {{"type", "string"}}},
             {"seq", {{"type", "integer"}}},
             {"type", {{"enum", {"snapshot", "delta"}}}},
             {"as_of", {{"type", "string"}, {"format", "date-time"}}},
             {"quality", ref("Quality")}}},
           {"required", {"channel", "symbol", "seq", "type", "as_of", "quality", "data"}}};
  out["properties"]["age_ms"] = {{"type", "integer"}}; // of snapshots
  if (!stream.event.empty()) {
    out["properties"]["event"] = {{"const", stream.event}};
    out["required"].push_back("event");
  }
  out["properties"]["data"] = Json::parse(stream.data);
  return out;
}

Json quality_schema() {
  return {
    {"type", "object"},
    {"properties",
     {{"channel", {{"type", "string"}}},
      {"symbol", {{"type", "string"}}},
      {"interval", {{"type", "string"}}},
      {"seq", {{"type", "integer"}}},
      {"type", {{"const", "quality"}}},
      {"as_of", {{"type", "string"}, {"format", "date-time"}}},
      {"quality", ref("Quality")},
      {"previous", ref("Quality")},
      {"age_ms", {{"type", "integer"}}}}},
    {"required", {"channel", "symbol", "seq", "type", "as_of", "quality", "previous", "age_ms"}}};
}

} // namespace schema_documents

SchemaDocuments::SchemaDocuments(const std::vector<RouteTable>& tables) {
  using namespace schema_documents;
  core::SchemaRegistry registry;
  (void)registry.of<messages::Meta>();
  (void)registry.of<trading::Quality>();
  // What the aliases name, whatever this node's routes are.
  (void)registry.of<messages::Ticker>();
  (void)registry.of<trading::Trade>();
  (void)registry.of<trading::BookSnapshot>();
  (void)registry.of<trading::BookDelta>();
  (void)registry.of<trading::Bar>();
  (void)registry.of<trading::Instrument>();
  (void)registry.of<messages::InstrumentStatusBeat>();
  (void)registry.of<messages::BookResync>();
  (void)registry.of<messages::FeedSla>();
  struct Draft {
    std::string name, kind, about;
    Json schema;
  };
  std::vector<Draft> drafts;
  std::set<std::string> requests;
  for (const auto& table : tables) {
    for (const auto& route : table.requests) {
      const auto schemas = route.message_schemas(registry);
      const auto about = std::string{net::to_string(route.method)} + " " + route.path;
      requests.insert(schemas.request);
      drafts.push_back({schemas.request, "request", about, ref(schemas.request)});
      drafts.push_back({schemas.reply, "reply", about, reply_schema(schemas.data)});
    }
  }
  for (const auto& stream : stream_schemas(registry)) {
    const auto name = "stream." + (stream.event.empty() ? stream.channel : stream.event);
    drafts.push_back({name, "stream", "channel " + stream.channel, event_schema(stream)});
  }
  drafts.push_back({"stream.quality", "stream", "every channel", quality_schema()});
  Json components = Json::object();
  for (const auto& [name, text] : registry.components()) {
    components[name] = Json::parse(text);
    if (requests.count(name) == 0) {
      drafts.push_back({name, "struct", "", ref(name)});
    }
  }
  components["ReplyMeta"] = reply_meta(components.at("Meta"));
  components["ErrorReply"] = Json::parse(error_reply_schema());
  drafts.push_back({"ErrorReply", "reply", "every refusal and failure", ref("ErrorReply")});
  for (const auto& [alias, name] : aliases) {
    drafts.push_back({alias, "alias", name, ref(name)});
  }
  for (auto& draft : drafts) {
    auto text = standalone(draft.name, std::move(draft.schema), components);
    if (documents_.emplace(draft.name, std::move(text)).second) {
      list_.push_back({draft.name, draft.kind, draft.about, "/schemas/" + draft.name});
    }
  }
  std::sort(list_.begin(), list_.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.kind, a.name) < std::tie(b.kind, b.name);
  });
}

const std::string* SchemaDocuments::find(std::string_view name) const {
  const auto at = documents_.find(name);
  return at == documents_.end() ? nullptr : &at->second;
}

} // namespace troupe::api
