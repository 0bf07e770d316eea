#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

/// What the programs of this folder share: medians, and the rows that bench/run reads.
namespace troupe::bench {

[[nodiscard]] inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Processor time of this thread: what a single-threaded figure is measured in, for other load on
/// the machine to count as little as possible.
[[nodiscard]] inline std::int64_t thread_cpu_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

/// Prints a figure: what, ours, unit, beside, theirs, ratio, note, with tabs between; bench/run
/// splits such a line, and shows any other as a remark.
inline void
print_row(const std::string& what, double ours, const char* unit, const std::string& note = {}) {
  std::printf("%s\t%.6g\t%s\t\t\t\t%s\n", what.c_str(), ours, unit, note.c_str());
}

/// The same with what stood beside it in the same run.
inline void print_row(const std::string& what,
                      double ours,
                      const char* unit,
                      const char* beside,
                      double theirs,
                      double ratio,
                      const std::string& note = {}) {
  std::printf("%s\t%.6g\t%s\t%s\t%.6g\t%.4g\t%s\n", what.c_str(), ours, unit, beside, theirs, ratio,
              note.c_str());
}

} // namespace troupe::bench
