#pragma once

#include "core/json.hpp"
#include "trading/instrument.hpp"
#include "trading/interval.hpp"

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <optional>
#include <string>
#include <vector>

namespace troupe::venues::replay {

/// What a file holds. Lower case because settings carry it so.
BOOST_DEFINE_FIXED_ENUM_CLASS(RecordType, std::uint8_t, trades, bars)

/// One recorded file; what is absent is inferred from its name, its folder and its columns.
struct ReplayFile {
  std::string path = {}; ///< CSV with a header, plain or gzipped
  std::optional<trading::InstrumentId> instrument = {};
  std::optional<RecordType> type = {};
  std::optional<trading::Interval> interval = {}; ///< of bars

  friend bool operator==(const ReplayFile&, const ReplayFile&) = default;
};
BOOST_DESCRIBE_STRUCT(ReplayFile, (), (path, instrument, type, interval))

/// The `replay` venue.
struct ReplaySettings {
  std::string name = "REPLAY";
  std::string kind = "replay";
  double speed = 0.0; ///< 0: as fast as possible, 1: real time, N: N times that
  std::vector<ReplayFile> files;

  friend bool operator==(const ReplaySettings&, const ReplaySettings&) = default;
};
BOOST_DESCRIBE_STRUCT(ReplaySettings, (), (name, kind, speed, files))

inline constexpr std::size_t files_max = 1000;
inline constexpr double speed_max = 1e6;

/// What is wrong with the meaning of settings; paths are relative to the venue's object.
[[nodiscard]] std::vector<core::json::Problem> check(const ReplaySettings& settings);

} // namespace troupe::venues::replay
