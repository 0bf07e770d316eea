#pragma once

#include "actors/correlation/panel.hpp"
#include "actors/correlation/settings.hpp"
#include "supervision/supervisor.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <memory>

/// The child that gathers closes; what it is asked is local to the node.
namespace troupe::correlation {

/// Half-open to the left: closes in (start, end].
struct CloseRange {
  core::Timestamp start;
  core::Timestamp end;
};

struct Gathered {
  std::shared_ptr<const std::vector<SeriesInput>> series; ///< in the order asked for
  core::Timestamp now;                                    ///< the newest word of the sources' clock
};

/// The newest `closes` of each instrument, or those of a range.
/// Errors: UNKNOWN_SYMBOL, NOT_READY while no instrument was heard of, OVERLOADED, INVALID_ARGUMENT
/// for more than `symbols_max` of them. History that does not answer is no error: the input says
/// so.
struct GatherCloses {
  using Reply = Gathered;
  std::vector<trading::InstrumentId> symbols; ///< none: the primary one of every symbol
  trading::Interval interval;
  std::uint32_t closes = 0;
  std::optional<CloseRange> range;
};

/// What is known of the instruments by now.
struct Heard {
  std::vector<trading::InstrumentId> symbols; ///< unqualified, ascending
  std::vector<trading::InstrumentId> listed;  ///< of every venue, qualified
  trading::Quality quality = trading::Quality::live;
  core::Timestamp now;
};
struct HearInstruments {
  using Reply = Heard;
};

/// Knows the instruments by their beats, keeps the closes that were asked for current by the bars
/// on the bus, and asks the market-data service for what it lacks, `page_asks_max` pages at a time.
/// State: copies; after a restart it is empty and fills again.
[[nodiscard]] supervision::ChildSpec series(std::shared_ptr<const Settings> settings);

} // namespace troupe::correlation

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::correlation::GatherCloses)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::correlation::Gathered)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::correlation::HearInstruments)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::correlation::Heard)
