#include "nodes/node/data_dir.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace troupe::node {

namespace {

core::Error
refused(const std::string& path, const std::string& expected, const std::string& found) {
  return {core::Errc::CONFIG_INVALID,
          "node.data_dir " + path + ": expected " + expected + ", found " + found};
}

} // namespace

core::Result<DataDir> DataDir::open(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) {
    std::filesystem::create_directories(path, error);
    if (error) {
      return refused(path, "a directory or a place for one", error.message());
    }
    std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  }
  const auto file = path + "/lock";
  const int lock = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) {
    return refused(path, "a writable directory", std::generic_category().message(errno));
  }
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    ::close(lock);
    return refused(path, "a directory that no other node uses", "one in use");
  }
  return DataDir{lock};
}

DataDir::~DataDir() {
  if (lock_ >= 0) {
    ::close(lock_);
  }
}

DataDir::DataDir(DataDir&& other) noexcept : lock_(std::exchange(other.lock_, -1)) {}

DataDir& DataDir::operator=(DataDir&& other) noexcept {
  std::swap(lock_, other.lock_);
  return *this;
}

} // namespace troupe::node
