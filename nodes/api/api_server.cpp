#include "nodes/api/api_server.hpp"

#include "core/clock.hpp"
#include "core/log.hpp"
#include "core/retry_after.hpp"
#include "net/envelope.hpp"
#include "nodes/api/audited_call.hpp"
#include "nodes/api/inspect_routes.hpp"
#include "nodes/api/last_good.hpp"
#include "nodes/api/schemas.hpp"
#include "nodes/api/stream_actor.hpp"
#include "nodes/api/ticker_shortcut.hpp"
#include "supervision/ask.hpp"

#include <algorithm>
#include <utility>

namespace troupe::api {

namespace {

/// Path and query parameters by name; a name in both stands twice and is refused by the binder.
Parameters
parameters_of(const net::Request& request, const net::Params& params, const std::string& path) {
  Parameters out;
  for (const auto& parameter : request.query) {
    out[parameter.name].push_back(parameter.value);
  }
  for (auto at = path.find('{'); at != std::string::npos; at = path.find('{', at + 1)) {
    const auto name = path.substr(at + 1, path.find('}', at) - at - 1);
    out[name].emplace_back(params[name]);
  }
  return out;
}

/// The members of Meta as JSON without the braces.
std::string meta_members(const messages::Meta& meta) {
  const auto text = core::json::encode(meta);
  return text.substr(1, text.size() - 2);
}

/// When to come again, where the error says so or is of a kind that passes.
std::optional<core::Duration> wait_of(const core::Error& error) {
  if (const auto told = core::retry_after(error)) {
    return core::Duration{*told};
  }
  if (core::traits(error.code).http_status == 503) {
    return core::Duration{std::chrono::seconds{1}};
  }
  return std::nullopt;
}

supervision::AskOptions options_of(const ServiceRoute& route, core::Duration usual_deadline) {
  supervision::AskOptions options;
  options.deadline = (route.deadline.ns > 0 ? route.deadline : usual_deadline).chrono();
  options.slow = route.queued ? options.deadline : std::max(options.slow, options.deadline / 2);
  return options;
}

/// Codes after which the last good reply may stand in: the service, not the request, is at fault.
bool service_failed(core::Errc code) {
  return core::traits(code).http_status >= 500;
}

} // namespace

/// What exists while the node answers.
struct Serving {
  Serving(supervision::Runtime& node_runtime, const ApiConfig& config, NodeViews node_views)
    : runtime(node_runtime), views(std::move(node_views)), monitor(runtime, views, config.version),
      bridge(runtime, "api", {.actors = config.bridges, .in_flight_max = 200}) {
    if (config.tickers) {
      tickers.emplace(config.tickers, runtime.clock, config.node);
    }
  }

  supervision::Runtime& runtime;
  NodeViews views;
  NodeMonitor monitor;
  supervision::AskBridge bridge;
  std::optional<TickerShortcut> tickers;
};

/// What identifies a request when its service fails.
struct RequestKey {
  std::string target; ///< of the last good reply
  std::string symbol; ///< on the board; empty: no ticker was asked for
};

struct ApiServer::State {
  explicit State(ApiConfig settings)
    : config(std::move(settings)), last_good(config.last_good_ttl, config.last_good_entries_max) {
    auto channels = data_channels();
    for (const auto& more : {regime_channels(), correlation_channels()}) {
      channels.insert(channels.end(), more.begin(), more.end());
    }
    streams = std::make_shared<StreamRegistry>(std::move(channels), core::monotonic_ns);
  }

  net::Router router();
  void add_schema_routes(const std::vector<RouteTable>& tables, std::vector<net::Route>& routes);
  net::Route service_route(ServiceRoute route);
  void answer(const ServiceRoute& route,
              const RequestKey& key,
              core::Result<caf::message> reply,
              const net::Responder& respond);
  std::optional<EncodedReply> stand_in(const RequestKey& key, std::int64_t now_ns);

  ApiConfig config;
  LastGood last_good;
  std::shared_ptr<StreamRegistry> streams;
  std::shared_ptr<CorrelationSubscriptions> correlations =
    std::make_shared<CorrelationSubscriptions>();
  net::TokenAuthority tokens;
  std::unique_ptr<AuditLog> audit;
  std::unique_ptr<Serving> serving;
  std::unique_ptr<net::Server> server;
};

void ApiServer::State::answer(const ServiceRoute& route,
                              const RequestKey& key,
                              core::Result<caf::message> reply,
                              const net::Responder& respond) {
  auto encoded = reply ? route.encode(*reply) : core::Result<EncodedReply>{reply.error()};
  const auto now_ns = core::monotonic_ns();
  if (encoded && route.last_good) {
    last_good.store(key.target, *encoded, now_ns);
  } else if (!encoded && route.last_good && service_failed(encoded.error().code)) {
    if (auto stored = stand_in(key, now_ns)) {
      encoded = std::move(*stored);
    }
  }
  if (encoded) {
    respond(net::data_response(encoded->data, meta_members(encoded->meta), respond.request_id(),
                               config.node));
    return;
  }
  net::ErrorExtras extras;
  extras.retry_after = wait_of(encoded.error());
  if (service_failed(encoded.error().code)) {
    extras.details = R"({"service":")" + route.service + "\"}";
  }
  respond(net::error_response(encoded.error(), respond.request_id(), extras));
}

/// The newer of the last reply and of what was published since.
std::optional<EncodedReply> ApiServer::State::stand_in(const RequestKey& key, std::int64_t now_ns) {
  auto stored = last_good.find(key.target, now_ns);
  if (serving->tickers && !key.symbol.empty()) {
    auto published = serving->tickers->last_good(key.symbol, config.last_good_ttl);
    if (published && (!stored || published->meta.as_of > stored->meta.as_of)) {
      return published;
    }
  }
  return stored;
}

net::Route ApiServer::State::service_route(ServiceRoute route) {
  net::Route out;
  if (route.from_board && serving->tickers) {
    out.shortcut = [this](const net::Request& request, const net::Params& params,
                          net::Response& response) {
      return serving->tickers->answer(request, params, response);
    };
  }
  out.method = route.method;
  out.path = route.path;
  out.scope = route.scope;
  out.handler = net::AsyncHandler{
    [this, shared = std::make_shared<const ServiceRoute>(std::move(route))](
      const net::Request& request, const net::Params& params, net::Responder respond) {
      auto bound = shared->bind(parameters_of(request, params, shared->path), request.body);
      if (!bound) {
        respond(net::error_response(bound.error(), request.request_id));
        return;
      }
      std::optional<AuditedCall> audited;
      if (shared->audited) {
        auto begun = AuditedCall::begin(*audit, serving->runtime, request, shared->path);
        if (!begun) {
          respond(net::error_response(begun.error(), request.request_id));
          return;
        }
        audited = std::move(*begun);
      }
      RequestKey key{request.target,
                     std::string(shared->from_board ? params["symbol"] : std::string_view{})};
      serving->bridge.ask(shared->service, std::move(bound->key), std::move(bound->message),
                          options_of(*shared, config.ask_deadline),
                          [this, shared, key = std::move(key), audited = std::move(audited),
                           respond = std::move(respond)](core::Result<caf::message> reply) {
                            if (audited) {
                              audited->end(reply ? core::Errc::NONE : reply.error().code);
                            }
                            answer(*shared, key, std::move(reply), respond);
                          });
    }};
  return out;
}

net::Router ApiServer::State::router() {
  std::vector<net::Route> routes;
  std::vector<NodeRoute> docs;
  const auto add_own = [&](std::vector<OwnRoute> own) {
    for (auto& route : own) {
      docs.push_back(route.doc);
      net::Route made;
      made.method = route.doc.method == "post" ? net::Method::POST : net::Method::GET;
      made.path = route.doc.path;
      made.scope = route.doc.scope;
      made.accepts = "";
      made.handler = std::move(route.handler);
      routes.push_back(std::move(made));
    }
  };
  const OwnParts parts{serving->runtime, serving->views, serving->monitor, *audit,
                       [this]() -> const net::ServerCounters& { return server->counters(); }};
  add_own(health_routes(parts));
  add_own(inspect_routes(parts));
  add_own(operator_routes(parts));
  add_own(exchange_sim_routes(parts));
  std::vector<RouteTable> tables;
  if (config.public_routes) {
    tables = all_routes();
    for (auto& table : tables) {
      for (const auto& route : table.requests) {
        routes.push_back(service_route(route));
      }
    }
    routes.push_back(stream_route("/data/stream", data_channels(), streams));
    routes.push_back(stream_route("/regime/stream", regime_channels(), streams));
    routes.push_back(
      stream_route("/correlation/stream", correlation_channels(), streams,
                   [kept = correlations](const StreamRequest& of) { return kept->check(of); }));
  }
  const auto page = [&](const char* path, std::string type, std::string text) {
    net::Route route;
    route.path = path;
    route.scope = "none";
    route.handler = net::SyncHandler{
      [type = std::move(type), body = std::make_shared<const std::string>(std::move(text))](
        const net::Request&, const net::Params&) {
        net::Response response;
        response.content_type = type;
        response.shared_body = body;
        return response;
      }};
    routes.push_back(std::move(route));
  };
  docs.push_back(
    {"get", "/schemas", "names of the JSON Schemas of everything the API says", "none"});
  docs.push_back({"get", "/schemas/{name}", "one of them, on its own", "none"});
  page("/openapi.json", "application/json", openapi_document(tables, docs, config.version));
  page("/docs", "text/html; charset=utf-8", docs_page());
  add_schema_routes(tables, routes);
  return net::Router{std::move(routes)};
}

void ApiServer::State::add_schema_routes(const std::vector<RouteTable>& tables,
                                         std::vector<net::Route>& routes) {
  const auto documents = std::make_shared<const SchemaDocuments>(tables);
  net::Route list;
  list.path = "/schemas";
  list.scope = "none";
  list.handler =
    net::SyncHandler{[this, documents](const net::Request& request, const net::Params&) {
      messages::Meta meta;
      meta.as_of = serving->runtime.clock.now();
      return net::data_response(core::json::encode(documents->list()), meta_members(meta),
                                request.request_id, config.node);
    }};
  routes.push_back(std::move(list));
  net::Route one;
  one.path = "/schemas/{name}";
  one.scope = "none";
  one.handler =
    net::SyncHandler{[documents](const net::Request& request, const net::Params& params) {
      const auto* const text = documents->find(params["name"]);
      if (text == nullptr) {
        return net::error_response(
          {core::Errc::NOT_FOUND, "expected a name that /schemas lists, found \""
                                    + std::string{params["name"].substr(0, 64)} + "\""},
          request.request_id);
      }
      net::Response response;
      response.content_type = "application/schema+json";
      response.body = *text;
      return response;
    }};
  routes.push_back(std::move(one));
}

ApiServer::ApiServer(ApiConfig config) : state_(std::make_unique<State>(std::move(config))) {}

ApiServer::~ApiServer() = default;

std::vector<supervision::ChildSpec> ApiServer::children() const {
  return state_->config.public_routes ? std::vector<supervision::ChildSpec>{stream_child(
           state_->streams, state_->correlations)}
                                      : std::vector<supervision::ChildSpec>{};
}

core::Result<net::Bound> ApiServer::bind() {
  auto& state = *state_;
  auto tokens = net::TokenAuthority::make(state.config.tokens);
  if (!tokens) {
    return tokens.error();
  }
  state.tokens = std::move(*tokens);
  auto own = net::load_or_create_token(state.config.data_dir);
  if (!own) {
    return own.error();
  }
  auto audit = AuditLog::open(state.config.data_dir);
  if (!audit) {
    return audit.error();
  }
  state.audit = std::move(*audit);
  state.tokens.add("node", *own, {"read", "trade", "admin"});
  state.tokens.set_open_read(state.config.open_reads);
  net::ServerOptions options;
  options.node = state.config.node;
  options.authorise = [&state](const net::Request& request, std::string_view scope) {
    return state.tokens.authorise(request, scope);
  };
  state.server =
    std::make_unique<net::Server>(state.config.server, net::Router{}, std::move(options));
  return state.server->bind();
}

core::Result<void> ApiServer::start(supervision::Runtime& runtime, NodeViews views) {
  state_->serving = std::make_unique<Serving>(runtime, state_->config, std::move(views));
  return state_->server->serve(state_->router());
}

void ApiServer::stop(core::Duration deadline) {
  if (state_->server) {
    state_->server->stop(deadline);
  }
  state_->serving.reset();
}

} // namespace troupe::api
