#include "nodes/api/audited_call.hpp"

#include "core/clock.hpp"
#include "core/log.hpp"
#include "supervision/runtime.hpp"

#include <utility>

namespace troupe::api {

namespace {

/// Of the target and the body that are kept.
constexpr std::size_t audited_bytes_max = 300;

} // namespace

core::Result<AuditedCall> AuditedCall::begin(AuditLog& log,
                                             const supervision::Runtime& runtime,
                                             const net::Request& request,
                                             const std::string& route) {
  AuditRecord record{.at = core::SystemClock{}.now(),
                     .node = runtime.node,
                     .by = request.subject,
                     .from = request.remote_address,
                     .request_id = request.request_id,
                     .command = route,
                     .target = (request.target + ' ' + request.body).substr(0, audited_bytes_max),
                     .outcome = "ordered",
                     .previous = {}};
  if (auto audited = log.append(record); !audited) {
    core::log::error("order refused", {{"command", route}, {"error", audited.error().message}});
    return audited.error();
  }
  return AuditedCall{log, std::move(record)};
}

void AuditedCall::end(core::Errc outcome) const {
  auto record = record_;
  record.at = core::SystemClock{}.now();
  record.outcome = outcome == core::Errc::NONE ? "done" : std::string(core::name(outcome));
  core::log::info("order", {{"command", record.command},
                            {"target", record.target},
                            {"by", record.by},
                            {"from", record.from},
                            {"request_id", record.request_id},
                            {"outcome", record.outcome}});
  if (const auto audited = log_->append(record); !audited) {
    core::log::error("order not audited",
                     {{"command", record.command}, {"error", audited.error().message}});
  }
}

} // namespace troupe::api
