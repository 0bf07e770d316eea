#pragma once

#include "actors/regime/settings.hpp"
#include "messages/market_data.hpp"
#include "supervision/supervisor.hpp"

#include <memory>

namespace troupe::regime {

/// The child that keeps the regimes of one symbol, on every interval of the settings.
/// Answers GetRegime; takes BarClosed, InstrumentStatusBeat of the primary venue, and TopicGap,
/// which the front passes on. Its state is rebuilt from history at every start.
/// @param beat  the newest one of the symbol's primary venue
[[nodiscard]] supervision::ChildSpec instrument(std::shared_ptr<const Settings> settings,
                                                const messages::InstrumentStatusBeat& beat);

} // namespace troupe::regime
