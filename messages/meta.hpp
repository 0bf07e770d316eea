#pragma once

#include "core/inspect.hpp"
#include "core/time.hpp"
#include "trading/enums.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::messages {

using core::inspect;

/// What a computed value was computed from, and how old that was.
struct Input {
  std::string name; ///< such as "bars BTC-USD 1h"
  core::Timestamp as_of;
  trading::Quality quality = trading::Quality::live;
};
BOOST_DESCRIBE_STRUCT(Input, (), (name, as_of, quality))

/// What every reply says about itself.
struct Meta {
  core::Timestamp as_of; ///< of the newest datum in the reply
  trading::Quality quality = trading::Quality::live;
  std::optional<std::string> source;  ///< feed, history, cache
  std::optional<std::int64_t> age_ms; ///< of the datum when the reply was made
  std::optional<std::string> method;  ///< how a computed value was computed
  std::optional<std::uint64_t> n_obs; ///< observations behind a computed value
  std::optional<std::vector<Input>> inputs;
  std::optional<std::string> next_cursor; ///< where the next page of a list begins
  std::optional<bool> has_more;
};
BOOST_DESCRIBE_STRUCT(
  Meta, (), (as_of, quality, source, age_ms, method, n_obs, inputs, next_cursor, has_more))

} // namespace troupe::messages
