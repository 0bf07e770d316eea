#pragma once

#include "core/describe.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::api {

struct ThreadFigures {
  std::int64_t id = 0; ///< the kernel's
  std::string name;
  double cpu_s = 0.0; ///< user and system, since its start
};
BOOST_DESCRIBE_STRUCT(ThreadFigures, (), (id, name, cpu_s))

/// What the kernel says of this process.
struct ProcessFigures {
  std::uint64_t rss_bytes = 0;
  double cpu_s = 0.0; ///< user and system, all threads, since the start
  std::uint32_t open_fds = 0;
  std::vector<ThreadFigures> threads;
};
BOOST_DESCRIBE_STRUCT(ProcessFigures, (), (rss_bytes, cpu_s, open_fds, threads))

/// Reads /proc/self; what cannot be read is 0.
[[nodiscard]] ProcessFigures read_process();
/// The resident memory alone: cheap.
[[nodiscard]] std::uint64_t read_rss_bytes();

} // namespace troupe::api
