#pragma once

#include "core/errc.hpp"
#include "trading/bar.hpp"
#include "trading/instrument.hpp"
#include "trading/interval.hpp"

#include <string>
#include <vector>

namespace troupe::market_report {

/// The bars of one recorded file.
struct Recording {
  trading::InstrumentId instrument; ///< unqualified
  trading::Interval interval;
  std::vector<trading::Bar> bars; ///< ascending, final
};

/// Reads every file of bars (CSV, plain or .gz) of a folder, ascending by instrument; what the
/// files hold is told by their names and columns.
/// @returns IO_ERROR, INVALID_ARGUMENT: an empty folder, a file that cannot be read or holds lines
///          that cannot be
[[nodiscard]] core::Result<std::vector<Recording>> read_recordings(const std::string& folder);

} // namespace troupe::market_report
