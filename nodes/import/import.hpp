#pragma once

#include "actors/storage/history.hpp"
#include "actors/venues/replay/settings.hpp"
#include "core/describe.hpp"

#include <functional>
#include <string>
#include <vector>

namespace troupe::import {

/// What to read and whose it is.
struct ImportOptions {
  std::string venue; ///< qualifies instruments that have no venue
  /// Of the bars that are made of imported trades; empty: none.
  std::vector<trading::Interval> intervals;
  std::size_t batch_rows = 10'000; ///< per write; 1 .. storage::rows_max
};

/// What became of one file.
struct ImportReport {
  std::string path;
  std::string instrument;          ///< qualified; empty where the file did not open
  std::string content;             ///< "trades" or "bars 1h"
  std::uint64_t rows = 0;          ///< good ones
  std::uint64_t stored = 0;        ///< of these, those that the history did not have as they are
  std::uint64_t bars_made = 0;     ///< of imported trades: those that the history did not have
  std::uint64_t refused = 0;       ///< lines that could not be read exactly
  std::vector<std::string> errors; ///< "FILE:LINE: expected ..., found ...", the first of them
  std::string failure;             ///< why it ended before the end of the file; empty: it did not
};
BOOST_DESCRIBE_STRUCT(
  ImportReport, (), (path, instrument, content, rows, stored, bars_made, refused, errors, failure))

/// Told after every write: the share of the file that was read, 0 .. 1, and the rows so far.
using Progress = std::function<void(double fraction, std::uint64_t rows)>;

/// Reads a CSV of trades or bars (plain or gzipped; what its settings leave out is inferred) into
/// the history. Rows that are there already are left or corrected, so that a file may be imported
/// any number of times. A line that cannot be read exactly is refused and named; the lines around
/// it stand. Trades make bars of the intervals asked for; the first and the last of each are left
/// out, since trades of theirs may be in other files.
/// What was written before a failure stays.
[[nodiscard]] ImportReport import_file(storage::HistoryStore& store,
                                       const venues::replay::ReplayFile& file,
                                       const ImportOptions& options,
                                       const Progress& progress);

} // namespace troupe::import
