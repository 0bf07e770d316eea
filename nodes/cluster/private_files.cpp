#include "nodes/cluster/private_files.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::cluster::private_files {

namespace {

constexpr std::size_t file_bytes_max = 1U << 20U;

core::Error io_error(const std::string& what, const std::string& path) {
  return {core::Errc::IO_ERROR, what + ' ' + path + ": " + std::strerror(errno)};
}

class Descriptor {
public:
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value_ >= 0) {
      ::close(value_);
    }
  }
  [[nodiscard]] int get() const { return value_; }
  [[nodiscard]] int release() { return std::exchange(value_, -1); }

private:
  int value_;
};

core::Result<std::string> read_descriptor(int descriptor, const std::string& path) {
  std::string out;
  char buffer[4096];
  for (;;) {
    const auto n = ::read(descriptor, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n < 0) {
      return io_error("cannot read", path);
    }
    if (n == 0) {
      return out;
    }
    out.append(buffer, static_cast<std::size_t>(n));
    if (out.size() > file_bytes_max) {
      return core::Error{core::Errc::IO_ERROR, path + ": expected at most 1 MiB, found more"};
    }
  }
}

} // namespace

Lock::~Lock() {
  if (descriptor_ >= 0) {
    ::close(descriptor_); // gives up the lock with it
  }
}

core::Result<void> make_directory(const std::string& path) {
  std::error_code failed;
  const auto parent = std::filesystem::path(path).parent_path();
  if (!parent.empty()) {
    std::filesystem::create_directories(parent, failed);
  }
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return io_error("cannot make", path);
  }
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) {
    return io_error("cannot look at", path);
  }
  if (!S_ISDIR(found.st_mode) || found.st_uid != ::geteuid() || (found.st_mode & 077U) != 0) {
    return core::Error{core::Errc::IO_ERROR,
                       path + ": expected a directory of our own with mode 0700, found another"};
  }
  return {};
}

core::Result<Lock> lock(const std::string& path) {
  Descriptor file{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (file.get() < 0) {
    return io_error("cannot open", path);
  }
  while (::flock(file.get(), LOCK_EX) != 0) {
    if (errno != EINTR) {
      return io_error("cannot lock", path);
    }
  }
  return Lock{file.release()};
}

bool exists(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0;
}

core::Result<void> write(const std::string& path, const std::string& text) {
  const auto temporary = path + ".new";
  {
    const Descriptor file{
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (file.get() < 0) {
      return io_error("cannot open", temporary);
    }
    std::size_t done = 0;
    while (done < text.size()) {
      const auto n = ::write(file.get(), text.data() + done, text.size() - done);
      if (n < 0 && errno != EINTR) {
        return io_error("cannot write", temporary);
      }
      done += n > 0 ? static_cast<std::size_t>(n) : 0;
    }
    if (::fsync(file.get()) != 0) {
      return io_error("cannot write", temporary);
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    return io_error("cannot replace", path);
  }
  return {};
}

core::Result<std::string> read(const std::string& path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  struct stat found {};
  if (file.get() < 0 || ::fstat(file.get(), &found) != 0) {
    return io_error("cannot open", path);
  }
  if (found.st_uid != ::geteuid() || (found.st_mode & 077U) != 0) {
    return core::Error{core::Errc::IO_ERROR,
                       path + ": expected a file of our own with mode 0600, found another"};
  }
  return read_descriptor(file.get(), path);
}

core::Result<std::string> read_any(const std::string& path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.get() < 0) {
    return io_error("cannot open", path);
  }
  return read_descriptor(file.get(), path);
}

} // namespace troupe::cluster::private_files
