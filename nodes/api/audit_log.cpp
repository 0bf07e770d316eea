#include "nodes/api/audit_log.hpp"

#include "core/json.hpp"
#include "net/auth.hpp"

#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <system_error>
#include <unistd.h>

namespace troupe::api {

namespace audit {

core::Error failure(const std::string& what) {
  return {core::Errc::IO_ERROR,
          "audit file: " + what + ": " + std::generic_category().message(errno)};
}

std::string hash_of_last_line(const std::string& path) {
  std::ifstream in{path};
  std::string last;
  for (std::string line; std::getline(in, line);) {
    last = std::move(line);
  }
  return last.empty() ? std::string{} : net::sha256_hex(last);
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(file, text.data(), text.size());
    if (written < 0 && errno != EINTR) {
      return false;
    }
    text.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
  }
  return true;
}

} // namespace audit

core::Result<std::unique_ptr<AuditLog>> AuditLog::open(const std::string& data_dir) {
  const auto path = data_dir + "/audit.jsonl";
  const int file = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    return audit::failure("cannot open " + path);
  }
  return std::unique_ptr<AuditLog>{new AuditLog(file, audit::hash_of_last_line(path))};
}

AuditLog::~AuditLog() {
  ::close(file_);
}

core::Result<void> AuditLog::append(AuditRecord record) {
  const std::lock_guard lock{mutex_};
  record.previous = previous_;
  const auto line = core::json::encode(record);
  if (!audit::write_all(file_, line + '\n') || ::fdatasync(file_) != 0) {
    return audit::failure("cannot write");
  }
  previous_ = net::sha256_hex(line);
  return {};
}

} // namespace troupe::api
