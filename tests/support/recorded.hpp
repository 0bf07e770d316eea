#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>
#include <zlib.h>

/// Recorded data that lies beside the project, where it is at hand.
namespace test {

inline std::string recorded_path(const std::string& name) {
  return std::string{TROUPE_SOURCE_DIR "/../shared/data/"} + name;
}

/// Says so where it is not there.
inline bool have_recorded(const std::string& name) {
  if (std::filesystem::exists(recorded_path(name))) {
    return true;
  }
  MESSAGE("skipped, not at hand: " << name);
  return false;
}

/// The lines of a plain or gzipped file.
inline std::vector<std::string> recorded_lines(const std::string& name) {
  std::vector<std::string> lines;
  gzFile file = gzopen(recorded_path(name).c_str(), "rb");
  REQUIRE(file != nullptr);
  std::string text;
  std::vector<char> chunk(1 << 20);
  for (int n = 0; (n = gzread(file, chunk.data(), static_cast<unsigned>(chunk.size()))) > 0;) {
    text.append(chunk.data(), static_cast<std::size_t>(n));
  }
  gzclose(file);
  std::size_t at = 0;
  while (at < text.size()) {
    const auto end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

inline std::vector<std::string> split(std::string_view line, char separator) {
  std::vector<std::string> parts;
  std::size_t at = 0;
  while (at <= line.size()) {
    const auto end = std::min(line.find(separator, at), line.size());
    parts.emplace_back(line.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

} // namespace test
