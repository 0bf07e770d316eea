#include "nodes/api/inspect_routes.hpp"
#include "nodes/api/metrics.hpp"
#include "nodes/api/own_replies.hpp"

namespace troupe::api {

namespace {

net::Response health_response(const supervision::Runtime& runtime, bool good) {
  net::Response response;
  response.status = good ? 200 : 503;
  response.body = core::json::encode(runtime.health.report());
  return response;
}

} // namespace

std::vector<OwnRoute> health_routes(const OwnParts& parts) {
  using net::Params;
  using net::Request;
  using net::Response;
  using supervision::Health;
  auto& runtime = parts.runtime;
  const auto health = [&runtime](auto good) {
    return net::SyncHandler{[&runtime, good](const Request&, const Params&) {
      return health_response(runtime, good(runtime.health));
    }};
  };
  return {
    own_route("get", "/health", "none", "the node's health, with what is degraded",
              health([](const Health& h) { return h.live() && h.ready(); })),
    own_route("get", "/health/live", "none",
              "200 while a message gets through the scheduler, and the network thread answers, "
              "within a second",
              health([](const Health& h) { return h.live(); })),
    own_route("get", "/health/ready", "none", "200 once everything this node carries can serve",
              health([](const Health& h) { return h.ready(); })),
    own_route("get", "/health/startup", "none", "200 once the node was ready for the first time",
              health([](const Health& h) { return h.started(); })),
    own_route("get", "/health/tree", "none", "supervisors, their children and their states",
              net::SyncHandler{[&runtime](const Request&, const Params&) {
                Response response;
                response.body = R"({"node":")" + runtime.node + R"(","children":)"
                                + core::json::encode(runtime.actors.tree()) + '}';
                return response;
              }}),
    own_route("get", "/metrics", "none", "figures in Prometheus' text format",
              net::SyncHandler{[parts](const Request&, const Params&) {
                Response response;
                response.content_type = "text/plain; version=0.0.4; charset=utf-8";
                response.body = metrics_text(parts);
                return response;
              }}),
  };
}

} // namespace troupe::api
