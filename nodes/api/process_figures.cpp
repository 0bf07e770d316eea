#include "nodes/api/process_figures.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/resource.h>
#include <unistd.h>

namespace troupe::api {

namespace process {

namespace fs = std::filesystem;

/// CPU seconds out of a "stat" file: fields 14 and 15, counted after the name in parentheses, which
/// may hold spaces itself.
double cpu_seconds(const fs::path& stat, double ticks_per_s) {
  std::ifstream in{stat};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) {
    return 0.0;
  }
  std::istringstream rest{text.substr(name_end + 1)};
  std::string skipped;
  constexpr int fields_before_utime = 11; // state ... cmajflt
  for (int i = 0; i < fields_before_utime; ++i) {
    rest >> skipped;
  }
  double user = 0.0;
  double system = 0.0;
  rest >> user >> system;
  return (user + system) / ticks_per_s;
}

std::string line_of(const fs::path& file) {
  std::ifstream in{file};
  std::string line;
  std::getline(in, line);
  return line;
}

std::vector<ThreadFigures> threads() {
  const auto ticks_per_s = static_cast<double>(::sysconf(_SC_CLK_TCK));
  std::vector<ThreadFigures> all;
  std::error_code error;
  for (fs::directory_iterator at{"/proc/self/task", error}, end; !error && at != end;
       at.increment(error)) {
    auto name = line_of(at->path() / "comm");
    if (!name.empty()) { // else it ended meanwhile
      all.push_back({std::strtoll(at->path().filename().c_str(), nullptr, 10), std::move(name),
                     cpu_seconds(at->path() / "stat", ticks_per_s)});
    }
  }
  return all;
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

} // namespace process

std::uint64_t read_rss_bytes() {
  std::ifstream in{"/proc/self/statm"};
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  in >> total >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

ProcessFigures read_process() {
  ProcessFigures figures;
  figures.rss_bytes = read_rss_bytes();
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  figures.cpu_s = process::seconds(usage.ru_utime) + process::seconds(usage.ru_stime);
  std::error_code error;
  for (process::fs::directory_iterator at{"/proc/self/fd", error}, end; !error && at != end;
       at.increment(error)) {
    ++figures.open_fds;
  }
  figures.threads = process::threads();
  return figures;
}

} // namespace troupe::api
