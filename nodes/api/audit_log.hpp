#pragma once

#include "core/clock.hpp"
#include "core/describe.hpp"
#include "core/errc.hpp"
#include "core/time.hpp"

#include <memory>
#include <mutex>
#include <string>

namespace troupe::api {

/// One line of the audit file. Each command leaves two: before it is carried out and after.
struct AuditRecord {
  core::Timestamp at;
  std::string node;
  std::string by;   ///< name of the token
  std::string from; ///< address
  std::string request_id;
  std::string command;
  std::string target;
  std::string outcome;  ///< "ordered", then "done" or the error's code
  std::string previous; ///< SHA-256 of the line before, without its end: a changed file shows
};
BOOST_DESCRIBE_STRUCT(AuditRecord,
                      (),
                      (at, node, by, from, request_id, command, target, outcome, previous))

/// Append-only file of what operators changed: <data_dir>/audit.jsonl, mode 0600, JSON lines, on
/// disk before it returns. Any thread may call.
class AuditLog {
public:
  /// @returns IO_ERROR where the file cannot be opened for appending
  [[nodiscard]] static core::Result<std::unique_ptr<AuditLog>> open(const std::string& data_dir);
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  /// Appends; fills in `previous`. @returns IO_ERROR where it cannot be written
  core::Result<void> append(AuditRecord record);

private:
  AuditLog(int file, std::string previous) : file_(file), previous_(std::move(previous)) {}
  std::mutex mutex_;
  int file_;
  std::string previous_;
};

} // namespace troupe::api
