#pragma once

#include "actors/venues/replay/columns.hpp"
#include "actors/venues/replay/line_reader.hpp"
#include "trading/bar.hpp"
#include "trading/trade.hpp"

#include <variant>
#include <vector>

namespace troupe::venues::replay {

/// Lines held back so that lines out of order by less than this come out in order.
inline constexpr std::size_t lookahead_lines = 64;
/// Refused lines whose errors are kept.
inline constexpr std::size_t errors_kept = 100;
/// A file with more refused lines than this is not what it was taken for: reading it fails.
inline constexpr std::uint64_t refused_lines_max = 100;
/// Lines read ahead to measure the spacing of bars.
inline constexpr std::size_t probe_lines = 1000;

struct RecordedBar {
  trading::InstrumentId instrument;
  trading::Interval interval;
  trading::Bar bar; ///< final

  friend bool operator==(const RecordedBar&, const RecordedBar&) = default;
};

/// One line of a recording, with the time at which it is replayed: a trade's ts_event, a bar's
/// ts_close (before that its content was not known).
struct Record {
  core::Timestamp at;
  std::uint64_t line = 0;
  std::variant<trading::Trade, RecordedBar> content;

  friend bool operator==(const Record&, const Record&) = default;
};

/// A recording of trades or bars of one instrument, in the order of time.
/// A line that cannot be read exactly (or is no sane trade or bar) is refused: counted, and its
/// error kept; the lines around it stand. So is a line older than what was returned already, beyond
/// the look-ahead, and a second bar of the same time.
class RecordReader {
public:
  /// Opens a file and infers what its settings leave out.
  /// @param venue  qualifies an instrument that has no venue
  /// @returns      IO_ERROR; INVALID_ARGUMENT that says what could not be inferred or contradicts
  [[nodiscard]] static core::Result<RecordReader> open(const ReplayFile& file,
                                                       const std::string& venue);

  /// The next record; nothing at the end.
  /// @returns IO_ERROR for a damaged file, INVALID_ARGUMENT for too many refused lines; the same
  ///          error again from then on
  [[nodiscard]] core::Result<std::optional<Record>> next();

  /// What is replayed: the settings with everything filled in.
  [[nodiscard]] const ReplayFile& file() const { return file_; }
  /// Lines refused so far, and the first errors_kept reasons, "FILE:LINE: expected .., found ..".
  [[nodiscard]] std::uint64_t refused() const { return refused_; }
  [[nodiscard]] const std::vector<std::string>& errors() const { return errors_; }
  /// Share of the file consumed, 0 .. 1, look-ahead included.
  [[nodiscard]] double progress() const;

private:
  RecordReader(ReplayFile file, LineReader lines, Columns columns);
  [[nodiscard]] core::Result<bool> read_one();
  [[nodiscard]] core::Result<void> refuse(std::uint64_t line, const std::string& reason);
  [[nodiscard]] core::Result<Record> parse(std::string_view line);
  [[nodiscard]] core::Result<Record> parse_trade(const TradeColumns& columns);
  [[nodiscard]] core::Result<Record> parse_bar(const BarColumns& columns);

  ReplayFile file_;
  LineReader lines_;
  Columns columns_;
  std::vector<std::string_view> cells_;
  std::vector<Record> ahead_; ///< a heap, earliest first
  std::optional<core::Timestamp> returned_;
  std::optional<core::Error> failed_;
  std::uint64_t trades_numbered_ = 0;
  std::uint64_t refused_ = 0;
  std::vector<std::string> errors_;
  bool at_end_ = false;
};

} // namespace troupe::venues::replay
