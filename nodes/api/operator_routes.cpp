#include "core/log.hpp"
#include "nodes/api/inspect_routes.hpp"
#include "nodes/api/own_replies.hpp"
#include "supervision/supervisor.hpp"

#include <charconv>

namespace troupe::api {

namespace operator_detail {

using net::Params;
using net::Request;
using net::Response;
/// Carries an order out. @returns what to say beside "done"; may be empty
using Act = std::function<core::Result<std::string>(const std::string& target)>;

/// One line of the table: what the command is called, the parameter that names its target.
struct Order {
  std::string command;
  std::string parameter;
  Act act;
  bool target_may_be_empty = false;
};

AuditRecord record_of(const supervision::Runtime& runtime,
                      const Request& request,
                      const Order& order,
                      const std::string& target) {
  return {.at = core::SystemClock{}.now(),
          .node = runtime.node,
          .by = request.subject,
          .from = request.remote_address,
          .request_id = request.request_id,
          .command = order.command,
          .target = target,
          .outcome = "ordered",
          .previous = {}};
}

/// Audited before and after; what cannot be audited is not done.
Response carry_out(const OwnParts& parts, const Request& request, const Order& order) {
  std::string target;
  if (const auto given = request.parameter(order.parameter)) {
    target = *given;
  }
  if (target.empty() && !order.target_may_be_empty) {
    return OwnReplies::error(request, {core::Errc::INVALID_ARGUMENT,
                                       order.parameter + ": expected a value, found nothing"});
  }
  if (const auto fine = only_parameters(request, {order.parameter}); !fine) {
    return OwnReplies::error(request, fine.error());
  }
  auto record = record_of(parts.runtime, request, order, target.substr(0, 200));
  if (const auto audited = parts.audit.append(record); !audited) {
    core::log::error("operator command refused",
                     {{"command", order.command}, {"error", audited.error().message}});
    return OwnReplies::error(request, audited.error());
  }
  const auto done = order.act(target);
  record.outcome = done ? "done" : std::string(core::name(done.error().code));
  record.at = core::SystemClock{}.now();
  core::log::info("operator command", {{"command", order.command},
                                       {"target", record.target},
                                       {"by", record.by},
                                       {"from", record.from},
                                       {"request_id", record.request_id},
                                       {"outcome", record.outcome}});
  if (const auto audited = parts.audit.append(record); !audited) {
    core::log::error("operator command not audited",
                     {{"command", order.command}, {"error", audited.error().message}});
  }
  if (!done) {
    return OwnReplies::error(request, done.error());
  }
  std::string body = R"({"done":)";
  core::json::append_string(body, order.command);
  body += R"(,"node":)";
  core::json::append_string(body, parts.runtime.node);
  body += R"(,"detail":)";
  core::json::append_string(body, *done);
  return OwnReplies{parts.runtime}.raw(request.request_id, body + '}');
}

/// An order that has nothing to say beside that it is done.
Act plain(std::function<core::Result<void>(const std::string&)> act) {
  return [act = std::move(act)](const std::string& target) -> core::Result<std::string> {
    if (auto done = act(target); !done) {
      return done.error();
    }
    return std::string{};
  };
}

core::Result<void> replay(supervision::Runtime& runtime, const std::string& text) {
  std::uint64_t id = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (ec != std::errc{} || end != text.data() + text.size()) {
    return core::Error{core::Errc::INVALID_ARGUMENT,
                       "id: expected a number, found \"" + text.substr(0, 80) + '"'};
  }
  return supervision::replay_dead_letter(runtime, id);
}

Act drain(const NodeViews& views, bool take_away) {
  return [&views, take_away](const std::string& role) -> core::Result<std::string> {
    if (!views.drain) {
      return core::Error{core::Errc::UNAVAILABLE, "this node belongs to no cluster"};
    }
    const auto roles = views.drain(role, take_away);
    if (!roles) {
      return roles.error();
    }
    std::string text;
    for (const auto& one : *roles) {
      text += (text.empty() ? "" : ", ") + one;
    }
    return text;
  };
}

} // namespace operator_detail

std::vector<OwnRoute> operator_routes(const OwnParts& parts) {
  using namespace operator_detail;
  auto& runtime = parts.runtime;
  auto& breakers = runtime.breakers;
  const auto route = [&parts](std::string path, std::string summary, Order order) {
    return own_route(
      "post", std::move(path), "admin", std::move(summary),
      net::SyncHandler{[parts, order = std::move(order)](const Request& request, const Params&) {
        return carry_out(parts, request, order);
      }});
  };
  using std::string;
  // clang-format off
  return {
    route("/inspect/restart", "restart the actor at path",
          {"restart", "path", plain([&](const string& path) { return supervision::restart_child(runtime, path); })}),
    route("/inspect/kill", "crash the actor at path, as a fault would",
          {"kill", "path", plain([&](const string& path) { return supervision::kill_child(runtime, path); })}),
    route("/inspect/breakers/open", "hold the breaker of edge open",
          {"breaker open", "edge", plain([&](const string& edge) { return breakers.force_open(edge); })}),
    route("/inspect/breakers/close", "hold the breaker of edge closed: everything is let through",
          {"breaker close", "edge", plain([&](const string& edge) { return breakers.disable(edge); })}),
    route("/inspect/breakers/reset", "give the breaker of edge back to itself, with an empty window",
          {"breaker reset", "edge", plain([&](const string& edge) { return breakers.reset(edge); })}),
    route("/inspect/dead-letters/replay", "send the message of a dead letter again",
          {"dead letter replay", "id", plain([&](const string& id) { return replay(runtime, id); })}),
    route("/inspect/drain", "move this node's shards of a role, or of all, to other nodes",
          {"drain", "role", drain(parts.views, true), true}),
    route("/inspect/undrain", "take a drained role, or all, back",
          {"undrain", "role", drain(parts.views, false), true}),
  };
  // clang-format on
}

} // namespace troupe::api
