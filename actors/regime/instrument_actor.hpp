#pragma once

#include "actors/regime/parts.hpp"
#include "actors/regime/settings.hpp"
#include "messages/market_data.hpp"
#include "supervision/supervisor.hpp"

#include <memory>

namespace troupe::regime {

/// The child that keeps the regimes of one symbol, on every interval of the settings, and its
/// fitted models. Answers the requests of RegimeRequests that name one symbol; takes BarClosed,
/// InstrumentStatusBeat of the primary venue, and TopicGap, which the front passes on, and
/// RegimeModelsStored of other nodes. Its state is rebuilt at every start: bars from history,
/// models from the store.
/// @param beat  the newest one of the symbol's primary venue
[[nodiscard]] supervision::ChildSpec instrument(std::shared_ptr<const Settings> settings,
                                                Parts parts,
                                                const messages::InstrumentStatusBeat& beat);

} // namespace troupe::regime
