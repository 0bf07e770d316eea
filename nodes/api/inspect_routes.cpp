#include "nodes/api/inspect_routes.hpp"

#include "core/log.hpp"
#include "net/envelope.hpp"
#include "nodes/api/metrics.hpp"
#include "supervision/supervisor.hpp"

#include <algorithm>
#include <charconv>

namespace troupe::api {

namespace {

using net::Params;
using net::Request;
using net::Response;

std::string meta_now(const supervision::Runtime& runtime) {
  return R"("as_of":")" + core::SystemClock{}.now().to_text() + R"(","quality":"live","source":")"
         + runtime.node + '"';
}

class Replies {
public:
  explicit Replies(const supervision::Runtime& runtime) : runtime_(&runtime) {}

  template <class T>
  [[nodiscard]] Response data(const Request& request, const T& value) const {
    return raw(request, core::json::encode(value));
  }
  [[nodiscard]] Response raw(const Request& request, const std::string& json) const {
    return net::data_response(json, meta_now(*runtime_), request.request_id, runtime_->node);
  }
  [[nodiscard]] static Response error(const Request& request, core::Error error) {
    return net::error_response(error, request.request_id);
  }

private:
  const supervision::Runtime* runtime_;
};

/// The parameters a route takes; anything else is refused by name.
core::Result<void> only(const Request& request, const std::vector<std::string_view>& known) {
  for (const auto& parameter : request.query) {
    if (std::find(known.begin(), known.end(), parameter.name) == known.end()) {
      return core::Error{core::Errc::INVALID_ARGUMENT,
                         "unknown parameter " + parameter.name.substr(0, 80)};
    }
  }
  return {};
}

core::Result<std::size_t> limit_of(const Request& request, std::size_t preset, std::size_t most) {
  const auto text = request.parameter("limit");
  if (!text) {
    return preset;
  }
  std::size_t value = 0;
  const auto [end, ec] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (ec != std::errc{} || end != text->data() + text->size() || value < 1 || value > most) {
    return core::Error{core::Errc::INVALID_ARGUMENT, "limit: expected 1 to " + std::to_string(most)
                                                       + ", found \""
                                                       + std::string(text->substr(0, 80)) + '"'};
  }
  return value;
}

OwnRoute own(std::string method,
             std::string path,
             std::string scope,
             std::string summary,
             net::SyncHandler handler) {
  return {{std::move(method), std::move(path), std::move(summary), std::move(scope)},
          std::move(handler)};
}

Response health_response(const supervision::Runtime& runtime, bool good) {
  Response response;
  response.status = good ? 200 : 503;
  response.body = core::json::encode(runtime.health.report());
  return response;
}

/// One actor, and how its predecessors ended.
struct ActorDetail {
  supervision::ActorInfo actor;
  std::vector<supervision::ChildEnd> ends;
};
BOOST_DESCRIBE_STRUCT(ActorDetail, (), (actor, ends))

Response
show_actor(const supervision::Runtime& runtime, const Replies& replies, const Request& request) {
  const auto path = request.parameter("path");
  if (!path) {
    return Replies::error(request,
                          {core::Errc::INVALID_ARGUMENT, "path: expected a value, found nothing"});
  }
  const auto actor = runtime.actors.actor(*path);
  if (!actor) {
    return Replies::error(request,
                          {core::Errc::NOT_FOUND, "no actor at " + std::string(path->substr(0, 200))
                                                    + " on node " + runtime.node});
  }
  return replies.data(request, ActorDetail{*actor, runtime.actors.ends(*path)});
}

/// A change somebody ordered: done, logged with who, and answered.
Response change(const supervision::Runtime& runtime,
                const Replies& replies,
                const Request& request,
                std::string_view what,
                std::string_view parameter,
                const std::function<core::Result<void>(const std::string&)>& act) {
  const auto value = request.parameter(parameter);
  if (!value) {
    return Replies::error(request, {core::Errc::INVALID_ARGUMENT,
                                    std::string(parameter) + ": expected a value, found nothing"});
  }
  const std::string target{*value};
  const auto done = act(target);
  core::log::info("operator command",
                  {{"command", what},
                   {"target", target},
                   {"by", request.subject},
                   {"from", request.remote_address},
                   {"request_id", request.request_id},
                   {"outcome", done ? std::string_view{"done"} : core::name(done.error().code)}});
  if (!done) {
    return Replies::error(request, done.error());
  }
  return replies.raw(request,
                     R"({"done":")" + std::string(what) + R"(","node":")" + runtime.node + "\"}");
}

std::vector<OwnRoute> change_routes(supervision::Runtime& runtime, const Replies& replies) {
  const auto to = [&runtime, replies](std::string what, std::string parameter,
                                      std::function<core::Result<void>(const std::string&)> act) {
    return [&runtime, replies, what, parameter, act](const Request& request, const Params&) {
      return change(runtime, replies, request, what, parameter, act);
    };
  };
  return {
    own("post", "/inspect/restart", "admin", "restart the actor at path",
        to("restart", "path",
           [&runtime](const std::string& path) {
             return supervision::restart_child(runtime, path);
           })),
    own("post", "/inspect/kill", "admin", "crash the actor at path, as a fault would",
        to("kill", "path",
           [&runtime](const std::string& path) { return supervision::kill_child(runtime, path); })),
    own("post", "/inspect/breakers/open", "admin", "hold the breaker of edge open",
        to("breaker open", "edge",
           [&runtime](const std::string& edge) { return runtime.breakers.force_open(edge); })),
    own("post", "/inspect/breakers/disable", "admin", "let everything through the breaker of edge",
        to("breaker disable", "edge",
           [&runtime](const std::string& edge) { return runtime.breakers.disable(edge); })),
    own("post", "/inspect/breakers/reset", "admin",
        "close the breaker of edge and forget its window",
        to("breaker reset", "edge",
           [&runtime](const std::string& edge) { return runtime.breakers.reset(edge); })),
  };
}

} // namespace

std::vector<OwnRoute> health_routes(supervision::Runtime& runtime,
                                    std::function<const net::ServerCounters&()> counters) {
  const auto health = [&runtime](auto good) {
    return [&runtime, good](const Request&, const Params&) {
      return health_response(runtime, good(runtime.health));
    };
  };
  using supervision::Health;
  return {
    own("get", "/health", "none", "the node's health, with what is degraded",
        health([](const Health& h) { return h.live() && h.ready(); })),
    own("get", "/health/live", "none",
        "200 while a message gets through the scheduler within a second",
        health([](const Health& h) { return h.live(); })),
    own("get", "/health/ready", "none", "200 once everything this node carries can serve",
        health([](const Health& h) { return h.ready(); })),
    own("get", "/health/startup", "none", "200 once the node has started",
        health([](const Health& h) { return h.ready(); })),
    own("get", "/health/tree", "none", "supervisors, their children and their states",
        [&runtime](const Request&, const Params&) {
          Response response;
          response.body = R"({"node":")" + runtime.node + R"(","children":)"
                          + core::json::encode(runtime.actors.tree()) + '}';
          return response;
        }),
    own("get", "/metrics", "none", "figures in Prometheus' text format",
        [&runtime, counters = std::move(counters)](const Request&, const Params&) {
          Response response;
          response.content_type = "text/plain; version=0.0.4; charset=utf-8";
          response.body = metrics_text(runtime, counters());
          return response;
        }),
  };
}

std::vector<OwnRoute> inspect_routes(supervision::Runtime& runtime, NodeViews views) {
  const Replies replies{runtime};
  const auto simple = [&runtime, replies](auto make) {
    return [&runtime, replies, make](const Request& request, const Params&) {
      if (const auto fine = only(request, {}); !fine) {
        return Replies::error(request, fine.error());
      }
      return replies.raw(request, make());
    };
  };
  std::vector<OwnRoute> routes{
    own("get", "/inspect/nodes", "read", "the cluster's nodes as this one sees them",
        simple(views.members)),
    own("get", "/inspect/tree", "read", "supervision trees of this node", simple([&runtime] {
          return R"({"name":")" + runtime.node + R"(","children":)"
                 + core::json::encode(runtime.actors.tree()) + '}';
        })),
    own("get", "/inspect/actors", "read", "every actor of this node with its figures",
        simple([&runtime] { return core::json::encode(runtime.actors.actors()); })),
    own("get", "/inspect/actor", "read", "one actor by path, and how its predecessors ended",
        [&runtime, replies](const Request& request, const Params&) {
          return show_actor(runtime, replies, request);
        }),
    own("get", "/inspect/breakers", "read", "circuit breakers of this node",
        simple([&runtime] { return core::json::encode(runtime.breakers.snapshot()); })),
    own("get", "/inspect/dead-letters", "read", "the newest messages that nobody handled",
        [&runtime, replies](const Request& request, const Params&) {
          const auto fine = only(request, {"limit"});
          const auto limit = limit_of(request, 100, supervision::DeadLetters::capacity);
          if (!fine || !limit) {
            return Replies::error(request, fine ? limit.error() : fine.error());
          }
          return replies.data(request, runtime.dead_letters.tail(*limit));
        }),
  };
  for (auto& route : change_routes(runtime, replies)) {
    routes.push_back(std::move(route));
  }
  return routes;
}

} // namespace troupe::api
