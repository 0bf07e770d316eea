#pragma once

#include "core/errc.hpp"

#include <string>

namespace troupe::node {

/// A node's data directory, held by one process at a time.
class DataDir {
public:
  /// Makes the directory (mode 0700) where it is missing and locks it until this object ends or the
  /// process dies.
  /// @returns CONFIG_INVALID where it cannot be made or another node holds it
  [[nodiscard]] static core::Result<DataDir> open(const std::string& path);
  ~DataDir();
  DataDir(DataDir&& other) noexcept;
  DataDir& operator=(DataDir&& other) noexcept;

private:
  explicit DataDir(int lock) : lock_(lock) {}
  int lock_ = -1;
};

} // namespace troupe::node
