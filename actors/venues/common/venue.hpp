#pragma once

#include "core/clock.hpp"
#include "core/duration.hpp"
#include "core/json.hpp"
#include "supervision/supervisor.hpp"
#include "trading/instrument.hpp"

#include <memory>
#include <string>
#include <vector>

namespace troupe::venues {

/// A configured venue: what it lists and the supervised actors that talk to it. Below the venue's
/// supervisor, the child "feed" takes FeedSubscribe, FeedUnsubscribe and FeedAck; the child
/// "history", where has_history says there is one, answers FetchBars.
struct Venue {
  std::string name;
  std::string kind;
  std::vector<trading::Instrument> instruments;
  supervision::SupervisorSpec supervisor; ///< named after the venue
  bool has_history = false;
  core::Duration stale_after; ///< without news for longer, an instrument is STALE
  bool live_trades = true;    ///< happen now, and are worth recording; false: they are records
  bool contiguous_trade_ids = false; ///< an instrument's trades are counted without a gap
};

/// What every element of `venues` starts with; the rest is read by its kind.
struct VenueHeader {
  std::string name;
  std::string kind;
};

/// Reads the common head of a venue's settings; adds what is wrong to `decoder`.
[[nodiscard]] VenueHeader read_header(core::json::View settings, core::json::Decoder& decoder);

} // namespace troupe::venues
