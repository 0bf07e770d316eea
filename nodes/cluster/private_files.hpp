#pragma once

#include "core/errc.hpp"

#include <string>

/// Files that only their owner may read.
namespace troupe::cluster::private_files {

/// Holds an exclusive lock on a file for as long as it lives.
class Lock {
public:
  explicit Lock(int descriptor) : descriptor_(descriptor) {}
  Lock(Lock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Lock& operator=(Lock&&) = delete;
  ~Lock();

private:
  int descriptor_;
};

/// Makes the directory and its parents (mode 0700); one that is there must be ours, closed to
/// others.
[[nodiscard]] core::Result<void> make_directory(const std::string& path);

/// Waits for an exclusive lock; processes and threads alike exclude each other.
[[nodiscard]] core::Result<Lock> lock(const std::string& path);

[[nodiscard]] bool exists(const std::string& path);

/// Replaces the file as a whole (mode 0600): a reader sees the old or the new, on disk too.
[[nodiscard]] core::Result<void> write(const std::string& path, const std::string& text);

/// @returns IO_ERROR also where others than the owner may read it
[[nodiscard]] core::Result<std::string> read(const std::string& path);

/// Reads a file whoever may read it, at most 1 MiB.
[[nodiscard]] core::Result<std::string> read_any(const std::string& path);

} // namespace troupe::cluster::private_files
