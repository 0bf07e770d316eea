#pragma once

#include "actors/regime/parts.hpp"
#include "actors/regime/settings.hpp"
#include "messages/market_data.hpp"
#include "supervision/supervisor.hpp"

#include <caf/type_id.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace troupe::regime {

/// To the front: all intervals have the history they start from, or know that there is none.
struct InstrumentLoaded {
  std::string symbol;
};

/// The child that keeps the regimes of one symbol, on every interval of the settings, and its
/// fitted models. Answers the requests of RegimeRequests that name one symbol; takes BarClosed,
/// InstrumentStatusBeat of the primary venue, and TopicGap, which the front passes on, and
/// RegimeModelsStored of other nodes. Its state is rebuilt at every start: models and what was said
/// by them from the store, bars from history. Tells the front InstrumentLoaded.
/// @param beat  the newest one of the symbol's primary venue
/// @param heard_at  when, by the actor clock
[[nodiscard]] supervision::ChildSpec instrument(std::shared_ptr<const Settings> settings,
                                                Parts parts,
                                                const messages::InstrumentStatusBeat& beat,
                                                std::chrono::nanoseconds heard_at);

} // namespace troupe::regime

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::regime::InstrumentLoaded)
