#pragma once

#include "net/http.hpp"
#include "nodes/api/audit_log.hpp"

#include <string>

namespace troupe::supervision {
struct Runtime;
}

namespace troupe::api {

/// One call of a service's route that changes something, on the record: "ordered" before the
/// service is asked, and what came of it after.
class AuditedCall {
public:
  /// Writes that it is ordered. @param route  such as "/regime/models/{symbol}/promote"
  /// @returns IO_ERROR where it cannot be written: the call must not be made then
  [[nodiscard]] static core::Result<AuditedCall> begin(AuditLog& log,
                                                       const supervision::Runtime& runtime,
                                                       const net::Request& request,
                                                       const std::string& route);

  /// Writes the outcome: "done" for NONE, else the error's code. Any thread may call.
  void end(core::Errc outcome) const;

private:
  AuditedCall(AuditLog& log, AuditRecord record) : log_(&log), record_(std::move(record)) {}

  AuditLog* log_; ///< outlives the call
  AuditRecord record_;
};

} // namespace troupe::api
