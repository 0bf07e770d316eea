#include "core/log.hpp"
#include "nodes/api/inspect_routes.hpp"
#include "nodes/api/own_replies.hpp"

namespace troupe::api {

namespace exchange_sim_detail {

using net::Params;
using net::Request;
using net::Response;

/// Orders faults: audited before and after; what cannot be audited is not done.
Response order_faults(const OwnParts& parts, const Request& request) {
  AuditRecord record{.at = core::SystemClock{}.now(),
                     .node = parts.runtime.node,
                     .by = request.subject,
                     .from = request.remote_address,
                     .request_id = request.request_id,
                     .command = "exchange-sim faults",
                     .target = request.body.substr(0, 400),
                     .outcome = "ordered",
                     .previous = {}};
  if (const auto audited = parts.audit.append(record); !audited) {
    return OwnReplies::error(request, audited.error());
  }
  const auto done = parts.views.order_exchange_faults(request.body);
  record.outcome = done ? "done" : std::string(core::name(done.error().code));
  record.at = core::SystemClock{}.now();
  core::log::info("operator command", {{"command", record.command},
                                       {"target", record.target},
                                       {"by", record.by},
                                       {"from", record.from},
                                       {"request_id", record.request_id},
                                       {"outcome", record.outcome}});
  if (const auto audited = parts.audit.append(record); !audited) {
    core::log::error("operator command not audited",
                     {{"command", record.command}, {"error", audited.error().message}});
  }
  return done ? OwnReplies{parts.runtime}.raw(request.request_id, parts.views.exchange_faults())
              : OwnReplies::error(request, done.error());
}

} // namespace exchange_sim_detail

std::vector<OwnRoute> exchange_sim_routes(const OwnParts& parts) {
  using namespace exchange_sim_detail;
  if (!parts.views.exchange_faults) {
    return {};
  }
  return {
    own_route("get", "/exchange-sim/faults", "read", "faults of the exchange simulator in force",
              net::SyncHandler{[parts](const Request& request, const Params&) {
                return OwnReplies{parts.runtime}.raw(request.request_id,
                                                     parts.views.exchange_faults());
              }}),
    own_route("get", "/exchange-sim/traffic", "read",
              "replies, refusals and sessions of the exchange simulator so far",
              net::SyncHandler{[parts](const Request& request, const Params&) {
                return OwnReplies{parts.runtime}.raw(request.request_id,
                                                     parts.views.exchange_traffic());
              }}),
    own_route("post", "/exchange-sim/faults", "admin",
              "order faults of the exchange simulator; what is not named is switched off",
              net::SyncHandler{[parts](const Request& request, const Params&) {
                return order_faults(parts, request);
              }}),
  };
}

} // namespace troupe::api
