#include "nodes/market_report/recordings.hpp"

#include "actors/venues/replay/record_reader.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace troupe::market_report {

namespace {

using core::Errc;
using core::Error;

core::Result<Recording> read_recording(const std::string& path) {
  auto reader = venues::replay::RecordReader::open({.path = path}, "RECORDED");
  if (!reader) {
    return reader.error();
  }
  Recording out;
  for (;;) {
    auto record = reader->next();
    if (!record) {
      return record.error();
    }
    if (!*record) {
      break;
    }
    const auto* const found = std::get_if<venues::replay::RecordedBar>(&(*record)->content);
    if (found == nullptr) {
      return Error{Errc::INVALID_ARGUMENT, path + ": expected bars, found trades"};
    }
    out.instrument = {found->instrument.symbol, {}};
    out.interval = found->interval;
    out.bars.push_back(found->bar);
  }
  if (reader->refused() > 0) {
    return Error{Errc::INVALID_ARGUMENT, reader->errors().front()};
  }
  if (out.bars.empty()) {
    return Error{Errc::INVALID_ARGUMENT, path + ": expected bars, found none"};
  }
  return out;
}

} // namespace

core::Result<std::vector<Recording>> read_recordings(const std::string& folder) {
  std::error_code failed;
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator{folder, failed}) {
    if (entry.is_regular_file()) {
      paths.push_back(entry.path().string());
    }
  }
  if (failed) {
    return Error{Errc::IO_ERROR, folder + ": " + failed.message()};
  }
  if (paths.empty()) {
    return Error{Errc::IO_ERROR, folder + ": expected files of bars, found none"};
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Recording> out;
  for (const auto& path : paths) {
    auto recording = read_recording(path);
    if (!recording) {
      return recording.error();
    }
    out.push_back(std::move(*recording));
  }
  std::sort(out.begin(), out.end(), [](const Recording& a, const Recording& b) {
    return a.instrument.symbol < b.instrument.symbol;
  });
  return out;
}

} // namespace troupe::market_report
