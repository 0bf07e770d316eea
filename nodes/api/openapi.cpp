#include "nodes/api/openapi.hpp"

#include "core/errc.hpp"

#include <nlohmann/json.hpp>

namespace troupe::api {

namespace {

using Json = nlohmann::ordered_json;

Json error_schema() {
  Json codes = Json::array();
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<core::Errc>>([&](auto e) {
    if (e.value != core::Errc::NONE) {
      codes.push_back(e.name);
    }
  });
  return {
    {"type", "object"},
    {"required", {"error"}},
    {"properties",
     {{"error",
       {{"type", "object"},
        {"required", {"code", "message", "details", "request_id", "retryable", "retry_after_ms"}},
        {"properties",
         {{"code", {{"type", "string"}, {"enum", codes}}},
          {"message", {{"type", "string"}}},
          {"details", Json::object()},
          {"request_id", {{"type", "string"}}},
          {"retryable", {{"type", "boolean"}}},
          {"retry_after_ms", {{"type", {"integer", "null"}}}}}}}}}}};
}

Json security_of(const std::string& scope) {
  return scope == "none" ? Json::array() : Json::array({{{"bearer", Json::array({scope})}}});
}

Json failure_replies() {
  Json replies;
  for (const auto& [status, text] : {std::pair{"400", "malformed or out of range"},
                                     {"401", "no or unknown token"},
                                     {"403", "not allowed"},
                                     {"404", "unknown symbol or path"},
                                     {"503", "a service does not answer; retry later"}}) {
    replies[status] = {
      {"description", text},
      {"content",
       {{"application/json", {{"schema", {{"$ref", "#/components/schemas/ErrorReply"}}}}}}}};
  }
  return replies;
}

Json operation(const ServiceRoute& route, const OperationDoc& doc) {
  Json parameters = Json::array();
  for (const auto& parameter : doc.parameters) {
    parameters.push_back({{"name", parameter.name},
                          {"in", parameter.in_path ? "path" : "query"},
                          {"required", parameter.required},
                          {"schema", Json::parse(parameter.schema)}});
  }
  Json reply{
    {"type", "object"},
    {"required", {"data", "meta"}},
    {"properties",
     {{"data", Json::parse(doc.data_schema)}, {"meta", {{"$ref", "#/components/schemas/Meta"}}}}}};
  Json replies{
    {"200",
     {{"description", route.summary}, {"content", {{"application/json", {{"schema", reply}}}}}}}};
  replies.update(failure_replies());
  Json out{{"summary", route.summary},
           {"tags", {route.service}},
           {"parameters", parameters},
           {"security", security_of(route.scope)},
           {"responses", replies}};
  if (!doc.body_schema.empty()) {
    out["requestBody"] = {
      {"required", true},
      {"content", {{"application/json", {{"schema", Json::parse(doc.body_schema)}}}}}};
  }
  return out;
}

void add_operation(Json& paths, const std::string& path, std::string_view method, Json value) {
  std::string lower{method};
  for (auto& c : lower) {
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  paths[path][lower] = std::move(value);
}

} // namespace

std::string openapi_document(const std::vector<RouteTable>& tables,
                             const std::vector<NodeRoute>& node_routes,
                             const std::string& version) {
  core::SchemaRegistry schemas;
  (void)schemas.of<messages::Meta>();
  Json paths = Json::object();
  for (const auto& table : tables) {
    for (const auto& route : table.requests) {
      add_operation(paths, route.path, net::to_string(route.method),
                    operation(route, route.document(schemas)));
    }
    for (const auto& stream : table.streams) {
      add_operation(paths, stream.path, "get",
                    {{"summary", "WebSocket: " + stream.summary},
                     {"tags", {"streams"}},
                     {"security", security_of("read")},
                     {"responses", {{"101", {{"description", "switching to WebSocket"}}}}}});
    }
  }
  for (const auto& route : node_routes) {
    add_operation(paths, route.path, route.method,
                  {{"summary", route.summary},
                   {"tags", {"node"}},
                   {"security", security_of(route.scope)},
                   {"responses", {{"200", {{"description", route.summary}}}}}});
  }
  Json components = Json::object();
  for (const auto& [name, text] : schemas.components()) {
    components[name] = Json::parse(text);
  }
  components["ErrorReply"] = error_schema();
  const Json document{
    {"openapi", "3.1.0"},
    {"info", {{"title", "Troupe"}, {"version", version}, {"license", {{"name", "Apache-2.0"}}}}},
    {"paths", paths},
    {"components",
     {{"schemas", components},
      {"securitySchemes", {{"bearer", {{"type", "http"}, {"scheme", "bearer"}}}}}}}};
  return document.dump();
}

std::string error_reply_schema() {
  return error_schema().dump();
}

std::string docs_page() {
  return R"(<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Troupe API</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><style>
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1c2733}
h1{font-size:1.6rem}h2{font-size:1.1rem;margin-top:2rem;border-bottom:1px solid #d5dde5}
details{border:1px solid #d5dde5;border-radius:6px;margin:.4rem 0;padding:.4rem .8rem}
summary{cursor:pointer}code,pre{font-family:ui-monospace,monospace;font-size:.87em}
pre{background:#f4f7fa;padding:.6rem;overflow:auto}b.m{display:inline-block;width:3.6rem;color:#0a6}
table{border-collapse:collapse}td,th{text-align:left;padding:.15rem .8rem .15rem 0}
</style></head><body><h1>Troupe API</h1><p>Machine-readable: <a href="/openapi.json">/openapi.json</a></p>
<div id="out">Loading…</div><script>
const esc=s=>String(s).replace(/[&<>"]/g,c=>({'&':'&amp;','<':'&lt;','>':'&gt;','"':'&quot;'}[c]));
const show=(d,s,n=0)=>{if(!s)return'any';if(s.$ref){const k=s.$ref.split('/').pop();
return n>2?k:show(d,d.components.schemas[k],n+1)}if(s.anyOf)return show(d,s.anyOf[0],n);
if(s.enum)return s.enum.join(' | ');if(s.type==='array')return'['+(s.items?show(d,s.items,n):'…')+']';
if(s.properties)return'{\n'+Object.entries(s.properties).map(([k,v])=>'  '.repeat(n+1)+k+': '+
show(d,v,n+1)).join('\n')+'\n'+'  '.repeat(n)+'}';return s.format||[].concat(s.type||'any').join('|')};
fetch('/openapi.json').then(r=>r.json()).then(d=>{const by={};
for(const[p,ms]of Object.entries(d.paths))for(const[m,o]of Object.entries(ms))(by[o.tags[0]]??=[]).push([m,p,o]);
document.getElementById('out').innerHTML=Object.entries(by).map(([t,ops])=>'<h2>'+esc(t)+'</h2>'+
ops.map(([m,p,o])=>{const s=o.responses['200']?.content?.['application/json']?.schema;
return'<details><summary><b class="m">'+m.toUpperCase()+'</b><code>'+esc(p)+'</code> — '+esc(o.summary)+
'</summary>'+(o.parameters?.length?'<table><tr><th>parameter</th><th>in</th><th>type</th><th></th></tr>'+
o.parameters.map(x=>'<tr><td><code>'+esc(x.name)+'</code></td><td>'+x.in+'</td><td>'+esc(show(d,x.schema))+
'</td><td>'+(x.required?'required':'')+'</td></tr>').join('')+'</table>':'')+
(o.requestBody?'<p>body</p><pre>'+esc(show(d,o.requestBody.content['application/json'].schema))+'</pre>':'')+
(s?'<pre>'+esc(show(d,s))+'</pre>':'')+'</details>'}).join('')).join('')});
</script></body></html>
)";
}

} // namespace troupe::api
