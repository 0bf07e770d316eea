#pragma once

#include "actors/venues/replay/record_reader.hpp"

namespace troupe::venues::replay {

/// A record and which file it is from.
struct ReplayEvent {
  std::size_t file = 0; ///< position in the settings
  Record record;

  friend bool operator==(const ReplayEvent&, const ReplayEvent&) = default;
};

struct FileProgress {
  std::string path;
  double fraction = 0.0; ///< of the file's bytes, 0 .. 1
  std::uint64_t events = 0;
  std::uint64_t refused = 0;
  std::vector<std::string> errors; ///< the first of the refused lines
};

/// All files of a replay as one stream in the order of time; at equal times in the order of the
/// settings. Memory is bounded by files times look-ahead.
/// @cost  O(log lookahead + files) per event
class ReplayMerge {
public:
  /// Opens every file.
  /// @returns the first error that RecordReader::open gives; INVALID_ARGUMENT for bad settings
  [[nodiscard]] static core::Result<ReplayMerge> open(const ReplaySettings& settings);

  /// Starts anew from the beginning of every file.
  [[nodiscard]] core::Result<void> restart();

  /// Appends up to `count` events to `out`; nothing appended means the end.
  /// @returns what RecordReader::next gives; events before the failure have been appended
  [[nodiscard]] core::Result<void> next(std::size_t count, std::vector<ReplayEvent>& out);

  /// Time of the next event; nothing at the end (or where the next is an error).
  [[nodiscard]] std::optional<core::Timestamp> next_at() const;

  [[nodiscard]] std::vector<FileProgress> progress() const;
  /// Share of all files' bytes consumed, 0 .. 1, each file counting the same.
  [[nodiscard]] double fraction() const;

private:
  struct Source {
    RecordReader reader;
    std::optional<Record> head;
    std::uint64_t events = 0;
  };
  explicit ReplayMerge(ReplaySettings settings) : settings_(std::move(settings)) {}
  [[nodiscard]] const Source* earliest() const;

  ReplaySettings settings_;
  std::vector<Source> sources_;
  std::optional<core::Error> failed_;
};

} // namespace troupe::venues::replay
