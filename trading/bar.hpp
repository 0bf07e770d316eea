#pragma once

#include "core/time.hpp"
#include "trading/interval.hpp"
#include "trading/values.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>

namespace troupe::trading {

/// What traded in one interval of event time.
struct Bar {
  core::Timestamp ts_open;  ///< inclusive
  core::Timestamp ts_close; ///< exclusive: ts_open + interval
  Price open;
  Price high;
  Price low;
  Price close;
  Quantity volume;
  std::uint64_t trades = 0;
  bool final = false; ///< closed: never changes again
  /// True where trades of it are known to be missing and were not made good; else absent.
  std::optional<bool> incomplete;

  friend bool operator==(const Bar&, const Bar&) = default;
};
BOOST_DESCRIBE_STRUCT(
  Bar, (), (ts_open, ts_close, open, high, low, close, volume, trades, final, incomplete))

} // namespace troupe::trading
